//! Signing in, in a real browser at real identity providers, with a person who clicks and types.

mod clock;
mod crowd;
pub(crate) mod desk;
mod elsewhere;
mod first;
mod given_up;
mod likeness;
pub(crate) mod pages;
mod silent;
mod snap;
mod traces;
mod trouble;
mod window;
