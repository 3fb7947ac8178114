//! The token that changes with every sign-in, sign-out and change of trust: the shell hooks watch it.
//!
//! The file `gen` holds the token, and beside it lies an empty file that is named after it: its mark. A shell that has
//! read the token once only asks whether its mark is still there. So a mark never comes back: it is made with its token,
//! and goes before the next one is written, whatever ends the process in between.

use std::{fs, io, path::PathBuf, time::Duration};

use crate::{
    context::Context,
    files::{self, Durability},
    lock::Lock,
};

/// What the names of marks begin with.
const MARK: &str = "gen-";
const CURRENT: &str = "gen";
const SIGNED_OUT: &str = "signed-out";
/// How long another process may take to replace the token; a moment is usual.
const PATIENCE: Duration = Duration::from_secs(1);

/// The token; none where nobody ever signed in.
pub(crate) fn current(context: &Context) -> Option<Vec<u8>> {
    files::read_own(&context.paths().state.join(CURRENT), 64).ok().flatten()
}

/// Replaces the token; where that fails, hooks notice a little later.
pub(crate) fn bump(context: &Context) {
    let _lock = lock(context);
    renew(context);
}

/// Sees to it that there is a token with its mark, for those that will watch it.
pub(crate) fn ensure(context: &Context) {
    if is_marked(context) {
        return;
    }
    let _lock = lock(context);
    if !is_marked(context) {
        renew(context);
    }
}

/// Replaces the token of sign-outs: what other processes are getting meanwhile is not kept. To be called before anything
/// is forgotten, for those that are at work, and after it, for those that began meanwhile.
pub(crate) fn sign_out(context: &Context) {
    let Some(token) = fresh() else { return };
    // On a full disk, no token is another one too.
    let done = write(context, SIGNED_OUT, &token)
        .or_else(|error| files::remove(&context.paths().state.join(SIGNED_OUT)).and(Err(error)));
    trace(context, SIGNED_OUT, done);
}

/// The token that changes with every sign-out; none where nobody ever signed out.
pub(crate) fn signed_out(context: &Context) -> Option<Vec<u8>> {
    files::read_own(&context.paths().state.join(SIGNED_OUT), 64).ok().flatten()
}

/// Two that replace the token at once would leave a mark too many. Without a lock that can be had, they do without.
fn lock(context: &Context) -> Option<Lock> {
    Lock::take(context, CURRENT, "the token of the state", PATIENCE).ok()
}

fn renew(context: &Context) {
    let Some(token) = fresh() else { return };
    sweep(context);
    let done = write(context, CURRENT, &token)
        .and_then(|()| files::replace(&mark_of(context, &token), b"", Durability::Cached));
    trace(context, CURRENT, done);
}

/// Removes the marks; one that cannot be removed is nobody's token.
fn sweep(context: &Context) {
    for file in fs::read_dir(&context.paths().state).into_iter().flatten().flatten() {
        if file.file_name().as_encoded_bytes().starts_with(MARK.as_bytes()) {
            let _ = files::remove(&file.path());
        }
    }
}

fn is_marked(context: &Context) -> bool {
    let token = current(context);
    let token = token.as_deref().and_then(|token| str::from_utf8(token).ok()).map(|token| token.trim_end_matches('\n'));
    token.is_some_and(|token| is_token(token) && mark_of(context, token).is_file())
}

fn mark_of(context: &Context, token: &str) -> PathBuf {
    context.paths().state.join([MARK, token].concat())
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

/// Whether a token is as [`fresh`] makes them: no power cut's zeros.
fn is_token(text: &str) -> bool {
    let digits = text.trim_end_matches('.');
    digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn trace(context: &Context, name: &str, done: io::Result<()>) {
    if let Err(error) = done {
        context.trace(|| format!("the token `{name}` stays as it was: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::context::Environment;

    fn state() -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().expect("a folder");
        let home = folder.path().to_str().expect("a path");
        let context = Context::for_tests(Environment::of([("HOME", home)]), || OffsetDateTime::UNIX_EPOCH);
        (folder, context)
    }

    /// The one token, which has the one mark.
    fn token(context: &Context) -> String {
        let text = String::from_utf8(current(context).expect("a token")).expect("text");
        let names = fs::read_dir(&context.paths().state).expect("there").flatten().map(|file| file.file_name());
        let marks: Vec<String> = names.filter_map(|name| Some(name.to_str()?.strip_prefix(MARK)?.to_owned())).collect();
        assert_eq!(marks, [text.trim_end()]);
        text
    }

    #[test]
    fn a_token_stays_with_its_mark_and_goes_with_it() {
        let (_folder, context) = state();
        ensure(&context);
        let first = token(&context);
        ensure(&context);
        assert_eq!(token(&context), first);
        bump(&context);
        let second = token(&context);
        assert_ne!(second, first);
        fs::remove_file(mark_of(&context, second.trim_end())).expect("removed");
        ensure(&context);
        let third = token(&context);
        assert_ne!(third, second, "a mark never comes back");
        for broken in ["", "\0\0\0\0\0\0\0\0\n", "../../x\n", "abc\ndef\n"] {
            fs::write(context.paths().state.join(CURRENT), broken).expect("written");
            ensure(&context);
            assert!(is_token(token(&context).trim_end()), "{broken:?}");
        }
    }

    #[test]
    fn what_cannot_be_removed_stops_nothing() {
        let (_folder, context) = state();
        ensure(&context);
        let first = token(&context);
        let stray = context.paths().state.join("gen-x");
        fs::create_dir_all(stray.join("y")).expect("made");
        bump(&context);
        fs::remove_dir_all(stray).expect("removed");
        assert_ne!(token(&context), first);
    }

    #[test]
    fn many_at_once_leave_one_mark() {
        let (_folder, context) = state();
        std::thread::scope(|scope| {
            for place in 0..8 {
                let change = if place % 2 == 0 { bump } else { ensure };
                let context = &context;
                scope.spawn(move || (0..20).for_each(|_| change(context)));
            }
        });
        token(&context);
    }
}
