//! A page for the person, in a browser that stays when leapp has gone.
//!
//! The page's address is secret, and the arguments of a process are for everybody to read: what the browser is started
//! with is a file for this user alone that leads on to the address. It is removed as soon as it was read.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, FileTimes},
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use tempfile::NamedTempFile;

use super::{Place, arguments, find, process::ending};
use crate::{
    error::{Error, Kind, Result},
    files::{self, private_folder},
    secret::Secret,
};

/// How long a browser may take to read the page; also how long it is there where a file system does not note that.
const READING: Duration = Duration::from_secs(10);
/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(20);

/// What is opened, and how.
pub(crate) struct Opening<'a> {
    /// The address.
    pub(crate) url: &'a Secret,
    /// The browser's profile; pages lie beside it.
    pub(crate) profile: Place<'a>,
    /// The configured browser, a path or a name on the search path; the first known one that is installed otherwise.
    pub(crate) browser: Option<&'a str>,
    /// The configured arguments; they come last.
    pub(crate) args: &'a [String],
    /// The search path (`PATH`).
    pub(crate) path: Option<&'a OsStr>,
    /// Environment variables that the browser does not get.
    pub(crate) withheld: &'a [OsString],
    /// Whether a window can be shown.
    pub(crate) display: bool,
    /// Whether no window shall be shown (tests do).
    pub(crate) headless: bool,
    /// Whether this is root, for whom a Chromium-family browser starts without its sandbox or not at all.
    pub(crate) root: bool,
    /// The way without a browser, for hints.
    pub(crate) otherwise: &'a str,
}

/// Opens the page, and returns when the browser has it.
///
/// # Errors
/// Where no browser is installed, where there is no display, where the browser ends at once.
pub(crate) fn open(request: &Opening<'_>) -> Result<()> {
    let cannot = || Error::new("cannot open a browser").hint(request.otherwise);
    if !request.display && !request.headless {
        return Err(cannot().because("there is no display").kind(Kind::NeedsPerson));
    }
    let program = find::browser(request.browser, request.path, request.otherwise)?;
    let profile = request.profile.of(&program);
    let folder = profile.parent().unwrap_or(&profile);
    let page = private_folder(&profile)
        .and_then(|()| private_folder(folder))
        .and_then(|()| write_page(folder, request.url))
        .map_err(|error| cannot().because(format!("{}: {error}", folder.display())))?;
    let mut command = Command::new(&program);
    command.args(command_line(&program, request, &profile, page.path()));
    // A Ctrl-C at leapp's terminal is not for a browser that stays.
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for name in request.withheld {
        command.env_remove(name);
    }
    let named = || Error::new(format!("cannot open the browser `{}`", program.display())).hint(request.otherwise);
    let browser = command.spawn().map_err(|error| named().because(error))?;
    wait_until_read(browser, page.path()).map_err(|why| named().because(why))
}

fn command_line(program: &Path, request: &Opening<'_>, profile: &Path, page: &Path) -> Vec<OsString> {
    let name = program.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let mut line: Vec<OsString> = if ["firefox", "librewolf"].iter().any(|known| name.contains(known)) {
        vec!["--profile".into(), profile.into()]
    } else {
        arguments::of_window(profile, request.headless, request.root)
    };
    line.extend(request.args.iter().map(OsString::from));
    let mut address = OsString::from("file://");
    address.push(page);
    line.push(address);
    line
}

/// A page that leads on to the address; it is gone when this is dropped.
fn write_page(folder: &Path, url: &Secret) -> io::Result<NamedTempFile> {
    let mut page = files::temporary_with(folder, ".html")?;
    page.write_all(
        [
            "<!DOCTYPE html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>AWS</title>\
             <meta http-equiv=\"refresh\" content=\"0;url=",
            &in_attribute(url),
            "\">\n",
        ]
        .concat()
        .as_bytes(),
    )?;
    page.as_file().set_times(FileTimes::new().set_accessed(SystemTime::UNIX_EPOCH))?;
    Ok(page)
}

