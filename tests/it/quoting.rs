//! What leapp prints for a shell, carried out by the real shell: every value arrives, and a failure stops.

use std::fmt::Write as _;

use leapp::environment::Plan;
use leapp::shell::{Format, Shell};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::shells::{Real, Scene};

/// Values that have broken somebody's quoting, or could.
pub(crate) const NASTY: &[&str] = &[
    "",
    " ",
    "  leading and trailing  ",
    "\t",
    "\r",
    "a\rb\r",
    "carriage\r\nreturn\r\n",
    "\n",
    "\n\nlines\n\n",
    "'",
    "''",
    "'''",
    "it's",
    "\"",
    "\"quoted\"",
    "'\"'\"'",
    "\\",
    "\\\\",
    "trailing backslash\\",
    "\\'",
    "\\\"",
    "\\n\\t\\x41\\u0041\\101",
    "\\\nline continuation",
    "$HOME",
    "${HOME}",
    "$(touch it-ran)",
    "`touch it-ran`",
    "'; touch it-ran; '",
    "'; ./ran; echo '",
    "\"; ./ran; echo \"",
    "\n./ran\n",
    "& ./ran &",
    "| ./ran",
    "(./ran)",
    "{$E:HOME}",
    "@(./ran)",
    "$[1+1] $((1+1))",
    "!",
    "!!",
    "a!b!c",
    "!-1:p",
    "\\!",
    "!\\",
    "'!'",
    "^a^b^",
    "~",
    "~root",
    "=ls",
    "a:~:=ls",
    "-n",
    "--",
    "-rf /",
    "*",
    "?[a-z]*",
    "{a,b}{1..3}",
    "#",
    "a #comment",
    "%",
    "%s%n%d",
    "%PATH%",
    "<(echo a) >out <in",
    "a;b",
    "a&b|c",
    "\x01\x02\x03\x04\x05\x06\x07\x08",
    "\x0b\x0c\x0e\x0f\x10\x1b[31m\x7f",
    "\u{80}\u{9f}\u{a0}\u{ad}",
    "żółć ½ ß İ ı",
    "日本語",
    "😀👩‍👩‍👧",
    "e\u{301}\u{200d}\u{202e}\u{2066}\u{feff}",
    "\u{2018}curly\u{2019} \u{201c}quotes\u{201d} \u{201a}\u{201b}",
    "\u{2028}\u{2029}\u{85}",
    "\u{e000}\u{f600}\u{f6ff}\u{f8ff}",
    "\u{fdd0}\u{fdef}\u{fffe}\u{ffff}\u{fffd}",
    "\u{10ffff}\u{1f600}\u{20000}",
    "{{ jinja }} <% erb %>",
    "f'{1+1}' r'' b''",
    "$'\\n' $\"x\"",
    "null",
    "true",
    "0",
    "1e3",
    "[1, 2]",
    "{\"a\": 1}",
    "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+a/b==",
];

/// Single values: text, and what shells look at.
fn value() -> impl Strategy<Value = String> {
    let special: Vec<char> = "'\"\\$`!^~#%&|;<>()[]{}*?=:-+@,. \t\r\n\u{1}\u{1b}\u{7f}aZ0".chars().collect();
    let character = prop_oneof![
        6 => prop::sample::select(special),
        2 => any::<char>(),
        1 => prop::char::range('\u{80}', '\u{7ff}'),
        1 => prop::char::range('\u{f000}', '\u{ffff}'),
    ];
    prop::collection::vec(character, 0..24).prop_map(|text| text.into_iter().filter(|c| *c != '\0').collect())
}

/// What a shell can carry of a value.
fn fit(shell: Shell, value: &str) -> String {
    if shell == Shell::Tcsh { value.replace('\n', "") } else { value.to_owned() }
}

/// The line that a person pastes, and then a child to look at, if all went well.
fn pasted(real: &Real) -> String {
    let line = real.shell.usage_line(Scene::LEAPP);
    let and = if real.decides_by_status() { " && " } else { "\n" };
    format!("{line}{and}./dump\n")
}

/// Sends values through a shell, each in a variable of its own.
fn carry(real: &Real, prelude: &str, locale: &str, values: &[String]) -> Result<(), TestCaseError> {
    // tcsh takes 4,096 bytes at most of what is not ASCII.
    let at_once = if real.shell == Shell::Tcsh { 16 } else { values.len() };
    values.chunks(at_once).try_for_each(|some| carry_at_once(real, prelude, locale, some))
}

