//! Which shell is meant by a name: of the option `--shell`, or of a process.

use super::Shell;

/// The shell of a name that a person would write.
pub(super) fn shell(name: &str) -> Option<Shell> {
    Some(match name {
        "sh" | "ash" | "dash" | "posh" | "yash" | "busybox" => Shell::Sh,
        "bash" | "rbash" => Shell::Bash,
        "zsh" | "rzsh" => Shell::Zsh,
        "ksh" | "ksh93" | "rksh" | "rksh93" | "mksh" | "lksh" | "oksh" | "loksh" | "pdksh" => Shell::Ksh,
        "fish" => Shell::Fish,
        "nu" | "nushell" => Shell::Nushell,
        "elvish" => Shell::Elvish,
        "tcsh" | "csh" => Shell::Tcsh,
        "xonsh" => Shell::Xonsh,
        "pwsh" | "pwsh-preview" | "powershell" => Shell::PowerShell,
        _ => return None,
    })
}

/// The shell of a process by its name, `/proc/PID/comm` or `argv[0]`: a path, with the `-` of a login shell,
/// `bash-5.2`, `.xonsh-wrapped` (Nix), `pwsh.exe`.
pub(super) fn shell_of_process(name: &str) -> Option<Shell> {
    let base = name.trim_end().rsplit(['/', '\\']).next()?;
    let base = base.strip_prefix('-').unwrap_or(base).to_ascii_lowercase();
    let base = base.strip_suffix(".exe").unwrap_or(&base);
    let base = base.strip_prefix('.').and_then(|rest| rest.strip_suffix("-wrapped")).unwrap_or(base);
    shell(base).or_else(|| shell(base.trim_end_matches(|c: char| c.is_ascii_digit() || ".-".contains(c))))
}

/// The shell of a process by its arguments: where the program is an interpreter, the script that it runs decides
/// (`python3 /usr/bin/xonsh`, `python3 -m xonsh`).
pub(super) fn shell_of_arguments<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Option<Shell> {
    let mut arguments = arguments.into_iter();
    let program = arguments.next()?;
    let found = shell_of_process(program);
    let interpreter = program.rsplit('/').next()?.to_ascii_lowercase().starts_with("python");
    if found.is_some() || !interpreter {
        return found;
    }
    arguments.find(|argument| !argument.starts_with('-')).and_then(shell_of_process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_name() {
        for (name, expected) in [
            ("-zsh", Some(Shell::Zsh)),
            ("/bin/bash", Some(Shell::Bash)),
            ("bash\n", Some(Shell::Bash)),
            ("bash-5.2", Some(Shell::Bash)),
            ("ksh2020", Some(Shell::Ksh)),
            ("/usr/local/bin/nu", Some(Shell::Nushell)),
            (".xonsh-wrapped", Some(Shell::Xonsh)),
            (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", Some(Shell::PowerShell)),
            ("-csh", Some(Shell::Tcsh)),
            ("python3", None),
            ("make", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(shell_of_process(name), expected, "{name}");
        }
    }

    #[test]
    fn an_interpreter_is_known_by_its_script() {
        let of = |line: &'static str| shell_of_arguments(line.split(' '));
        assert_eq!(of("/usr/bin/python3 /home/me/.local/bin/xonsh --no-rc"), Some(Shell::Xonsh));
        assert_eq!(of("python3 -m xonsh"), Some(Shell::Xonsh));
        assert_eq!(of("python3 -u script.py xonsh"), None);
        assert_eq!(of("-fish"), Some(Shell::Fish));
        assert_eq!(of("make bash"), None);
    }
}
