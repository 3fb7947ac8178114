//! Sessions that the person signed out by name: no hook brings them back by itself, nor what starts from them, though
//! nobody would be needed for it.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::{
    config::Config,
    context::Context,
    error::{Error, Result},
    files::{self, Durability},
    session::Alias,
};

/// Notes that a session was signed out.
///
/// # Errors
/// Where that cannot be written.
pub(crate) fn note(context: &Context, alias: &Alias) -> Result<()> {
    let file = file(context, alias);
    files::replace(&file, b"", Durability::Cached)
        .map_err(|error| Error::new(format!("cannot write {}", file.display())).because(error))
}

/// Whether it was, and nobody has asked for its credentials since.
pub(crate) fn is_noted(context: &Context, alias: &Alias) -> bool {
    file(context, alias).exists()
}

/// Forgets that: somebody asks for its credentials.
pub(crate) fn forget(context: &Context, alias: &Alias) {
    if let Err(error) = files::remove(&file(context, alias)) {
        context.trace(|| format!("`{alias}` stays signed out for the hooks: {error}"));
    }
}

/// Forgets that of all that are no session's any more. Of others it still holds off the hooks, whatever else is signed out.
pub(crate) fn sweep(context: &Context, config: &Config) {
    let names: BTreeSet<String> = config.sessions.keys().map(Alias::file_name).collect();
    for mark in fs::read_dir(folder(context)).into_iter().flatten().flatten() {
        if !mark.file_name().to_str().is_some_and(|name| names.contains(name)) {
            let _ = files::remove(&mark.path());
        }
    }
}

/// Has a session's new name be signed out where its old one is.
///
/// # Errors
/// Where that cannot be written.
pub(crate) fn rename(context: &Context, old: &Alias, new: &Alias) -> Result<()> {
    if is_noted(context, old) {
        note(context, new)?;
        forget(context, old);
    }
    Ok(())
}

fn file(context: &Context, alias: &Alias) -> PathBuf {
    folder(context).join(alias.file_name())
}

fn folder(context: &Context) -> PathBuf {
    context.paths().state.join("dismissed")
}
