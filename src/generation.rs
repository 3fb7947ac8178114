//! The token that changes with every sign-in, sign-out and change of trust: the shell hooks watch it.

use crate::{
    context::Context,
    files::{self, Durability},
};

/// The token; none where nobody ever signed in.
pub(crate) fn current(context: &Context) -> Option<Vec<u8>> {
    files::read_bounded(&context.paths().state.join(CURRENT), 64).ok().flatten()
}

/// Replaces the token; where that fails, hooks notice a little later.
pub(crate) fn bump(context: &Context) {
    replace(context, CURRENT);
}

/// Replaces both tokens: what a process is getting meanwhile is not kept.
pub(crate) fn sign_out(context: &Context) {
    replace(context, SIGNED_OUT);
    bump(context);
}

/// The token that changes with every sign-out; none where nobody ever signed out.
pub(crate) fn signed_out(context: &Context) -> Option<Vec<u8>> {
    files::read_bounded(&context.paths().state.join(SIGNED_OUT), 64).ok().flatten()
}

const CURRENT: &str = "gen";
const SIGNED_OUT: &str = "signed-out";

fn replace(context: &Context, name: &str) {
    let mut token = [0; 9];
    if getrandom::fill(&mut token).is_err() {
        return;
    }
    let [length, rest @ ..] = token;
    // Not always of one length: tcsh reads no files, and tells two tokens of one second apart by their size.
    let text = format!("{:016x}{}\n", u64::from_le_bytes(rest), ".".repeat(usize::from(length % 32)));
    if let Err(error) = files::replace(&context.paths().state.join(name), text.as_bytes(), Durability::Cached) {
        context.trace(|| format!("the token `{name}` stays as it was: {error}"));
    }
}
