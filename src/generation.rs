//! The token that changes with every sign-in, sign-out and change of trust: the shell hooks watch it.

use crate::{
    context::Context,
    files::{self, Durability},
};

/// Replaces the token; where that fails, hooks notice a little later.
pub(crate) fn bump(context: &Context) {
    let mut token = [0; 8];
    if getrandom::fill(&mut token).is_err() {
        return;
    }
    let text = format!("{:016x}\n", u64::from_le_bytes(token));
    if let Err(error) = files::replace(&context.paths().state.join("gen"), text.as_bytes(), Durability::Cached) {
        context.trace(|| format!("the state token stays as it was: {error}"));
    }
}
