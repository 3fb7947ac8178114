//! What keeps a sign-in from beginning: no provider, no display, no browser. Each is said, with what to do instead.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Command,
    time::Duration,
};

use super::desk::{Desk, Running};

fn exec(desk: &Desk, variables: &[(&str, &str)]) -> Running {
    let mut command: Command = desk.leapp(["exec", "corp", "--", "true"]);
    desk.start(command.envs(variables.iter().copied()))
}

/// An identity provider that answers all requests with this.
fn provider(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let url = format!("http://{}/saml", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = connection.read(&mut [0; 4096]);
                if answer.is_empty() {
                    std::thread::sleep(Duration::from_mins(1));
                }
                let _ = connection.write_all(answer.as_bytes());
            });
        }
    });
    url
}

/// A port at which nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("an address").port()
}

#[test]
fn a_provider_that_is_down_is_named_at_once() {
    let desk = Desk::new();
    let host = format!("127.0.0.1:{}", closed_port());
    desk.move_provider(&format!("http://{host}/saml"));
    let ended = exec(&desk, &[]).end_with(125);
    desk.is_empty();
    assert!(ended.time < Duration::from_secs(5), "{:?}", ended.time);
    let expected = format!(
        "leapp: cannot reach the identity provider at {host}: the connection was refused (ERR_CONNECTION_REFUSED)\n"
    );
    assert!(ended.err.contains(&expected), "{}", ended.err);
}

#[test]
fn a_host_that_does_not_exist_is_named_at_once() {
    let desk = Desk::new();
    desk.move_provider("https://no-such-host.invalid/saml");
    let said = exec(&desk, &[]).end_with(125).err;
    assert!(said.contains("cannot reach the identity provider at no-such-host.invalid: no such host"), "{said}");
}

