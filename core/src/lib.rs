//! What leapp decides: which texts are valid, what a session stands on, what becomes of an environment, a shell, a config.
//!
//! Nothing here touches a file, the network, a process, the environment or a clock: all of that is handed in, and done by
//! the program. `docs/architecture.md` has the map.

pub mod chain;
pub mod config;
pub mod console;
pub mod credentials;
pub mod digest;
pub mod directory_file;
pub mod environment;
pub mod error;
pub mod hook;
pub mod named_profiles;
pub mod near;
pub mod profile_credentials;
pub mod saml;
pub mod secret;
pub mod session;
pub mod shell;
