//! Signing in, in a real browser at real identity providers, with a person who clicks and types.

mod crowd;
pub(crate) mod desk;
mod first;
mod given_up;
mod silent;
mod traces;
mod trouble;
mod window;
