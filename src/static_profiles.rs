//! Keys in plain text in `~/.aws/credentials`, which a person asked for: written, remembered, taken out.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    context::{Context, pasted},
    credentials::Credentials,
    environment::rfc3339,
    error::{Error, Result},
    files::{self, Durability},
    named_profiles::{Kind, Profile},
    profile_file::ProfileFile,
    session::Alias,
};

/// The largest list that is read.
const MAX_BYTES: u64 = 1 << 20;

/// What leapp wrote, and where: the variable that named the file may be another by the time it is taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    file: PathBuf,
    profile: String,
    session: String,
    /// None where they do not end.
    expiration: Option<i64>,
}

/// Writes a session's keys under a profile's name; gives the file.
pub(crate) fn write(
    context: &Context,
    profile: &str,
    session: &str,
    credentials: &Credentials,
    force: bool,
) -> Result<ProfileFile> {
    let file = ProfileFile::here(context, Kind::Credentials);
    is_private(&file)?;
    let now = context.now().unix_timestamp();
    let record = Record {
        file: file.path.clone(),
        profile: profile.to_owned(),
        session: session.to_owned(),
        expiration: credentials.expiration.map(OffsetDateTime::unix_timestamp),
    };
    let before = read(context)?;
    let is_over = |name: &str| {
        before.iter().any(|known| {
            known.file == file.path && known.profile == name && known.expiration.is_some_and(|end| end <= now)
        })
    };
    // Remembered first: nothing is written that nobody would take out.
    let mut after: Vec<Record> = before
        .iter()
        .filter(|known| known.file != record.file || (known.profile != record.profile && !is_over(&known.profile)))
        .cloned()
        .collect();
    after.push(record);
    keep(context, &after)?;
    let new = Profile { name: profile.to_owned(), lines: lines(session, credentials) };
    let written = file.change(context, false, |restored| {
        let mut profiles: Vec<Profile> =
            restored.profiles.iter().filter(|old| old.name != profile && !is_over(&old.name)).cloned().collect();
        profiles.push(new);
        restored.with_block(&profiles, force)
    });
    if let Err(error) = written {
        keep(context, &before)?;
        return Err(error);
    }
    Ok(file)
}

/// The mode of a file that is there stays; keys are no reason to change it, and none to write them for everybody.
fn is_private(file: &ProfileFile) -> Result<()> {
    let mode = fs::metadata(&file.path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(Error::new(format!("cannot write keys to {}", file.name))
            .because("others may read it")
            .hint(format!("run: chmod 600 {}", pasted(&file.name))));
    }
    Ok(())
}

fn lines(session: &str, credentials: &Credentials) -> Vec<String> {
    let end = credentials.expiration.and_then(rfc3339).map_or_else(String::new, |end| format!(", until {end}"));
    let mut lines = vec![
        format!("# keys of the session `{session}` in plain text{end}"),
        format!("aws_access_key_id = {}", credentials.access_key_id),
        format!("aws_secret_access_key = {}", credentials.secret_access_key.expose()),
    ];
    lines.extend(credentials.session_token.as_ref().map(|token| format!("aws_session_token = {}", token.expose())));
    lines
}

/// Takes out the keys of those sessions; gives the names of their profiles.
pub(crate) fn forget(context: &Context, is_meant: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let records = read(context)?;
    let (meant, mut stay): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|record| is_meant(&record.session));
    let mut by_file: BTreeMap<PathBuf, Vec<Record>> = BTreeMap::new();
    for record in meant {
        by_file.entry(record.file.clone()).or_default().push(record);
    }
    let (mut gone, mut trouble) = (Vec::new(), None);
    for (path, records) in by_file {
        match take_out(context, path, &records) {
            Ok(()) => gone.extend(records.into_iter().map(|record| record.profile)),
            Err(error) => {
                trouble = trouble.or(Some(error));
                stay.extend(records);
            }
        }
    }
    if !gone.is_empty() {
        keep(context, &stay)?;
    }
    trouble.map_or(Ok(gone), Err)
}

fn take_out(context: &Context, path: PathBuf, records: &[Record]) -> Result<()> {
    let is_meant = |old: &&Profile| records.iter().any(|record| record.profile == old.name);
    let file = ProfileFile::at(context, path, Kind::Credentials);
    let changed = file.change(context, false, |restored| {
        let profiles: Vec<Profile> = restored.profiles.iter().filter(|old| !is_meant(old)).cloned().collect();
        restored.with_block(&profiles, false)
    });
    changed.map(drop)
}

/// Remembers a session by its new name.
pub(crate) fn rename(context: &Context, old: &Alias, new: &Alias) -> Result<()> {
    let mut records = read(context)?;
    let mut renamed = records.iter_mut().filter(|record| record.session == old.as_str()).peekable();
    if renamed.peek().is_none() {
        return Ok(());
    }
    renamed.for_each(|record| new.as_str().clone_into(&mut record.session));
    keep(context, &records)
}

fn list(context: &Context) -> PathBuf {
    context.paths().state.join("static-profiles.json")
}

fn read(context: &Context) -> Result<Vec<Record>> {
    let path = list(context);
    let cannot = |why: &dyn std::fmt::Display| Error::new(format!("cannot read {}", path.display())).because(why);
    let Some(bytes) = files::read_bounded(&path, MAX_BYTES).map_err(|error| cannot(&error))? else {
        return Ok(Vec::new());
    };
    serde_json::from_slice(&bytes).map_err(|error| {
        cannot(&error).hint("it says where leapp wrote keys in plain text; look for its block in ~/.aws/credentials")
    })
}

fn keep(context: &Context, records: &[Record]) -> Result<()> {
    let path = list(context);
    let cannot = |why: &dyn std::fmt::Display| Error::new(format!("cannot write {}", path.display())).because(why);
    if records.is_empty() {
        return files::remove(&path).map_err(|error| cannot(&error));
    }
    let text = serde_json::to_vec_pretty(records).map_err(|error| cannot(&error))?;
    files::replace(&path, &text, Durability::Synced).map_err(|error| cannot(&error))
}