fn carry_at_once(real: &Real, prelude: &str, locale: &str, values: &[String]) -> Result<(), TestCaseError> {
    let mut plan = Plan::clear();
    for (place, value) in values.iter().enumerate() {
        plan.set(format!("V{place}"), &fit(real.shell, value)).expect("a plan");
    }
    let statements = real.shell.render(&plan).expect("values that fit");
    let mut scene = Scene::new(&statements, 0);
    scene.set("LC_ALL", locale);
    scene.set("AWS_PROFILE", "old");
    let output = scene.run(real, &format!("{prelude}\n{}", pasted(real)));
    let said = || format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let Some(after) = scene.dumped() else {
        return Err(TestCaseError::fail(format!("the shell stopped ({}): {}", output.status, said())));
    };
    prop_assert!(!scene.ran(), "a value was run as a command");
    prop_assert!(!after.contains_key("AWS_PROFILE"), "AWS_PROFILE is still there: {}", said());
    for (place, value) in values.iter().enumerate() {
        let expected = fit(real.shell, value);
        let arrived = after.get(&format!("V{place}")).map(|bytes| String::from_utf8_lossy(bytes));
        prop_assert_eq!(arrived.as_deref(), Some(&*expected), "value {}: {}", place, said());
    }
    Ok(())
}

/// Sends the nasty values and some hundreds of arbitrary ones through a shell, and again in its odder modes.
fn round_trip(name: &str, odd_modes: &[&str]) {
    let real = Real::find(name);
    let nasty: Vec<String> = NASTY.iter().map(|value| (*value).to_owned()).collect();
    carry(&real, "", "C.UTF-8", &nasty).unwrap_or_else(|error| panic!("{name}: {error}"));
    arbitrary(&real, "", "C.UTF-8", 4);
    for mode in odd_modes {
        carry(&real, mode, "C.UTF-8", &nasty).unwrap_or_else(|error| panic!("{name} under `{mode}`: {error}"));
        arbitrary(&real, mode, "C.UTF-8", 1);
    }
    carry(&real, "", "C", &nasty).unwrap_or_else(|error| panic!("{name} in the C locale: {error}"));
    arbitrary(&real, "", "C", 1);
}

/// Sends batches of arbitrary values through a shell.
fn arbitrary(real: &Real, prelude: &str, locale: &str, batches: u32) {
    let config = Config { cases: batches, max_shrink_iters: 400, failure_persistence: None, ..Config::default() };
    let values = prop::collection::vec(value(), 1..100);
    let result = TestRunner::new(config).run(&values, |values| carry(real, prelude, locale, &values));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, values)) => panic!("{:?} under `{prelude}`: {values:?}: {why}", real.shell),
        Err(TestError::Abort(why)) => panic!("{:?}: {why}", real.shell),
    }
}

#[test]
fn bash_carries_every_value() {
    round_trip(
        "bash",
        &[
            "set -eu -o pipefail -o noclobber",
            "set -o posix; set -afk; set -o history -o histexpand",
            "IFS=\"=A'\\\\; \"; shopt -s extglob nullglob dotglob nocasematch",
        ],
    );
}

#[test]
fn dash_carries_every_value() {
    round_trip("dash", &["set -eu", "set -Caf; IFS=\"=A'; \""]);
}

#[test]
fn zsh_carries_every_value() {
    round_trip(
        "zsh",
        &[
            "setopt sh_word_split rc_quotes csh_junkie_quotes glob_subst",
            "setopt err_exit no_unset pipe_fail no_clobber extended_glob null_glob rc_expand_param magic_equal_subst",
            "setopt ksh_arrays ksh_typeset bang_hist auto_cd all_export no_multibyte; IFS=\"=A'; \"",
            "emulate sh",
            "emulate ksh",
            "emulate csh",
        ],
    );
}

#[test]
fn ksh93_carries_every_value() {
    round_trip("ksh93", &["set -eu -o pipefail -o noclobber", "set -af; IFS=\"=A'; \"", "set -o posix -o braceexpand"]);
}

#[test]
fn mksh_carries_every_value() {
    round_trip("mksh", &["set -eu -o pipefail -o noclobber", "set -af; IFS=\"=A'; \"", "set -o posix", "set -U"]);
}

#[test]
fn fish_carries_every_value() {
    round_trip("fish", &["set -g IFS a", "set -g fish_features all"]);
}

#[test]
fn elvish_carries_every_value() {
    round_trip("elvish", &[]);
}

#[test]
fn tcsh_carries_every_value() {
    round_trip(
        "tcsh",
        &[
            "set backslash_quote noglob noclobber",
            "set history=100 histchars='%,' echo_style=both nonomatch",
            "set echo verbose histlit csubstnonl",
        ],
    );
}

