//! `leapp hook`: the script that a shell evaluates at its start.

use std::path::{Path, PathBuf};

use crate::{
    cli::Hook,
    context::Context,
    error::{Error, Result},
    files::{self, Durability},
    generation, process,
    shell::{Shell, WRAP_CD},
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
    let program = process::own_path(context.environment().get_os("PATH"))
        .map_err(|error| Error::new("cannot find leapp itself").because(error))?;
    let state = &context.paths().state;
    let script = shell.hook(text(&program)?, text(&state.join("gen"))?, text(&kept(state))?)?;
    generation::ensure(context);
    match shell {
        Shell::Tcsh => keep(context, &kept(state), &script),
        Shell::Bash if arguments.wrap_cd => context.print(&(script + WRAP_CD)),
        _ => context.print(&script),
    }
}

fn kept(state: &Path) -> PathBuf {
    state.join("hook.tcsh")
}

/// tcsh has loops only in files: the script is kept in one, and the line that reads it is printed.
fn keep(context: &Context, file: &Path, script: &str) -> Result<()> {
    files::replace(file, script.as_bytes(), Durability::Cached)
        .map_err(|error| Error::new(format!("cannot write {}", file.display())).because(error))?;
    context.print(&format!("source {}\n", Shell::Tcsh.quoted(text(file)?)?))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .ok_or_else(|| Error::new(format!("cannot write {} into a script", path.display())).because("it is not UTF-8"))
}
