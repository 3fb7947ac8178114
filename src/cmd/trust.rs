//! `leapp allow`, `leapp deny` and `leapp trust`: which `.leapp` files may switch the shell.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{Trust, TrustPath},
    config_file,
    context::Context,
    directory::{self, NAME, Record},
    error::{Error, Result, escaped},
    generation,
    session::Auto,
};

/// Allows a file to switch to the session that it names by now.
pub(super) fn allow(context: &Context, arguments: &TrustPath) -> Result<()> {
    let path = file(context, arguments)?;
    let shown = context.paths().short(&path);
    let file = directory::read(&path).map_err(|why| Error::new(format!("cannot allow {shown}")).because(why))?;
    let config = config_file::load(context)?;
    let session =
        config.session(file.session.as_str()).map_err(|error| error.within(format!("cannot allow {shown}")))?;
    let alias = &session.alias;
    if session.protected || session.auto == Auto::Never {
        let why = if session.protected { "is protected" } else { "says auto = \"never\"" };
        return Err(Error::new(format!("cannot allow {shown}"))
            .because(format!("`{alias}` {why}: no directory switches to it"))
            .hint(format!("for one command: leapp exec {alias} -- COMMAND")));
    }
    Record::write(context, &file.path, Some(session))?;
    generation::bump(context);
    context.say(format!("{shown} may switch to `{alias}`"));
    Ok(())
}

/// Denies a file to switch to any session.
pub(super) fn deny(context: &Context, arguments: &TrustPath) -> Result<()> {
    let path = file(context, arguments)?;
    let shown = context.paths().short(&path);
    let cannot = |why: &str| Error::new(format!("cannot deny {shown}")).because(why);
    // Also one that can no longer be read, or is gone.
    let folder = path.parent().unwrap_or(&path).canonicalize().map_err(|error| cannot(&error.to_string()))?;
    let canonical = path.canonicalize().unwrap_or_else(|_| folder.join(NAME));
    Record::write(context, canonical.to_str().ok_or_else(|| cannot("its path is not UTF-8"))?, None)?;
    generation::bump(context);
    context.say(format!("{shown} switches to no session"));
    Ok(())
}

/// Prints what was allowed and denied.
pub(super) fn list(context: &Context, arguments: &Trust) -> Result<()> {
    let records = Record::all(context);
    if arguments.json {
        let text = serde_json::to_string_pretty(&records)
            .map_err(|error| Error::new("cannot list what is trusted").because(error))?;
        return context.print(&format!("{text}\n"));
    }
    if records.is_empty() {
        context.say("no .leapp file was allowed or denied yet");
    }
    let session = |record: &Record| record.session.clone().unwrap_or_else(|| "-".into());
    let width = records.iter().map(|record| session(record).len()).max().unwrap_or_default();
    let line = |record: &Record| {
        let path = Path::new(&record.path);
        let gone = if path.is_file() { "" } else { "  (gone)" };
        format!("{:width$}  {}{gone}\n", session(record), escaped(&context.paths().short(path)))
    };
    context.print(&records.iter().map(line).collect::<String>())
}

/// The file that is meant: the one named, the one in the directory named, or the nearest one from here upwards.
fn file(context: &Context, arguments: &TrustPath) -> Result<PathBuf> {
    let Some(path) = &arguments.path else {
        let here = directory::current(context);
        return here.as_deref().and_then(directory::nearest).ok_or_else(|| {
            Error::usage("there is no .leapp file here")
                .because("neither in this directory nor in one above it")
                .hint("to make one: echo SESSION > .leapp")
        });
    };
    let path = PathBuf::from(path);
    let path = if path.is_dir() { path.join(NAME) } else { path };
    // One that is gone can still be denied, by its name.
    if path.file_name().is_some_and(|name| name != NAME) && fs::symlink_metadata(&path).is_err() {
        return Err(Error::usage(format!("there is no file {}", path.display())));
    }
    if path.file_name().is_some_and(|name| name != NAME) {
        return Err(Error::usage(format!("{} is no .leapp file", path.display())));
    }
    std::path::absolute(&path).map_err(|error| Error::new(format!("cannot find {}", path.display())).because(error))
}
