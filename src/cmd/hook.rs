//! `leapp hook`: the script that a shell evaluates at its start.

use std::path::{Path, PathBuf};

use crate::{
    cli::Hook,
    context::Context,
    error::{Error, Result},
    shell::Shell,
};

/// Prints the script.
pub(super) fn run(context: &Context, arguments: &Hook) -> Result<()> {
    let shell = Shell::parse(&arguments.shell)?;
    if arguments.wrap_cd && shell != Shell::Bash {
        return Err(Error::usage("cannot take --wrap-cd").because(format!(
            "only bash needs it; the hook of {} sees every change of directory by itself, or not at all",
            shell.name()
        )));
    }
    let program = program(context)?;
    let token = context.paths().state.join("gen");
    context.print(&shell.hook(text(&program)?, text(&token)?, arguments.wrap_cd)?)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| Error::new(format!("cannot write {} into a script", path.display())).because("it is not UTF-8"))
}

/// Where this program is: by the name on `PATH` where that is it, for an upgrade may take the file behind a link away.
fn program(context: &Context) -> Result<PathBuf> {
    let this = std::env::current_exe().map_err(|error| Error::new("cannot find leapp itself").because(error))?;
    let name = this.file_name().unwrap_or_default().to_owned();
    let path = context.environment().get_os("PATH").unwrap_or_default();
    let is_this = |found: &PathBuf| found.is_absolute() && found.canonicalize().is_ok_and(|real| real == this);
    Ok(std::env::split_paths(path).map(|folder| folder.join(&name)).find(is_this).unwrap_or(this))
}