#[test]
fn nushell_carries_every_value() {
    round_trip("nu", &[]);
}

#[test]
fn xonsh_carries_every_value() {
    round_trip("xonsh", &["$XONSH_SUBPROC_CMD_RAISE_ERROR = True"]);
}

/// History expansion belongs to what is typed; it must not reach into what is evaluated.
#[test]
fn typed_lines_carry_every_value() {
    let nasty: Vec<String> = NASTY.iter().map(|value| (*value).to_owned()).collect();
    for name in ["bash", "zsh", "tcsh", "fish"] {
        let real = Real::interactive(name);
        carry(&real, "echo some history", "C.UTF-8", &nasty).unwrap_or_else(|error| panic!("{name}: {error}"));
        arbitrary(&real, "echo some history", "C.UTF-8", 1);
    }
}

#[test]
fn tcsh_is_never_handed_a_line_feed() {
    for value in ["\n", "a\nb", "a\r\n"] {
        let mut plan = Plan::new();
        plan.set("V", value).expect("a plan");
        assert!(Shell::Tcsh.render(&plan).is_err(), "{value:?}");
    }
}

/// The environment of somebody who has worked already.
fn with_old_credentials(statements: &str) -> Scene {
    let mut scene = Scene::new(statements, 1);
    for name in Plan::clear().names() {
        scene.set(name, "old");
    }
    scene
}

/// Fails if any of the old credentials is still there.
fn assert_cleared(name: &str, scene: &Scene, said: &str) {
    let after = scene.dumped().unwrap_or_else(|| panic!("{name}: the script did not come to its end: {said}"));
    for variable in Plan::clear().names() {
        assert!(!after.contains_key(variable), "{name}: {variable} is still there");
    }
}

const SHELLS: [&str; 10] = ["bash", "dash", "zsh", "ksh93", "mksh", "fish", "elvish", "tcsh", "nu", "xonsh"];

