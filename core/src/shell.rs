//! How an environment's [`Plan`] is written for a shell to carry out.
//!
//! Pure: one quoting rule and one rendering a family, each in a file of its own. What a shell cannot carry is an
//! error, never broken output: everything else arrives byte for byte (`tests/it/quoting.rs` sends it through the real
//! shells).

mod elvish;
mod fish;
mod format;
mod hook;
mod json;
mod name;
mod nushell;
mod posix;
mod powershell;
mod script;
mod tcsh;
mod xonsh;

use zeroize::Zeroizing;

pub use format::Format;
pub use hook::WRAP_CD;
use posix::LineFeed;
use script::Script;

use crate::environment::Plan;
use crate::error::{Error, Result};

/// A shell that leapp speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// POSIX `sh`: dash, ash, busybox and whatever else stands behind the name.
    Sh,
    /// GNU bash.
    Bash,
    /// zsh.
    Zsh,
    /// ksh93, mksh and the other Korn shells.
    Ksh,
    /// fish.
    Fish,
    /// Nushell.
    Nushell,
    /// Elvish.
    Elvish,
    /// tcsh and csh.
    Tcsh,
    /// xonsh.
    Xonsh,
    /// Windows PowerShell and PowerShell.
    PowerShell,
}

impl Shell {
    /// Every shell, in the order of the help.
    pub const ALL: [Self; 10] = [
        Self::Bash,
        Self::Zsh,
        Self::Sh,
        Self::Ksh,
        Self::Fish,
        Self::Nushell,
        Self::Elvish,
        Self::Tcsh,
        Self::Xonsh,
        Self::PowerShell,
    ];

