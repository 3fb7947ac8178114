//! The hook of each shell: the script that it evaluates at its start, and what it carries out when something changed.
//!
//! The scripts are files in `shell/`. They define how variables are put away and put back in their shell; what
//! [`Shell::render_change`] writes only names the variables, in the order of [`Change`].

use zeroize::Zeroizing;

use super::{Script, Shell, elvish, fish, json, posix, powershell, tcsh, xonsh};
use crate::{
    error::{Error, Result},
    hook::Change,
};

/// Where the path of leapp itself goes in a script.
const PROGRAM: &str = "@LEAPP@";
/// Where the path of the state token goes.
const TOKEN: &str = "@TOKEN@";
/// Where the path goes at which the script itself is kept.
const SCRIPT: &str = "@SCRIPT@";

/// What makes `cd` within a line of bash seen.
pub(crate) const WRAP_CD: &str = include_str!("../../shell/wrap-cd.bash");

impl Shell {
    /// The script that a shell evaluates at its start.
    ///
    /// # Errors
    /// Where the shell has none, or cannot carry the paths.
    pub(crate) fn hook(self, program: &str, token: &str, kept: &str) -> Result<String> {
        let script = match self {
            Self::Bash => include_str!("../../shell/leapp.bash"),
            Self::Zsh => include_str!("../../shell/leapp.zsh"),
            Self::Ksh => include_str!("../../shell/leapp.ksh"),
            Self::Fish => include_str!("../../shell/leapp.fish"),
            Self::Nushell => include_str!("../../shell/leapp.nu"),
            Self::Elvish => include_str!("../../shell/leapp.elv"),
            Self::Tcsh => include_str!("../../shell/leapp.tcsh"),
            Self::Xonsh => include_str!("../../shell/leapp.xsh"),
            Self::PowerShell => include_str!("../../shell/leapp.ps1"),
            Self::Sh => {
                return Err(Error::usage("there is no hook for sh")
                    .because("it runs nothing before a prompt")
                    .hint("shells with a hook: bash, zsh, ksh, fish, nushell, elvish, tcsh, xonsh, powershell"));
            }
        };
        let parts = [(PROGRAM, program), (TOKEN, token), (SCRIPT, kept)];
        parts
            .into_iter()
            .try_fold(script.to_owned(), |script, (mark, path)| Ok(script.replace(mark, &self.quoted(path)?)))
    }

    /// A text as a word of this shell.
    ///
    /// # Errors
    /// Where the shell cannot carry it.
    pub(crate) fn quoted(self, text: &str) -> Result<String> {
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

    /// Writes what a shell carries out when something changed. `at` is when it has to look again, in the shell's own
    /// clock.
    ///
    /// # Errors
    /// Where the shell cannot carry a value.
    pub(crate) fn render_change(self, change: &Change, at: &str) -> Result<Zeroizing<String>> {
        let mut script = Script::new();
        match self {
            Self::Nushell | Self::Elvish | Self::Xonsh => data(&mut script, change, at),
            Self::Tcsh => {
                tcsh::render_change(&mut script, change, at).map_err(|unfit| unfit.within("tcsh"))?;
            }
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh | Self::Fish | Self::PowerShell => {
                self.calls(&mut script, change)?;
                self.assign(&mut script, at)?;
            }
        }
        Ok(script.finish())
    }

    /// Calls of the script's functions, then the statements of the plan.
    fn calls(self, script: &mut Script, change: &Change) -> Result<()> {
        let steps = [
            ("_leapp_restore", &change.restore),
            ("_leapp_forget", &change.forget),
            ("_leapp_save x", &change.save),
            ("_leapp_save -", &change.save_local),
        ];
        for (function, names) in steps.into_iter().filter(|(_, names)| !names.is_empty()) {
            script.push(function);
            for name in names {
                script.push(" ");
                script.push(name);
            }
            script.push("\n");
        }
        let state = self.render(&change.state)?;
        match self {
            Self::Fish => fish::render_followed(script, change, &state),
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh => {
                posix::render_followed(script, change, &self.render(&change.plan)?, &state);
            }
            _ => {
                script.push(&self.render(&change.plan)?);
                script.push(&state);
            }
        }
        Ok(())
    }

    fn assign(self, script: &mut Script, at: &str) -> Result<()> {
        let at = self.quoted(at)?;
        script.push(&match self {
            Self::Fish => format!("set -g __leapp_at {at}\n"),
            Self::PowerShell => format!("$global:__leapp_at = {at}\n"),
            _ => format!("__leapp_at={at}\n"),
        });
        Ok(())
    }
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
    script.push("\"set\": ");
    json::object(script, change.state.variables().chain(change.plan.variables()));
    script.push(",\n \"at\": ");
    script.push(at);
    script.push("}\n");
}
