//! How the browser is started.

use std::ffi::OsString;
use std::path::Path;

use super::Manner;

/// What every start has.
///
/// - Quiet: no first-run pages, no offers, no "restore pages?", no updates, no reports home. Crash reports are off for
///   one more reason: a dump of the memory could hold the assertion.
/// - No page stays on the disk: the one that posts the assertion contains it, and not every identity provider says
///   `no-store`. (A size of 0 would be the default size.)
/// - `--password-store=basic` (Linux only; other systems ignore it): with the default, Chromium would ask whatever
///   keyring the desktop has for the key to its cookies. That dials D-Bus and may prompt; and the key would be
///   another one headless or over SSH than in the window, so that one run could not read the other's cookies and
///   nothing would ever be silent. The profile directory is the person's alone (0700), which is the protection that
///   remains. Who wants the keyring sets `browser_args = ["--password-store=gnome-libsecret"]`: later arguments win.
/// - Extensions stay on: managed browsers prove their device to the identity provider with one.
const ALWAYS: [&str; 13] = [
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-search-engine-choice-screen",
    "--hide-crash-restore-bubble",
    "--no-pings",
    "--disk-cache-size=1",
    "--password-store=basic",
];

/// Chromium's own headless mode, the one that shares its profile with windows. Chrome 112 to 131 still understand the
/// bare `--headless` as the older mode, which does not. The size is remembered with the profile, so it is one that the
/// next window can have; by default the screen, which pages see, would be smaller than that.
const HEADLESS: [&str; 4] = ["--headless=new", "--disable-gpu", "--window-size=1200,900", "--screen-info={1920x1080}"];

/// What a window has that stays when leapp has gone: it is the person's, and may restore and cache what it likes.
const STAYING: [&str; 3] = ["--no-first-run", "--no-default-browser-check", "--password-store=basic"];

/// The command line of such a window, without the program, the person's arguments and the page.
pub(super) fn of_window(profile: &Path, headless: bool, root: bool) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = STAYING.iter().map(OsString::from).collect();
    if headless {
        arguments.extend(HEADLESS.iter().map(OsString::from));
    }
    if root {
        arguments.push("--no-sandbox".into());
    }
    arguments.push(user_data(profile));
    arguments
}

fn user_data(profile: &Path) -> OsString {
    let mut directory = OsString::from("--user-data-dir=");
    directory.push(profile);
    directory
}

/// Where the page starts: the sign-in itself begins when every request is watched.
const BLANK: &str = "about:blank";

/// The command line without the program.
pub(super) fn arguments(profile: &Path, manner: Manner, root: bool, extra: &[String]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ALWAYS.iter().map(OsString::from).collect();
    if manner != Manner::Window {
        arguments.extend(HEADLESS.iter().map(OsString::from));
    }
    if root {
        arguments.push("--no-sandbox".into());
    }
    arguments.push(user_data(profile));
    arguments.extend(extra.iter().map(OsString::from));
    arguments.push(BLANK.into());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(manner: Manner, root: bool) -> Vec<String> {
        let extra = ["--lang=de".to_owned()];
        let arguments = arguments(Path::new("/p q"), manner, root, &extra);
        arguments.into_iter().map(|argument| argument.into_string().expect("text")).collect()
    }

    #[test]
    fn only_root_gives_up_the_sandbox() {
        assert!(!line(Manner::Window, false).contains(&"--no-sandbox".to_owned()));
        assert!(line(Manner::Window, true).contains(&"--no-sandbox".to_owned()));
    }

    #[test]
    fn only_a_window_has_a_head() {
        assert!(!line(Manner::Window, false).iter().any(|argument| argument.starts_with("--headless")));
        assert!(line(Manner::Silent, false).contains(&"--headless=new".to_owned()));
        assert!(line(Manner::Headless, false).contains(&"--headless=new".to_owned()));
    }

    #[test]
    fn the_persons_arguments_come_after_leapps() {
        let line = line(Manner::Window, false);
        assert_eq!(line[line.len() - 3..], ["--user-data-dir=/p q", "--lang=de", "about:blank"]);
    }
}