fn in_attribute(url: &Secret) -> String {
    url.expose().replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\'', "&#39;")
}

/// Waits until the page was read. A browser that runs already takes it over from the one that was started.
fn wait_until_read(mut browser: Child, page: &Path) -> Result<(), String> {
    let deadline = Instant::now() + READING;
    let is_read = || fs::metadata(page).and_then(|page| page.accessed()).is_ok_and(|at| at > SystemTime::UNIX_EPOCH);
    while !is_read() && Instant::now() < deadline {
        if let Ok(Some(status)) = browser.try_wait()
            && !status.success()
        {
            return Err(ending(status));
        }
        thread::sleep(GLANCE);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn opening<'a>(url: &'a Secret, args: &'a [String]) -> Opening<'a> {
        Opening {
            url,
            profile: Place { state: Path::new("/s"), home: Path::new("/h"), room: "console", name: "x".into() },
            browser: None,
            args,
            path: None,
            withheld: &[],
            display: true,
            headless: false,
            root: false,
            otherwise: "run: x",
        }
    }

    #[test]
    fn no_argument_holds_the_address() {
        let (url, args) = (Secret::new("https://h/?Action=login&SigninToken=hush"), ["--lang=de".to_owned()]);
        let (opening, profile) = (opening(&url, &args), Path::new("/p q"));
        for program in ["/usr/bin/chromium", "/usr/bin/firefox-esr"] {
            let line = command_line(Path::new(program), &opening, profile, Path::new("/x/page.html"));
            assert!(!line.iter().any(|word| word.to_string_lossy().contains("hush")), "{line:?}");
            assert_eq!(line[line.len() - 2..], ["--lang=de", "file:///x/page.html"]);
        }
        let line = command_line(Path::new("/usr/bin/firefox"), &opening, profile, Path::new("/x"));
        assert_eq!(line[..2], ["--profile", "/p q"]);
    }

    #[test]
    fn the_page_leads_on_and_is_for_one_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = write_page(folder.path(), &Secret::new("https://h/?a=1&b='\"><script>")).expect("written");
        let text = fs::read_to_string(page.path()).expect("read");
        assert!(text.ends_with("content=\"0;url=https://h/?a=1&amp;b=&#39;&quot;>&lt;script>\">\n"), "{text}");
        assert_eq!(page.as_file().metadata().expect("there").permissions().mode() & 0o777, 0o600);
        let path = page.path().to_owned();
        drop(page);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_a_link_leads_to_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let (elsewhere, link) = (folder.path().join("elsewhere"), folder.path().join("console"));
        fs::create_dir_all(elsewhere.join("own")).expect("made");
        for open in [&elsewhere, &elsewhere.join("own")] {
            fs::set_permissions(open, fs::Permissions::from_mode(0o755)).expect("set");
        }
        std::os::unix::fs::symlink(&elsewhere, &link).expect("linked");
        let (url, args) = (Secret::new("https://h/"), []);
        let mut request = opening(&url, &args);
        request.profile = Place { state: folder.path(), name: "own".into(), ..request.profile };
        request.browser = Some("/bin/false");
        open(&request).expect_err("it fails");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&elsewhere), mode(&elsewhere.join("own"))), (0o755, 0o700), "the link's end is anybody's");
    }

    #[test]
    fn a_browser_that_fails_is_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let (url, args) = (Secret::new("https://h/?hush"), []);
        let mut request = opening(&url, &args);
        request.profile = Place { state: folder.path(), name: "prod".into(), ..request.profile };
        request.browser = Some("/bin/false");
        let error = open(&request).expect_err("it fails").to_string();
        assert_eq!(error, "leapp: cannot open the browser `/bin/false`: it ended with exit code 1\n  run: x");
        assert_eq!(fs::read_dir(folder.path().join("console")).expect("a folder").count(), 1, "the profile alone");
        request.display = false;
        assert!(open(&request).expect_err("no display").to_string().contains("there is no display"));
    }
}
