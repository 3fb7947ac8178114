//! leapp
pub mod error;
pub mod secret;
pub mod session;
