//! Keys in plain text in `~/.aws/credentials`, which a person asked for: written, remembered, taken out.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    context::{Context, pasted},
    credentials::Credentials,
    environment::rfc3339,
    error::{Error, Result},
    files::{self, Durability},
    lock::Lock,
    named_profiles::{Kind, Profile},
    profile_file::ProfileFile,
    session::Alias,
};

/// How long another run may take to change the list and the files.
const LONGEST_EDIT: Duration = Duration::from_mins(1);
/// The largest list that is read.
const MAX_BYTES: u64 = 1 << 20;

/// Before the name of a session, on the first line of its keys.
const TITLE: &str = "# keys of the session `";

/// What leapp wrote, and where: the variable that named the file may be another by the time it is taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    file: PathBuf,
    profile: String,
    session: String,
    /// None where they do not end.
    expiration: Option<i64>,
}

/// Writes a session's keys under a profile's name, if they are granted still once nobody else takes any out; gives the
/// file.
pub(crate) fn write(
    context: &Context,
    profile: &str,
    session: &Alias,
    credentials: &Credentials,
    force: bool,
    is_granted: impl FnOnce() -> Result<()>,
) -> Result<ProfileFile> {
    let _lock = lock(context)?;
    is_granted()?;
    let file = ProfileFile::here(context, Kind::Credentials);
    is_private(&file)?;
    let now = context.now().unix_timestamp();
    let record = Record {
        file: file.path.clone(),
        profile: profile.to_owned(),
        session: session.to_string(),
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
    let new = Profile { name: profile.to_owned(), lines: lines(session.as_str(), credentials) };
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

/// One run at a time changes the list and the files that it names.
fn lock(context: &Context) -> Result<Lock> {
    Lock::take(context, "static-profiles", "change the keys in ~/.aws/credentials", LONGEST_EDIT)
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
        format!("{}{end}", title(session)),
        format!("aws_access_key_id = {}", credentials.access_key_id),
        format!("aws_secret_access_key = {}", credentials.secret_access_key.expose()),
    ];
    lines.extend(credentials.session_token.as_ref().map(|token| format!("aws_session_token = {}", token.expose())));
    lines
}

/// The first line of a session's keys, up to their end.
fn title(session: &str) -> String {
    format!("{TITLE}{session}` in plain text")
}

/// The session whose keys a profile has, by their first line.
fn session_of(profile: &Profile) -> Option<&str> {
    profile.lines.first()?.strip_prefix(TITLE)?.split('`').next()
}

/// Takes out the keys of those sessions, also such as the list has lost; gives the names of their profiles.
pub(crate) fn forget(context: &Context, is_meant: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let _lock = lock(context)?;
    let records = read(context)?;
    let (mut gone, mut trouble) = (Vec::new(), Ok(()));
    let mut stay = records.clone();
    for path in files(context, &records) {
        match take_out(context, &path, &records, &is_meant) {
            Ok(names) => {
                gone.extend(names);
                stay.retain(|record| record.file != path || !is_meant(&record.session));
            }
            // One that leapp never wrote to may be anything.
            Err(error) if records.iter().all(|record| record.file != path) => context.trace(|| error.sentence()),
            Err(error) => trouble = trouble.and(Err(error)),
        }
    }
    if stay.len() < records.len() {
        keep(context, &stay)?;
    }
    trouble.map(|()| gone)
}

/// The files with keys that leapp wrote: those of the list, and the one that is read here.
fn files(context: &Context, records: &[Record]) -> BTreeSet<PathBuf> {
    let here = ProfileFile::here(context, Kind::Credentials).path;
    records.iter().map(|record| record.file.clone()).chain([here]).collect()
}

/// Takes the keys of those sessions out of a file. Whose they are says the list, else their first line.
fn take_out(
    context: &Context,
    path: &Path,
    records: &[Record],
    is_meant: impl Fn(&str) -> bool,
) -> Result<Vec<String>> {
    let is_meant = |old: &Profile| {
        let record = records.iter().find(|record| record.file == path && record.profile == old.name);
        record.map(|record| record.session.as_str()).or_else(|| session_of(old)).is_some_and(&is_meant)
    };
    let file = ProfileFile::at(context, path.to_owned(), Kind::Credentials);
    file.sweep();
    let meant: Vec<String> = file.profiles()?.into_iter().filter(is_meant).map(|profile| profile.name).collect();
    if !meant.is_empty() {
        file.change(context, false, |restored| {
            let stay = restored.profiles.iter().filter(|old| !meant.contains(&old.name)).cloned();
            restored.with_block(&stay.collect::<Vec<_>>(), false)
        })?;
    }
    Ok(meant)
}

/// Has keys be known as those of a session's new name, in the list and above them.
///
/// # Errors
/// Where the list or a file cannot be read or written.
pub(crate) fn rename(context: &Context, old: &Alias, new: &Alias) -> Result<()> {
    let _lock = lock(context)?;
    let mut records = read(context)?;
    for path in files(context, &records) {
        let file = ProfileFile::at(context, path, Kind::Credentials);
        let is_of_old = |profile: &Profile| session_of(profile) == Some(old.as_str());
        if file.profiles().is_ok_and(|profiles| profiles.iter().any(is_of_old)) {
            file.change(context, false, |restored| {
                let mut profiles = restored.profiles.clone();
                for line in profiles.iter_mut().filter_map(|profile| profile.lines.first_mut()) {
                    *line = line.replacen(&title(old.as_str()), &title(new.as_str()), 1);
                }
                restored.with_block(&profiles, false)
            })?;
        }
    }
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
