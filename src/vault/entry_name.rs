//! The names of the vault's sealed files.

use crate::session::Alias;

/// The name of a sealed file: what it is of, and which version of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName(String);

impl EntryName {
    /// A name: `owner` is an alias's file name or a host, `digest` tells its versions apart, `purpose` is a word.
    pub fn new(owner: &str, digest: &str, purpose: &str) -> Self {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "._@+-=".contains(c) { c } else { '_' };
        let owner: String = owner.chars().map(safe).take(100).collect();
        Self(format!("{owner}~{digest}.{purpose}"))
    }

    /// The name as a text; it is a file name on every file system.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in that of a file.
    pub(super) fn of_file(file: &str) -> Option<Self> {
        let (_, version) = file.split_once('~')?;
        version.contains('.').then(|| Self(file.to_owned()))
    }

    /// Whose it is.
    pub(crate) fn owner(&self) -> &str {
        self.0.split('~').next().unwrap_or_default()
    }

    /// What it is for.
    pub(crate) fn purpose(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or_default()
    }

    /// The session whose it is, where it is one's.
    pub(crate) fn alias(&self) -> Option<Alias> {
        Alias::of_file(self.owner())
    }

    /// The name of the same for another owner.
    pub(crate) fn with_owner(&self, owner: &str) -> Self {
        Self([owner, &self.0[self.owner().len()..]].concat())
    }
}
