//! What a command asks the broker for.

use std::time::Duration;

use crate::session::SessionDuration;

/// What a command asks for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Credentials nearer to their end than this are renewed first.
    pub min_ttl: Duration,
    /// How long new credentials shall last, in place of what the config says.
    pub duration: Option<SessionDuration>,
    /// Whether the vault is used at all.
    pub cache: bool,
    /// Whether the session's own credentials are got anew even where they still live.
    pub renew: bool,
    /// Whether the config may have changed since it was read: what is got for a session that it no longer has is not
    /// kept, for nobody could sign out of it.
    pub outlives_config: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { min_ttl: Duration::from_mins(5), duration: None, cache: true, renew: false, outlives_config: false }
    }
}
