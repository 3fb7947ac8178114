//! leapp
pub mod chain;
pub mod config;
pub mod context;
pub mod error;
pub mod near;
pub mod secret;
pub mod session;