#[test]
fn a_failure_clears_the_environment_and_stops_what_follows() {
    for name in SHELLS {
        let real = Real::find(name);
        let line = real.shell.usage_line(Scene::LEAPP);
        let script = match real.shell {
            Shell::Nushell | Shell::Elvish => format!("try {{ {line}; ./ran }} catch {{ }}\n./dump\n"),
            Shell::Xonsh => format!("try:\n    {line}\n    ./ran\nexcept RuntimeError:\n    pass\n./dump\n"),
            _ => format!("{line} && ./ran\n./dump\n"),
        };
        let scene = with_old_credentials(&real.shell.render_failure(&Plan::clear()));
        let output = scene.run(&real, &script);
        assert!(!scene.ran(), "{name}: the next command ran");
        assert_cleared(name, &scene, &String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_failure_ends_a_strict_script() {
    for name in SHELLS {
        let real = Real::find(name);
        let line = real.shell.usage_line(Scene::LEAPP);
        let strict = match real.shell {
            Shell::Sh | Shell::Bash | Shell::Zsh | Shell::Ksh => "set -e",
            // No option ends a script of theirs at a failure: only `&&`, `and` and `if` look at it.
            Shell::Fish | Shell::Tcsh => continue,
            _ => "",
        };
        let scene = with_old_credentials(&real.shell.render_failure(&Plan::clear()));
        let output = scene.run(&real, &format!("{strict}\n{line}\n./ran\n"));
        assert!(!scene.ran(), "{name}: the next command ran");
        assert!(!output.status.success(), "{name}: the script succeeded");
    }
}

#[test]
fn unsetting_clears_the_environment_and_goes_on() {
    for name in SHELLS {
        let real = Real::find(name);
        let mut scene = with_old_credentials("");
        let statements = real.shell.render(&Plan::clear()).expect("nothing to carry");
        scene.write("statements", &statements);
        scene.write("leapp", "#!/bin/sh\ncat statements\n");
        scene.set("KEPT", "yes");
        let output = scene.run(&real, &pasted(&real));
        assert_cleared(name, &scene, &String::from_utf8_lossy(&output.stderr));
        assert!(scene.dumped().is_some_and(|after| after["KEPT"] == b"yes"), "{name}");
    }
}

/// Where the variable cannot be changed, the line fails: the credentials would not be the session's.
#[test]
fn a_readonly_variable_is_a_failure() {
    let mut plan = Plan::clear();
    plan.set("AWS_ACCESS_KEY_ID", "AKIA").expect("a plan");
    for name in ["bash", "dash", "zsh", "ksh93", "mksh"] {
        for variable in ["AWS_PROFILE", "AWS_ACCESS_KEY_ID"] {
            let real = Real::find(name);
            let mut scene = Scene::new(&real.shell.render(&plan).expect("fit"), 0);
            scene.set("AWS_SECRET_ACCESS_KEY", "old");
            let line = real.shell.usage_line(Scene::LEAPP);
            scene.run(&real, &format!("{variable}=mine; readonly {variable}\n{line} && ./ran\n./dump\n"));
            assert!(!scene.ran(), "{name}: {variable} stayed, and the next command ran");
            // Some shells end right there.
            let after = scene.dumped().unwrap_or_default();
            assert!(!after.contains_key("AWS_SECRET_ACCESS_KEY"), "{name}: the old key stayed with {variable}");
        }
    }
}

/// `set -Ux AWS_PROFILE dev` is how many fish users choose a profile, once and for all shells.
#[test]
fn a_universal_variable_of_fish_is_a_failure_where_it_competes() {
    let real = Real::with_universal_variables();
    let mut plan = Plan::clear();
    plan.set("AWS_ACCESS_KEY_ID", "AKIA").and_then(|()| plan.set("AWS_REGION", "eu-west-1")).expect("a plan");
    let scene = Scene::new(&Shell::Fish.render(&plan).expect("fit"), 0);
    let line = Shell::Fish.usage_line(Scene::LEAPP);
    let dumped = |script: &str| {
        let output = scene.run(&real, script);
        (scene.dumped().expect("a dump"), String::from_utf8_lossy(&output.stderr).into_owned())
    };

    // One with a value of the plan's own does no harm.
    let (after, said) = dumped(&format!("set -Ux AWS_REGION universal\n{}", pasted(&real)));
    assert_eq!((after["AWS_REGION"].as_slice(), said.as_str()), (&b"eu-west-1"[..], ""));
    assert!(after.keys().all(|name| !name.starts_with("leapp_")));

    let (after, said) =
        dumped(&format!("set -Ux AWS_PROFILE universal; set -gx AWS_ACCESS_KEY_ID old\n{line} && ./ran\n./dump\n"));
    assert!(!after.contains_key("AWS_ACCESS_KEY_ID"), "the keys are there, and so is the profile");
    assert!(said.contains("\n  run: set -e -U AWS_PROFILE\n"), "{said}");

    assert!(!scene.ran(), "the next command ran");

    let (after, _) = dumped("./dump\n");
    assert_eq!(after["AWS_PROFILE"], b"universal", "the person's choice is gone");

    // Leaving a session is no competition: what was chosen for all shells is in force again.
    scene.write("statements", &Shell::Fish.render(&Plan::clear()).expect("nothing to carry"));
    let (after, said) = dumped(&pasted(&real));
    assert_eq!((after["AWS_PROFILE"].as_slice(), said.as_str()), (&b"universal"[..], ""));
}

/// A session token has a thousand characters or more, and nobody promises that it stays so.
#[test]
fn a_long_value_arrives_whole() {
    let printable: String = (' '..='~').collect();
    let values = [printable.repeat(20), printable.repeat(200)];
    for name in SHELLS {
        for locale in ["C.UTF-8", "C"] {
            carry(&Real::find(name), "", locale, &values).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// A `.env` file is read by the shells too, with `set -a; . ./file`.
#[test]
fn shells_read_a_dotenv_file() {
    let text = "[a-zA-Z0-9/+=_.:@,-]{0,60}";
    let values = prop::collection::vec(text.prop_filter("refused", |v| !v.starts_with('=') && !v.contains(":=")), 60);
    let config = Config { cases: 2, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&values, |values| {
        let mut plan = Plan::new();
        let mut listed = String::new();
        for (place, value) in values.iter().enumerate() {
            plan.set(format!("V{place}"), value).expect("a plan");
            writeln!(listed, "V{place}={value}").expect("a line");
        }
        let file = Format::Dotenv.render(&plan).expect("plain values");
        prop_assert_eq!(&*file, &listed, "docker run --env-file takes lines as they are");
        for name in ["bash", "dash", "zsh", "ksh93", "mksh"] {
            let scene = Scene::new(&file, 0);
            scene.run(&Real::find(name), "set -a; . ./statements; set +a; ./dump\n");
            let after = scene.dumped().unwrap_or_default();
            for (place, value) in values.iter().enumerate() {
                prop_assert_eq!(after.get(&format!("V{place}")).map(Vec::as_slice), Some(value.as_bytes()), "{}", name);
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
