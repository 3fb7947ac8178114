//! leapp
pub mod chain;
pub mod config;
pub mod context;
pub mod error;
mod files;
mod lock;
pub mod near;
pub mod secret;
pub mod session;
mod ui;
pub mod vault;
