//! `leapp session`: the sessions of the config.

use crate::{cli::SessionCommand, context::Context, error::Result};

/// Does what is asked with a session.
pub(super) fn run(_context: &Context, command: SessionCommand) -> Result<()> {
    match command {
        SessionCommand::Show(_) => Ok(()),
    }
}
