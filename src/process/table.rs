//! What the system tells of any process.

#[cfg(not(target_os = "linux"))]
use std::process::Command;
use std::{
    fs::{self, File},
    io::Read as _,
};

/// The processes that a process started; none where the kernel does not tell.
#[cfg(target_os = "linux")]
pub(super) fn children_of(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    children.flat_map(|line| line.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
}

/// The processes that a process started, as `ps` tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn children_of(pid: i32) -> Vec<i32> {
    // What follows `=` is a heading to the end of the argument: one for each column.
    let Ok(output) = Command::new("/bin/ps").args(["-A", "-o", "pid=", "-o", "ppid="]).output() else {
        return Vec::new();
    };
    children_in(&String::from_utf8_lossy(&output.stdout), pid)
}

/// Those whose parent this is, in lines of a process and its parent.
#[cfg(any(test, not(target_os = "linux")))]
fn children_in(table: &str, pid: i32) -> Vec<i32> {
    let pairs = table.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    let of_parent = pairs.filter(|(_, parent)| parent.trim().parse() == Ok(pid));
    of_parent.filter_map(|(child, _)| child.parse().ok()).collect()
}

#[cfg(target_os = "linux")]
pub(super) fn arguments_of(pid: i32) -> Option<Vec<String>> {
    let line = of_proc(pid, "cmdline")?;
    Some(line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn arguments_of(pid: i32) -> Option<Vec<String>> {
    Some(of_ps(pid, "args=")?.split_whitespace().map(str::to_owned).collect())
}

#[cfg(target_os = "linux")]
pub(super) fn parent_of(pid: i32) -> Option<i32> {
    stat_of(pid)?.split(' ').nth(1)?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn parent_of(pid: i32) -> Option<i32> {
    of_ps(pid, "ppid=")?.trim().parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn of_ps(pid: i32, what: &str) -> Option<String> {
    let output = Command::new("/bin/ps").args(["-o", what, "-p", &pid.to_string()]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A file of `/proc/PID`. Such a file says that it is empty: without room it would be read in many small pieces.
fn of_proc(pid: i32, name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(4096);
    File::open(format!("/proc/{pid}/{name}")).ok()?.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// What `/proc/PID/stat` says from the process's state on. The name before it, in parentheses, may have anything in it.
fn stat_of(pid: i32) -> Option<String> {
    let stat = String::from_utf8_lossy(&of_proc(pid, "stat")?).into_owned();
    Some(stat.rsplit_once(") ")?.1.to_owned())
}

/// When a process started; none where there is none, or it has ended and nobody has asked about it yet.
pub(super) fn start_of(pid: i32) -> Option<u64> {
    let stat = stat_of(pid)?;
    // The state, and 19 fields later the start.
    let mut fields = stat.split(' ');
    let is_over = matches!(fields.next(), Some("Z" | "X") | None);
    fields.nth(18).filter(|_| !is_over)?.parse().ok()
}

/// Whether the signal was ignored before anything was registered. Only Linux tells without unsafe code.
pub(crate) fn is_ignored(signal: i32) -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, signal))
}

/// Reads the line `SigIgn:` of `/proc/PID/status`, a bit per signal.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use nix::libc::{SIGHUP, SIGINT};

    use super::*;

    #[test]
    fn children_are_found_by_their_parent() {
        let table = "    1     0\n  812     1\n  813   812\n 1812  812\n x y\n\n";
        assert_eq!(children_in(table, 812), [813, 1812]);
        assert_eq!(children_in(table, 2), [0; 0]);
        assert!(
            children_of(nix::unistd::getppid().as_raw())
                .contains(&i32::try_from(std::process::id()).expect("a number"))
        );
    }

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let status = "Name:\tleapp\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        assert!(ignores(status, SIGHUP));
        assert!(!ignores(status, SIGINT));
        assert!(!ignores("", SIGHUP));
    }
}
