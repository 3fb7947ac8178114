//! `leapp exec --refresh` and `leapp serve`: credentials that SDKs fetch, and fetch again.

mod attacks;
mod open;
mod renewal;
mod rivals;
mod serve;
mod sessions;
mod signals;
pub(crate) mod terminal;
