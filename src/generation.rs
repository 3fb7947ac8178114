//! The token that changes with every sign-in, sign-out and change of trust: the shell hooks watch it.
//!
//! The file `gen` holds the token, and beside it lies an empty file that is named after it, for as long as it is the
//! present one. A shell that has read the token once only asks whether that file is still there.

use std::{fs, io, path::PathBuf};

use crate::{
    context::Context,
    files::{self, Durability},
};

/// What the names of the files begin with that stand for a token.
const MARK: &str = "gen-";
const CURRENT: &str = "gen";
const SIGNED_OUT: &str = "signed-out";

/// The token; none where nobody ever signed in.
pub(crate) fn current(context: &Context) -> Option<Vec<u8>> {
    files::read_bounded(&context.paths().state.join(CURRENT), 64).ok().flatten()
}

/// Replaces the token; where that fails, hooks notice a little later.
pub(crate) fn bump(context: &Context) {
    let Some(token) = fresh() else { return };
    // In this order: whoever reads the token finds its mark, and whoever waits for the end of a mark finds a new token.
    let done =
        mark(context, &token).and_then(|()| write(context, CURRENT, &token)).and_then(|()| sweep(context, &token));
    trace(context, CURRENT, done);
}

/// Replaces both tokens: what a process is getting meanwhile is not kept.
pub(crate) fn sign_out(context: &Context) {
    if let Some(token) = fresh() {
        trace(context, SIGNED_OUT, write(context, SIGNED_OUT, &token));
    }
    bump(context);
}

/// The token that changes with every sign-out; none where nobody ever signed out.
pub(crate) fn signed_out(context: &Context) -> Option<Vec<u8>> {
    files::read_bounded(&context.paths().state.join(SIGNED_OUT), 64).ok().flatten()
}

/// Sees to it that there is a token with its mark, for those that will watch it.
pub(crate) fn ensure(context: &Context) {
    match current(context).as_deref().map(str::from_utf8) {
        Some(Ok(token)) if !token.contains('/') => trace(context, CURRENT, mark(context, token.trim_end())),
        _ => bump(context),
    }
}

fn mark_of(context: &Context, token: &str) -> PathBuf {
    context.paths().state.join([MARK, token].concat())
}

fn mark(context: &Context, token: &str) -> io::Result<()> {
    let path = mark_of(context, token);
    if fs::symlink_metadata(&path).is_ok() { Ok(()) } else { files::replace(&path, b"", Durability::Cached) }
}

/// Removes the marks of other tokens. Two that do this at once may remove one too many: [`ensure`] mends that.
fn sweep(context: &Context, token: &str) -> io::Result<()> {
    let present = mark_of(context, token);
    for file in fs::read_dir(&context.paths().state)?.flatten() {
        if file.file_name().as_encoded_bytes().starts_with(MARK.as_bytes()) && file.path() != present {
            files::remove(&file.path())?;
        }
    }
    Ok(())
}

fn write(context: &Context, name: &str, token: &str) -> io::Result<()> {
    files::replace(&context.paths().state.join(name), [token, "\n"].concat().as_bytes(), Durability::Cached)
}

/// A token that never was.
fn fresh() -> Option<String> {
    let mut token = [0; 9];
    getrandom::fill(&mut token).ok()?;
    let [length, rest @ ..] = token;
    // Not always of one length: tcsh reads no files, and tells two tokens of one second apart by their size.
    Some(format!("{:016x}{}", u64::from_le_bytes(rest), ".".repeat(usize::from(length % 32))))
}

fn trace(context: &Context, name: &str, done: io::Result<()>) {
    if let Err(error) = done {
        context.trace(|| format!("the token `{name}` stays as it was: {error}"));
    }
}
