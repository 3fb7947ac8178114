//! Which `.leapp` files the person allowed, and for which session.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::DirectoryFile;
use crate::{
    context::Context,
    digest::Digest,
    error::{Error, Result},
    files::{self, Durability},
    session::Alias,
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
    /// What the person said about a file.
    pub(crate) fn verdict(context: &Context, file: &DirectoryFile) -> Verdict {
        match Self::find(context, &file.path) {
            Some(Self { session: Some(session), .. }) if session == file.session.as_str() => Verdict::Allowed,
            Some(Self { session: None, .. }) => Verdict::Denied,
            _ => Verdict::Unknown,
        }
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
        let entries = fs::read_dir(folder(context)).into_iter().flatten().flatten();
        let mut records: Vec<Self> = entries.filter_map(|entry| Self::read(context, &entry.path())).collect();
        records.sort_by(|a, b| a.path.cmp(&b.path));
        records
    }

    /// Takes the person's word down: the session that the file may switch to, or none.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn write(context: &Context, path: &str, session: Option<&Alias>) -> Result<()> {
        let record = Self { path: path.to_owned(), session: session.map(ToString::to_string) };
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

fn place(context: &Context, path: &str) -> PathBuf {
    folder(context).join(Digest::of(&[path]).short())
}