    /// Reads the name of a shell as a person writes it: `zsh`, `nu` or `nushell`, `pwsh` or `powershell`, `dash` …
    ///
    /// # Errors
    /// Names the shells that there are.
    pub fn parse(name: &str) -> Result<Self> {
        name::shell(&name.to_ascii_lowercase()).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::usage(format!("no shell `{name}`")).hint(format!("shells: {known}"))
        })
    }

    /// The shell of a process by its name, as in `/proc/PID/comm` or as its first argument: `bash`, `-zsh`,
    /// `/usr/bin/fish`. None where it is no shell.
    pub fn from_process(name: &str) -> Option<Self> {
        name::shell_of_process(name)
    }

    /// The shell of a process by its arguments, as in `/proc/PID/cmdline`: it finds xonsh behind `python3` too.
    pub fn from_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        name::shell_of_arguments(arguments)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Ksh => "ksh",
            Self::Fish => "fish",
            Self::Nushell => "nushell",
            Self::Elvish => "elvish",
            Self::Tcsh => "tcsh",
            Self::Xonsh => "xonsh",
            Self::PowerShell => "powershell",
        }
    }

    /// The line that a person pastes to have this shell carry out what `command` prints.
    ///
    /// In every shell it also carries out what `command` prints when it fails, and then stops: in the shells of the
    /// `&&`, by a status other than 0; in elvish, nushell, xonsh and PowerShell by an exception. (In xonsh the line
    /// stands by itself: its `&&` would ask for the value of the line, and it has none.)
    pub fn usage_line(self, command: &str) -> String {
        match self {
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh => format!("eval \"$({command})\""),
            Self::Fish => format!("{command} | source"),
            // `complete`, since nushell drops what an external command printed where that command fails; it keeps
            // the messages too, so that they are printed here. `do --env`, since only the line itself can change the
            // environment.
            Self::Nushell => {
                let apply = "let e = $r.stdout | from json; hide-env -i ...$e.unset; load-env $e.set";
                format!("{command} | complete | do --env {{ let r = $in; print -en $r.stderr; {apply} }}")
            }
            // Not `eval (… | slurp)`: there a failing command raises its exception before anything is unset.
            Self::Elvish => format!("{command} | eval (slurp)"),
            // Without quotes tcsh would split at blanks and expand `*`.
            Self::Tcsh => format!("eval \"`{command}`\""),
            // For the same reason as in elvish: since 0.23 a failing command raises its exception at once. Versions
            // before it do not know the variable, nor `@error_ignore` (tried: 0.13.4, 0.22.8, 0.25.0).
            Self::Xonsh => format!(
                "with ${{...}}.swap(XONSH_SUBPROC_RAISE_ERROR=False): execx($({command}) or \"raise RuntimeError('no answer')\")"
            ),
            Self::PowerShell => format!("{command} | Invoke-Expression"),
        }
    }

    /// Writes the statements that carry out a plan, for [`Shell::usage_line`].
    ///
    /// # Errors
    /// Where the shell cannot carry a value: a line feed (or a long text beyond ASCII) in tcsh, an empty one in
    /// PowerShell.
    pub fn render(self, plan: &Plan) -> Result<Zeroizing<String>> {
        let mut script = Script::new();
        let out = &mut script;
        match self {
            Self::Sh | Self::Bash | Self::Ksh => posix::render(out, plan, LineFeed::Plain),
            Self::Zsh => posix::render(out, plan, LineFeed::Escaped),
            Self::Fish => fish::render(out, plan),
            Self::Nushell => nushell::render(out, plan),
            Self::Elvish => elvish::render(out, plan),
            Self::Tcsh => tcsh::render(out, plan).map_err(|unfit| unfit.within("tcsh"))?,
            Self::Xonsh => xonsh::render(out, plan),
            Self::PowerShell => powershell::render(out, plan).map_err(|unfit| unfit.within("PowerShell"))?,
        }
        Ok(script.finish())
    }

    /// Writes what comes before everything else: it unsets what a failure would unset, and leaves a status of failure
    /// behind, which the statements that follow replace. Where nothing follows, because a signal ended the command,
    /// the line still stops. None for shells in which that needs nothing: there a command that was ended, or an
    /// `eval` of nothing, raises an exception by itself or by the line that is pasted.
    pub fn render_prologue(self, plan: &Plan) -> Option<String> {
        let mut script = Script::new();
        match self {
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh => posix::render_prologue(&mut script, plan),
            Self::Fish => fish::render_failure(&mut script, plan),
            Self::Tcsh => {
                tcsh::render_failure(&mut script, plan);
                script.push(";\n");
            }
            Self::Nushell | Self::Elvish | Self::Xonsh | Self::PowerShell => return None,
        }
        Some(script.finish().to_string())
    }

    /// Writes what a command that failed prints: it unsets every variable that the plan touches, and then stops the
    /// shell from going on. `eval "$(leapp env dev)" && terraform apply` must never run on what was there before,
    /// and an `eval` of nothing succeeds.
    pub fn render_failure(self, plan: &Plan) -> String {
        let mut script = Script::new();
        let render = match self {
            Self::Sh | Self::Bash | Self::Zsh | Self::Ksh => posix::render_failure,
            Self::Fish => fish::render_failure,
            Self::Nushell => nushell::render_failure,
            Self::Elvish => elvish::render_failure,
            Self::Tcsh => tcsh::render_failure,
            Self::Xonsh => xonsh::render_failure,
            Self::PowerShell => powershell::render_failure,
        };
        render(&mut script, plan);
        script.finish().to_string()
    }
}

/// A variable whose value cannot be carried, and why. The value itself stays unsaid.
#[derive(Debug)]
struct Unfit {
    name: String,
    why: &'static str,
}

impl Unfit {
    /// The error, with where it was to be carried to.
    fn within(self, place: &str) -> Error {
        Error::new(format!("cannot write `{}` to {place}", self.name)).because(self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_is_read_by_its_own_name() {
        for shell in Shell::ALL {
            assert_eq!(Shell::parse(shell.name()), Ok(shell));
            assert_eq!(Shell::from_process(shell.name()), Some(shell));
        }
    }

    #[test]
    fn an_unknown_shell_is_answered_with_the_known_ones() {
        let error = Shell::parse("cmd").expect_err("no such shell");
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("shells: bash, zsh, sh, ksh, fish, nushell"), "{error}");
    }

    #[test]
    fn what_a_shell_cannot_carry_is_an_error_without_the_value() {
        let mut plan = Plan::new();
        plan.set("AWS_SESSION_TOKEN", "hush\nhush").expect("good");
        let error = Shell::Tcsh.render(&plan).expect_err("a line feed").to_string();
        assert!(error.contains("cannot write `AWS_SESSION_TOKEN` to tcsh"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}
