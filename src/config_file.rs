//! The config file: read, changed and replaced whole, under a lock.

use std::{fs, io::Read as _, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use crate::{
    config::{
        Config,
        change::{Change, Changed},
    },
    context::{Context, pasted},
    error::{Error, Result},
    generation,
    lock::Lock,
    owner, rewrite,
    session::Alias,
};

/// A config larger than this is not one; 20 sessions take about 5 KB.
const MAX_BYTES: u64 = 4 << 20;
/// How long another process may take to change the config.
const LONGEST_EDIT: Duration = Duration::from_secs(30);

/// Reads the config of this context, and what the environment says in its place.
///
/// # Errors
/// Where the file cannot be read, or anything in it is not valid: with file, line, key and the fix.
pub fn load(context: &Context) -> Result<Config> {
    let (mut config, _) = read(context)?;
    config.browser.override_from(|name| context.var(name))?;
    for root in &mut config.trusted_roots {
        if let Ok(rest) = root.strip_prefix("~") {
            *root = context.paths().home.join(rest);
        }
    }
    Ok(config)
}

/// Returns the line of the file at which a session starts; none where the file cannot be read any more.
pub(crate) fn line_of(context: &Context, config: &Config, alias: &Alias) -> Option<usize> {
    Config::line_of(&read_text(&context.paths().config, &config.name).ok()??, alias)
}

/// Changes the file.
///
/// # Errors
/// Where the config was not valid before, would not be afterwards, or cannot be written; it is then as it was.
pub(crate) fn change(context: &Context, change: &Change) -> Result<Changed> {
    change_after(context, change, |_| {})
}

/// As [`change`], with something else done just before, once nothing is known to be in the way any more.
///
/// # Errors
/// As there; all but the last step of the change comes before `first`.
pub(crate) fn change_after(context: &Context, change: &Change, first: impl FnOnce(&Config)) -> Result<Changed> {
    // A shell that holds one of the sessions looks again.
    rewrite(context, |before, text| change.apply(before, text), first).inspect(|_| generation::bump(context))
}

/// Says what would be wrong with the config if this change were made now.
///
/// # Errors
/// That.
pub(crate) fn try_out(context: &Context, change: &Change) -> Result<()> {
    let (before, text) = read(context)?;
    change.apply(&before, &text).map(drop)
}

/// The config and its text; where there is no file, both are empty.
///
/// # Errors
/// Where it cannot be read, or is not valid.
fn read(context: &Context) -> Result<(Config, String)> {
    let path = &context.paths().config;
    let name = context.paths().short(path);
    let text = read_text(path, &name)?;
    let mut config = Config::parse(&name, text.as_deref().unwrap_or_default())?;
    config.exists = text.is_some();
    Ok((config, text.unwrap_or_default()))
}

/// Reads the config, has `edit` make a new text of it, and puts that in its place: one after the other where several
/// programs want to. `first` is done once the new text is on the disk, and has only to be renamed.
///
/// # Errors
/// Where it is not valid, `edit` fails, or it cannot be written. The file is then as it was.
fn rewrite(
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
            let is_as_read = read_text(&path, &before.name).is_ok_and(|now| now.unwrap_or_default() == text);
            if is_as_read {
                first(&before);
            }
            is_as_read
        };
        rewrite::replace(&path, edited.as_bytes(), is_as_read).map_err(|error| cannot(error.to_string()))?;
    }
    Ok(Changed { before, after })
}

/// The file's text; none where there is no file.
fn read_text(path: &Path, name: &str) -> Result<Option<String>> {
    let cannot = |why: &dyn std::fmt::Display| Error::new(format!("cannot read {name}")).because(why);
    // Not waiting for a writer, where a FIFO is in its place.
    let open = fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
    let mut file = match open {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    let metadata = file.metadata().map_err(|error| cannot(&error))?;
    if !metadata.is_file() {
        return Err(cannot(&"it is not a regular file"));
    }
    owner::check(&metadata, "it").map_err(|distrust| {
        let instead = "take a file of your own: export LEAPP_CONFIG=/path/to/it";
        cannot(&distrust.why).hint(distrust.hint(&pasted(name), instead))
    })?;
    if metadata.len() > MAX_BYTES {
        return Err(cannot(&"it is larger than 4 MiB"));
    }
    let mut text = String::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.by_ref().take(MAX_BYTES).read_to_string(&mut text).map_err(|error| cannot(&error))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thousand_sessions_are_read_fast() {
        let session = |n: usize| {
            let arn = "arn:aws:iam::444455556666:role/Deploy";
            format!("[sessions.s{n}]\nkind = \"chained\"\nassumer = \"base\"\nrole_arn = \"{arn}\"\n")
        };
        let base = "[sessions.base]\nkind = \"profile\"\nsource_profile = \"base\"\n".to_owned();
        let text: String = std::iter::once(base).chain((0..1000).map(session)).collect();
        let start = Instant::now();
        assert_eq!(Config::parse("config.toml", &text).expect("valid").sessions.len(), 1001);
        // A development build on a busy machine; the release build's figure is in docs/performance.md.
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}
