//! A browser that is a snap: it may write to its own folders alone, and sees no hidden folder of the person's home.

use std::{fs, os::unix::fs::symlink, path::PathBuf, process::Command, time::Duration};

use nix::sys::signal::{Signal, kill};

use super::{
    desk::Desk,
    pages::{Pages, good_response, posting},
};

/// Runs Chromium as snapd would: all of the home is there to be read at most, its hidden folders are not there.
const STAND_IN: &str = r#"#!/bin/bash
exec unshare --user --map-root-user --mount --propagation private bash -ec '
  for folder in .local .config; do [ ! -e "$HOME/$folder" ] || mount -t tmpfs -o ro,mode=000 none "$HOME/$folder"; done
  mount --rbind "$HOME" "$HOME"
  mount --bind "$HOME/snap/chromium/common" "$HOME/snap/chromium/common"
  mount -t tmpfs none /var/tmp
  mount -o remount,bind,ro "$HOME"
  export TMPDIR=/var/tmp
  exec chromium --no-sandbox "$@"' bash "$@"
"#;

/// The stand-in, by the name of a link to a program `snap` as snaps are installed.
fn stand_in(desk: &Desk) -> PathBuf {
    fs::create_dir_all(desk.path("usr/bin")).expect("made");
    fs::create_dir_all(desk.path("bin")).expect("made");
    let program = desk.program("usr/bin/snap", STAND_IN);
    symlink(program, desk.path("bin/chromium")).expect("linked");
    desk.path("bin/chromium")
}

#[test]
fn a_browser_that_may_write_to_its_own_folder_alone_signs_in_there() {
    let desk = Desk::new();
    desk.move_provider("https://idp.example.com/sso");
    let pages =
        Pages::serve([("idp.example.com/sso", posting("https://signin.aws.amazon.com/saml", &good_response()))]);
    let browser = stand_in(&desk);
    let surrounded = |mut command: Command| {
        command.env("LEAPP_BROWSER", &browser).env("LEAPP_BROWSER_ARGS", pages.browser_args());
        command
    };
    let sign_in = || desk.start(&mut surrounded(desk.leapp(["exec", "corp", "--", "true"]))).succeed();
    sign_in();
    let profile = desk.path("snap/chromium/common/leapp/browser/idp.example.com");
    assert!(profile.join("Default/Preferences").exists(), "its profile is there");
    assert!(!desk.state().join("browser").exists(), "and nowhere else");
    desk.sign_out();
    let silent = surrounded(desk.leapp_auto(None, &["exec", "corp", "--", "true"]));
    desk.start(&mut { silent }).succeed();

    let console = surrounded(desk.leapp(["console", "corp"]));
    desk.start({ console }.env("AWS_ENDPOINT_URL_SIGNIN", desk.sts())).succeed();
    assert!(desk.path("snap/chromium/common/leapp/console/corp/Default").exists(), "it has read the page");
    // That browser stays until its window is closed.
    for (process, _) in desk.processes() {
        let _ = kill(process, Signal::SIGKILL);
    }
    desk.is_empty_within(Duration::from_secs(5));

    let said = desk.start(&mut desk.leapp(["logout", "corp", "--browser"])).succeed().err;
    assert!(said.contains("the browser at idp.example.com") && said.contains("the console of `corp`"), "{said}");
    assert!(!profile.exists());
    sign_in();
    desk.start(&mut desk.leapp(["logout", "--all"])).succeed();
    assert!(!profile.exists(), "nor is it after that");
}
