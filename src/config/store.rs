//! The config file itself: read, changed and replaced whole, under a lock.

use super::{Config, change::Changed};
use crate::{
    context::Context,
    error::{Error, Result},
    lock::Lock,
    rewrite,
};

/// How long another process may take to change the config.
const LONGEST_EDIT: std::time::Duration = std::time::Duration::from_secs(30);

/// The config and its text; where there is no file, both are empty.
///
/// # Errors
/// Where it cannot be read, or is not valid.
pub(super) fn read(context: &Context) -> Result<(Config, String)> {
    let path = &context.paths().config;
    let name = context.paths().short(path);
    let text = super::read(path, &name)?;
    let mut config = Config::parse(&name, text.as_deref().unwrap_or_default())?;
    config.exists = text.is_some();
    Ok((config, text.unwrap_or_default()))
}

/// Reads the config, has `edit` make a new text of it, and puts that in its place: one after the other where several
/// programs want to. `first` is done once the new text is on the disk, and has only to be renamed.
///
/// # Errors
/// Where it is not valid, `edit` fails, or it cannot be written. The file is then as it was.
pub(super) fn rewrite(
    context: &Context,
    edit: impl FnOnce(&Config, &str) -> Result<(String, Config)>,
    first: impl FnOnce(&Config),
) -> Result<Changed> {
    let _lock = Lock::take(context, "config", "change the config", LONGEST_EDIT)?;
    let (before, text) = read(context)?;
    let cannot =
        |why: String| Error::new(format!("cannot write {}", before.name)).because(why).hint("nothing was changed");
    let path = rewrite::target(&context.paths().config).map_err(|error| cannot(error.to_string()))?;
    let (edited, after) = edit(&before, &text)?;
    if edited != text {
        if rewrite::is_read_only(&path) {
            return Err(cannot(format!("{} is read-only", context.paths().short(&path))));
        }
        let is_as_read = || {
            let is_as_read = super::read(&path, &before.name).is_ok_and(|now| now.unwrap_or_default() == text);
            if is_as_read {
                first(&before);
            }
            is_as_read
        };
        rewrite::replace(&path, edited.as_bytes(), is_as_read).map_err(|error| cannot(error.to_string()))?;
    }
    Ok(Changed { before, after })
}
