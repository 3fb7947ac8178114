//! Which browser: the configured one, or the first known one that is installed.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// The names under which Chromium-family browsers are installed, the preferred one first.
const NAMES: [&str; 8] = [
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave",
    "brave-browser",
];

/// Where they are on a Mac, which has none of them on the search path.
#[cfg(target_os = "macos")]
const PLACES: &[&str] = &[
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Brave Browser.app/Contents/MacOS/Brave Browser",
];
#[cfg(not(target_os = "macos"))]
const PLACES: &[&str] = &[];

/// The browser to start; `otherwise` is the way without one.
pub(super) fn browser(configured: Option<&str>, path: Option<&OsStr>, otherwise: &str) -> Result<PathBuf> {
    search(configured, path, PLACES, otherwise, is_program)
}

/// As [`browser`], over any file system.
fn search(
    configured: Option<&str>,
    path: Option<&OsStr>,
    places: &[&str],
    otherwise: &str,
    is_program: impl Fn(&Path) -> bool,
) -> Result<PathBuf> {
    // A relative entry would let the directory that one happens to be in choose the program.
    let directories: Vec<PathBuf> =
        path.map(|path| std::env::split_paths(path).filter(|entry| entry.is_absolute()).collect()).unwrap_or_default();
    let named = |name: &str| directories.iter().map(|entry| entry.join(name)).find(|file| is_program(file));
    if let Some(wanted) = configured {
        let found = if wanted.contains('/') {
            Some(PathBuf::from(wanted)).filter(|file| is_program(file))
        } else {
            named(wanted)
        };
        return found.ok_or_else(|| not_there(wanted, otherwise));
    }
    let installed = || places.iter().map(PathBuf::from).find(|file| is_program(file));
    NAMES.iter().find_map(|name| named(name)).or_else(installed).ok_or_else(|| none(otherwise))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

fn not_there(wanted: &str, otherwise: &str) -> Error {
    Error::new(format!("cannot find the configured browser `{wanted}`"))
        .because(if wanted.contains('/') { "no such program" } else { "it is not on the PATH" })
        .hint("set `browser` in the config, or LEAPP_BROWSER, to an installed Chromium-family browser")
        .hint(otherwise)
        .kind(Kind::NeedsPerson)
}

fn none(otherwise: &str) -> Error {
    Error::new("cannot find a browser")
        .because("Chrome, Chromium, Edge or Brave is needed to sign in")
        .hint("install one (Debian, Ubuntu: `apt install chromium`; macOS: `brew install --cask chromium`)")
        .hint("or name one that is elsewhere: `browser` in the config, or LEAPP_BROWSER")
        .hint(otherwise)
        .kind(Kind::NeedsPerson)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(configured: Option<&str>, path: &str, places: &[&str], there: &[&str]) -> Result<String> {
        search(configured, Some(OsStr::new(path)), places, "run: x", |file| there.iter().any(|t| file == Path::new(t)))
            .map(|file| file.display().to_string())
    }

    #[test]
    fn the_first_name_wins_over_the_first_directory() {
        let there = ["/a/brave", "/a/chromium", "/b/google-chrome-stable"];
        assert_eq!(found(None, "/a:/b", &[], &there).as_deref(), Ok("/b/google-chrome-stable"));
        assert_eq!(found(None, "/a", &[], &there).as_deref(), Ok("/a/chromium"));
    }

    #[test]
    fn the_configured_one_is_taken_or_missed() {
        let there = ["/a/chromium", "/opt/my", "/b/vivaldi"];
        assert_eq!(found(Some("/opt/my"), "/a:/b", &[], &there).as_deref(), Ok("/opt/my"));
        assert_eq!(found(Some("vivaldi"), "/a:/b", &[], &there).as_deref(), Ok("/b/vivaldi"));
        for missing in ["/opt/other", "opera"] {
            let error = found(Some(missing), "/a:/b", &[], &there).expect_err("it is not there");
            assert!(error.sentence().contains(missing), "{error}");
        }
    }

    #[test]
    fn fixed_places_come_after_the_search_path() {
        let there = ["/Applications/C", "/a/brave"];
        assert_eq!(found(None, "/a", &["/Applications/C"], &there).as_deref(), Ok("/a/brave"));
        assert_eq!(found(None, "/x", &["/Applications/C"], &there).as_deref(), Ok("/Applications/C"));
    }

    #[test]
    fn relative_directories_are_not_searched() {
        assert!(found(None, ".::bin", &[], &["./chromium", "chromium", "bin/chromium"]).is_err());
    }

    #[test]
    fn none_says_what_to_do_instead() {
        let error = found(None, "/a", &[], &[]).expect_err("there is none");
        assert!(error.hints().contains(&"run: x".to_owned()), "{error}");
    }
}