#[test]
fn a_provider_that_answers_with_an_error_and_no_page_is_named_at_once() {
    let desk = Desk::new();
    desk.move_provider(&provider("HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    let ended = exec(&desk, &[]).end_with(125);
    assert!(ended.time < Duration::from_secs(5), "{:?}", ended.time);
    assert!(ended.err.contains("it answered with an error (ERR_HTTP_RESPONSE_CODE_FAILURE)"), "{}", ended.err);
    desk.is_empty();
}

#[test]
fn a_provider_that_never_answers_or_shows_an_error_ends_in_bounded_time() {
    for answer in ["", "HTTP/1.1 500 No\r\nContent-Length: 2\r\nContent-Type: text/html\r\nConnection: close\r\n\r\nNo"]
    {
        let desk = Desk::new();
        desk.set("sign_in_timeout = \"2s\"");
        desk.move_provider(&provider(answer));
        let ended = exec(&desk, &[]).end_with(125);
        desk.is_empty();
        assert!(ended.time < Duration::from_secs(5), "{:?}", ended.time);
        assert!(ended.err.contains("not finished within 2s"), "{}", ended.err);
    }
}

#[test]
fn without_a_display_it_says_so_at_once() {
    let desk = Desk::new();
    for mode in ["auto", "never"] {
        let ended = exec(&desk, &[("LEAPP_HEADLESS", mode)]).end_with(125);
        assert!(ended.time < Duration::from_secs(2), "{:?}", ended.time);
        assert!(ended.err.contains("it needs you in a browser window, and there is no display"), "{}", ended.err);
        assert!(ended.err.contains("leapp login corp --saml-response FILE"), "{}", ended.err);
    }
}

#[test]
fn a_display_that_is_not_there_is_said() {
    let desk = Desk::new();
    let ended = exec(&desk, &[("LEAPP_HEADLESS", "never"), ("DISPLAY", ":4711")]).end_with(125);
    desk.is_empty();
    assert!(ended.err.contains("cannot start the browser") && ended.err.contains("Missing X server"), "{}", ended.err);
    assert!(!ended.err.contains(":ERROR:"), "in words: {}", ended.err);
}

#[test]
fn without_a_browser_it_says_what_to_install_and_what_to_do_instead() {
    let desk = Desk::new();
    let empty = desk.path("empty");
    fs::create_dir(&empty).expect("made");
    let said = exec(&desk, &[("PATH", &empty.display().to_string())]).end_with(125).err;
    assert!(said.starts_with("leapp: cannot find a browser: Chrome, Chromium, Edge or Brave is needed"), "{said}");
    assert!(said.contains("apt install chromium") && said.contains("leapp login corp --saml-response FILE"), "{said}");
    for (browser, why) in [("/nonexistent", "no such program"), ("nonexistent", "it is not on the PATH")] {
        let said = exec(&desk, &[("LEAPP_BROWSER", browser)]).end_with(125).err;
        assert!(said.starts_with(&format!("leapp: cannot find the configured browser `{browser}`: {why}\n")), "{said}");
        assert!(said.contains("leapp login corp --saml-response FILE"), "{said}");
    }
}

#[test]
fn a_program_that_is_no_browser_is_found_out() {
    let desk = Desk::new();
    let said = exec(&desk, &[("LEAPP_BROWSER", "/bin/true")]).end_with(125).err;
    assert!(said.contains("cannot start the browser `/bin/true`: it ended with exit code 0"), "{said}");
    let said = exec(&desk, &[("LEAPP_BROWSER", "/bin/cat")]).end_with(125).err;
    assert!(said.contains("unrecognized option '--remote-debugging-pipe'"), "{said}");
}

#[test]
fn a_browser_that_dies_is_said() {
    let desk = Desk::new();
    let waiting = exec(&desk, &[]);
    waiting.says("sign in to `corp`");
    let (browser, _) = desk
        .processes()
        .into_iter()
        .find(|(_, line)| line.contains("--remote-debugging-pipe") && !line.contains("--type="))
        .expect("a browser");
    nix::sys::signal::kill(browser, nix::sys::signal::Signal::SIGKILL).expect("killed");
    let ended = waiting.end_within(Duration::from_secs(5));
    desk.is_empty();
    assert!(ended.err.contains("ended before the sign-in was finished: it was ended by SIGKILL"), "{}", ended.err);
}

#[test]
fn browser_arguments_are_shell_words() {
    let desk = Desk::new();
    let said = exec(&desk, &[("LEAPP_BROWSER_ARGS", "--lang=de 'open")]).end_with(125).err;
    assert!(said.starts_with("leapp: cannot read LEAPP_BROWSER_ARGS: missing closing quote\n"), "{said}");
    let told = desk.path("told");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}'\nexit 3\n", told.display());
    let browser = desk.program("told-browser", &script);
    let words = r#"--lang=de '--user-agent=Mozilla 5' --a="b 'c'" --d\ e"#;
    let browser = browser.display().to_string();
    let said = exec(&desk, &[("LEAPP_BROWSER", &browser), ("LEAPP_BROWSER_ARGS", words)]).end_with(125).err;
    assert!(said.contains("it ended with exit code 3"), "{said}");
    let told = fs::read_to_string(&told).expect("told");
    assert!(told.ends_with("\n--lang=de\n--user-agent=Mozilla 5\n--a=b 'c'\n--d e\nabout:blank\n"), "{told}");
}

#[test]
fn a_browser_never_sees_what_is_leapps_or_awss() {
    let desk = Desk::new();
    let told = desk.path("told");
    let browser = desk.program("told-browser", &format!("#!/bin/sh\nenv > '{}'\nexit 3\n", told.display()));
    exec(&desk, &[("LEAPP_BROWSER", &browser.display().to_string()), ("AWS_SECRET_ACCESS_KEY", "x")]).end_with(125);
    let told = fs::read_to_string(&told).expect("told");
    assert!(told.contains("HOME=") && !told.contains("LEAPP_") && !told.contains("AWS_"), "{told}");
}
