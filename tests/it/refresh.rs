//! `leapp exec --refresh` and `leapp serve`: credentials that SDKs fetch, and fetch again.

mod clients;
mod signals;
mod terminal;
