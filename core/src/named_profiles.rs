//! Named profiles in `~/.aws/config` and `~/.aws/credentials`: leapp's own block in a file that is the person's.
//!
//! Pure: bytes in, bytes out. The files are not only leapp's: every byte outside the block stays as it is, also where
//! it is no UTF-8, or no valid file at all. What stands in the way of a profile of the block is set aside as comments,
//! line by line, and comes back with the block's end.

mod block;
mod diff;
mod quoting;
mod sections;

pub use block::{Profile, Refused, Restored};
pub use diff::diff;
pub use quoting::command_line;
pub use sections::{Section, sections};

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `~/.aws/config`, in which a profile is `[profile NAME]`, or `[default]`.
    Config,
    /// `~/.aws/credentials`, in which it is `[NAME]`.
    Credentials,
}

impl Kind {
    /// The command that writes the block, by which its marks call it.
    fn verb(self) -> &'static str {
        match self {
            Self::Config => "leapp profile sync",
            Self::Credentials => "leapp profile write",
        }
    }
}

/// The profiles that run `leapp session generate ID`, as the Leapp desktop app wrote them into `~/.aws/config`.
pub fn that_ask_for(text: &[u8], id: &str) -> Vec<String> {
    let ending = ["session", "generate", id];
    let asks = |section: &Section| {
        section.settings(text).any(|(key, value)| {
            let words = shell_words::split(&value).unwrap_or_default();
            key == "credential_process" && words.ends_with(&ending.map(str::to_owned))
        })
    };
    sections(text, Kind::Config).into_iter().filter(asks).filter_map(|section| section.profile).collect()
}

#[cfg(test)]
mod tests;
