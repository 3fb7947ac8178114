//! Which `.leapp` files the person allowed, and for which session.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::DirectoryFile;
use crate::{
    context::Context,
    digest::Digest,
    error::{Error, Result},
    files::{self, Durability},
    session::{Alias, Session},
};

/// The longest record: a path of 4,096 bytes, written as JSON.
const MAX_RECORD: u64 = 64 << 10;

/// The person's word on a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The file, without symlinks.
    pub(crate) path: String,
    /// The session that it may switch to; none where it may switch to none.
    pub(crate) session: Option<String>,
    /// What that session stood for then; none where a leapp wrote it that did not note that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stands_for: Option<String>,
}

/// What the person said about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It may switch to the session that it names.
    Allowed,
    /// It may switch to no session.
    Denied,
    /// Nothing, or something about another session.
    Unknown,
}

impl Record {
    /// What the person said about a file that names this session of the config, where it has one of that name.
    pub(crate) fn verdict(context: &Context, file: &DirectoryFile, session: Option<&Session>) -> Verdict {
        match Self::find(context, &file.path) {
            Some(Self { session: None, .. }) => Verdict::Denied,
            Some(record) if record.allows(&file.session, session) => Verdict::Allowed,
            _ => Verdict::Unknown,
        }
    }

    /// Whether it is about that name, and the name stands for what it stood for then.
    fn allows(&self, alias: &Alias, session: Option<&Session>) -> bool {
        let stands_for = self.stands_for.as_ref().zip(session);
        self.session.as_deref() == Some(alias.as_str())
            && stands_for.is_none_or(|(then, session)| *then == session.stands_for())
    }

    fn find(context: &Context, path: &str) -> Option<Self> {
        let record = Self::read(context, &place(context, path))?;
        (record.path == path).then_some(record)
    }

    fn read(context: &Context, file: &std::path::Path) -> Option<Self> {
        let bytes = match files::read_own(file, MAX_RECORD) {
            Ok(bytes) => bytes?,
            Err(error) => {
                context.trace(|| format!("passing over {}: {error}", file.display()));
                return None;
            }
        };
        serde_json::from_slice(&bytes).ok()
    }

    /// Every record, by path.
    pub(crate) fn all(context: &Context) -> Vec<Self> {
        let mut records: Vec<Self> = files(context).filter_map(|file| Self::read(context, &file)).collect();
        records.sort_by(|a, b| a.path.cmp(&b.path));
        records
    }

    /// Forgets that files may switch to these sessions: the person's word was on what the names stood for.
    ///
    /// # Errors
    /// Where a record cannot be removed; the others are.
    pub(crate) fn forget(context: &Context, is_meant: impl Fn(&str) -> bool) -> Result<()> {
        let mut trouble = Ok(());
        for file in files(context) {
            let record = Self::read(context, &file);
            if record.is_some_and(|record| record.session.is_some_and(|session| is_meant(&session)))
                && let Err(error) = files::remove(&file)
            {
                let cannot = Error::new(format!("cannot remove {}", file.display())).because(error);
                trouble = trouble.and(Err(cannot));
            }
        }
        trouble
    }

    /// Takes the person's word down: the session that the file may switch to, or none.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write(context: &Context, path: &str, session: Option<&Session>) -> Result<()> {
        let (alias, stands_for) = (session.map(|session| session.alias.to_string()), session.map(Session::stands_for));
        let record = Self { path: path.to_owned(), session: alias, stands_for };
        let file = place(context, path);
        let cannot =
            |error: &dyn std::fmt::Display| Error::new(format!("cannot write {}", file.display())).because(error);
        let bytes = serde_json::to_vec(&record).map_err(|error| cannot(&error))?;
        files::replace(&file, &bytes, Durability::Synced).map_err(|error| cannot(&error))
    }
}

fn folder(context: &Context) -> PathBuf {
    context.paths().state.join("trust")
}

/// The files of records, which are named by digests.
fn files(context: &Context) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder(context)).into_iter().flatten().flatten();
    let is_record = |name: &[u8]| name.len() == 32 && name.iter().all(u8::is_ascii_hexdigit);
    entries.filter(move |entry| is_record(entry.file_name().as_encoded_bytes())).map(|entry| entry.path())
}

fn place(context: &Context, path: &str) -> PathBuf {
    folder(context).join(Digest::of(&[path]).short())
}
