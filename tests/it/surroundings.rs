//! The tests do not depend on how their run was started: the bed gives them the same surroundings after any start.

use std::process::Command;

use crate::harness::{bed, text};

/// A start as it comes from supervisors, `nohup`, jobs in the background and odd shells, all at once: signals ignored and
/// blocked, a umask, few files, other people's settings, no standard input, no terminal. Then it becomes a command.
const HOSTILE: &str = "
import os, resource, signal, sys
for name in 'HUP INT QUIT USR1 PIPE TSTP CHLD WINCH'.split():
    signal.signal(getattr(signal, 'SIG' + name), signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGUSR2])
os.umask(0o077)
resource.setrlimit(resource.RLIMIT_NOFILE, (48, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
for name in '''AWS_PROFILE AWS_ACCESS_KEY_ID AWS_CA_BUNDLE AWS_CONFIG_FILE LEAPP_CONFIG LEAPP_STATE LEAPP_PASSPHRASE_FILE
        XDG_CONFIG_HOME XDG_STATE_HOME XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS LC_ALL LC_MESSAGES LANGUAGE TZ NO_COLOR
        HTTP_PROXY https_proxy DISPLAY BASH_ENV PYTHONSTARTUP'''.split():
    os.environ[name] = '/nowhere'
os.environ['CDPATH'] = '.'
os.close(0)
os.execvp(sys.argv[1], sys.argv[1:])
";

/// Says what it was handed, where that is not as it should be.
const PROBE: &str = "
import os, resource, signal
for line in open('/proc/self/status'):
    # Python itself ignores PIPE and XFSZ, and the C library keeps 32 and 33 for itself.
    if line.startswith(('SigBlk', 'SigIgn')) and int(line.split()[1], 16) & ~0x181001000:
        print(line.strip())
for name in os.environ:
    if os.environ[name] == '/nowhere' or name == 'CDPATH':
        print(name)
if os.umask(0) != 0o022:
    print('umask')
if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1024:
    print('files')
os.read(0, 1)
try:
    os.close(os.open('/dev/tty', os.O_RDWR))
    print('a terminal')
except OSError:
    pass
if os.getsid(0) == int(os.environ['LEAPP_BED_OUTER']):
    print('a session of somebody else')
";

/// Tests that are known to have failed after one start or another.
const TOUCHY: [&str; 3] = [
    "refresh::signals::what_leapp_is_sent_the_command_gets_once",
    "refresh::signals::ctrl_c_ends_the_script_around_it_too",
    "session::a_link_stays_and_so_do_mode_and_owner",
];

/// Runs a command of the bed's after such a start.
fn hostile(words: &[&str]) -> String {
    let mut command = Command::new("setsid");
    command.args(["-w", &bed("LEAPP_BED_PYTHON"), "-c", HOSTILE]).args(words);
    let session = nix::unistd::getsid(None).expect("a session").to_string();
    let output = command.env("LEAPP_BED_OUTER", session).output().expect("started");
    let said = text(&output.stderr);
    assert!(output.status.success(), "{:?}: {said}\n{}", output.status, text(&output.stdout));
    text(&output.stdout)
}

#[test]
fn whatever_starts_the_bed_its_command_finds_the_same() {
    let python = bed("LEAPP_BED_PYTHON");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/");
    for start in [&[&*[folder, "bed"].concat(), "run", "--"] as &[&str], &[&[folder, "plain"].concat(), "--"]] {
        let probe: Vec<&str> = [start, &[&python, "-c", PROBE]].concat();
        let said = hostile(&probe);
        // A build may have to fetch something.
        let said = if start.len() == 2 { said.replace("HTTP_PROXY\n", "").replace("https_proxy\n", "") } else { said };
        assert_eq!(said, "", "{start:?}");
    }
}

#[test]
fn touchy_tests_pass_whatever_starts_them() {
    let here = std::env::current_exe().expect("a path").display().to_string();
    let bed = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bed/bed");
    let words: Vec<&str> = [&[bed, "run", "--", &here, "--exact"] as &[&str], &TOUCHY].concat();
    let said = hostile(&words);
    assert!(said.contains(&format!("test result: ok. {} passed", TOUCHY.len())), "{said}");
}
