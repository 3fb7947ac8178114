//! The hook of each shell: the script that it evaluates at its start, and what it carries out when something changed.
//!
//! The scripts are files in `shell/`. They define how variables are put away and put back in their shell; what
//! [`Shell::render_change`] writes only names the variables, in the order of [`Change`].

use zeroize::Zeroizing;

use super::{Script, Shell, elvish, fish, json, posix, powershell, tcsh, xonsh};
use crate::{
    environment::COMPETITORS,
    error::{Error, Result},
    hook::Change,
};

/// Where the path of leapp itself goes in a script.
const PROGRAM: &str = "@LEAPP@";
/// Where the path of the state token goes.
const TOKEN: &str = "@TOKEN@";
/// Where the path goes at which the script itself is kept.
const SCRIPT: &str = "@SCRIPT@";
/// Where the names go of the variables that compete with keys.
const COMPETITORS_NAMES: &str = "@COMPETITORS@";
/// Where their values go, one after the other.
const COMPETITORS_VALUES: &str = "@COMPETING@";

/// What makes `cd` within a line of bash seen.
pub const WRAP_CD: &str = include_str!("../../../shell/wrap-cd.bash");

impl Shell {
    /// The script that a shell evaluates at its start.
    ///
    /// # Errors
    /// Where the shell has none, or cannot carry the paths.
    pub fn hook(self, program: &str, token: &str, kept: &str) -> Result<String> {
        let script = match self {
            Self::Bash => include_str!("../../../shell/leapp.bash"),
            Self::Zsh => include_str!("../../../shell/leapp.zsh"),
            Self::Ksh => include_str!("../../../shell/leapp.ksh"),
            Self::Fish => include_str!("../../../shell/leapp.fish"),
            Self::Nushell => include_str!("../../../shell/leapp.nu"),
            Self::Elvish => include_str!("../../../shell/leapp.elv"),
            Self::Tcsh => include_str!("../../../shell/leapp.tcsh"),
            Self::Xonsh => include_str!("../../../shell/leapp.xsh"),
            Self::PowerShell => include_str!("../../../shell/leapp.ps1"),
            Self::Sh => {
                return Err(Error::usage("there is no hook for sh")
                    .because("it runs nothing before a prompt")
                    .hint("shells with a hook: bash, zsh, ksh, fish, nushell, elvish, tcsh, xonsh, powershell"));
            }
        };
        let script = script.replace(COMPETITORS_NAMES, &COMPETITORS.join(" "));
        let script = script.replace(COMPETITORS_VALUES, &COMPETITORS.map(|name| format!("${{{name}-}}")).concat());
        let parts = [(PROGRAM, program), (TOKEN, token), (SCRIPT, kept)];
        let script =
            parts.into_iter().try_fold(script, |script, (mark, path)| Ok(script.replace(mark, &self.quoted(path)?)))?;
        Ok(if self == Self::Zsh { posix::without_aliases(&script) } else { script })
    }

    /// A text as a word of this shell.
    ///
    /// # Errors
    /// Where the shell cannot carry it.
    pub fn quoted(self, text: &str) -> Result<String> {
        let mut script = Script::new();
        match self {
            Self::Sh | Self::Bash | Self::Ksh => posix::quote(&mut script, text, posix::LineFeed::Plain),
            Self::Zsh => posix::quote(&mut script, text, posix::LineFeed::Escaped),
            Self::Fish => fish::quote(&mut script, text),
            Self::Nushell => json::quote(&mut script, text),
            Self::Elvish => elvish::quote(&mut script, text),
            Self::Tcsh => {
                tcsh::quote(&mut script, text).map_err(|why| Error::new("cannot write the hook").because(why))?;
            }
            Self::Xonsh => xonsh::quote(&mut script, text),
            Self::PowerShell => powershell::quote(&mut script, text),
        }
        Ok(script.finish().to_string())
    }

    /// Whether the shell says what is to be said, once all is set: it may refuse to set a variable that is `readonly`, or
    /// universal in fish.
    pub fn says_lines(self) -> bool {
        matches!(self, Self::Sh | Self::Bash | Self::Zsh | Self::Ksh | Self::Fish)
    }

    /// Writes what a shell carries out when something changed. `at` is when it has to look again, in the shell's own
    /// clock. `line` is what the shell says, where it [does](Self::says_lines).
    ///
    /// # Errors
    /// Where the shell cannot carry a value.
    pub fn render_change(self, change: &Change, at: &str, line: Option<&str>) -> Result<Zeroizing<String>> {
        let mut script = Script::new();
        match self {
            Self::Nushell | Self::Elvish | Self::Xonsh => data(&mut script, change, at),
            Self::Tcsh => {
                tcsh::render_change(&mut script, change, at).map_err(|unfit| unfit.within("tcsh"))?;
            }
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh | Self::Fish | Self::PowerShell => {
                self.calls(&mut script, change, line)?;
                self.assign(&mut script, "__leapp_at", at)?;
                if let Some(left) = &change.left {
                    self.assign(&mut script, "__leapp_left", left)?;
                }
            }
        }
        Ok(script.finish())
    }

    /// Calls of the script's functions, then the statements of the plan.
    fn calls(self, script: &mut Script, change: &Change, line: Option<&str>) -> Result<()> {
        call(script, "_leapp_restore", &change.restore);
        call(script, "_leapp_forget", &change.forget);
        if change.found.names().next().is_some() {
            script.push(&self.render(&change.found)?);
        }
        call(script, "_leapp_save x", &change.save);
        call(script, "_leapp_save -", &change.save_local);
        let state = self.render(&change.state)?;
        let said = line.map(|line| self.quoted(line)).transpose()?;
        match self {
            Self::Fish => fish::render_followed(script, change, &state, said.as_deref()),
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh => {
                posix::render_followed(script, change, &self.render(&change.plan)?, &state, said.as_deref());
            }
            _ => {
                script.push(&self.render(&change.plan)?);
                script.push(&state);
            }
        }
        Ok(())
    }

    fn assign(self, script: &mut Script, name: &str, value: &str) -> Result<()> {
        let value = self.quoted(value)?;
        script.push(&match self {
            Self::Fish => format!("set -g {name} {value}\n"),
            Self::PowerShell => format!("$global:{name} = {value}\n"),
            _ => format!("{name}={value}\n"),
        });
        Ok(())
    }
}

/// Calls a function of the script with these variables, where there are any.
fn call(script: &mut Script, function: &str, names: &[&str]) {
    if names.is_empty() {
        return;
    }
    script.push(function);
    script.push(" ");
    script.push_joined(names.iter().copied(), " ");
    script.push("\n");
}

/// What the shells read that have no `eval`, or one that costs more than reading JSON.
fn data(script: &mut Script, change: &Change, at: &str) {
    let save: Vec<&'static str> = change.save.iter().chain(&change.save_local).copied().collect();
    let unset: Vec<&str> = change.state.removals().chain(change.plan.removals()).collect();
    script.push("{");
    for (name, names) in
        [("restore", &change.restore as &[&str]), ("forget", &change.forget), ("save", &save), ("unset", &unset)]
    {
        json::quote(script, name);
        script.push(": [");
        for (place, name) in names.iter().enumerate() {
            script.push(if place > 0 { ", " } else { "" });
            json::quote(script, name);
        }
        script.push("],\n ");
    }
    script.push("\"found\": ");
    json::object(script, change.found.variables());
    script.push(",\n \"set\": ");
    json::object(script, change.state.variables().chain(change.plan.variables()));
    script.push(",\n \"at\": ");
    script.push(at);
    script.push("}\n");
}
