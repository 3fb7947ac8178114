//! What the fuzz targets in `fuzz/` hold the inside of this crate to. Compiled for them (`--cfg fuzzing`), and for tests, which
//! go through what the targets start from.

#![allow(missing_docs, clippy::missing_panics_doc, reason = "each is named after its target, and panics on a finding")]

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE},
};
use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::{
    config::{Config, Field, Setting, change::Change},
    hook::{STATE, State},
    named_profiles::{Kind, Profile, Restored, diff},
    session::Alias,
};

pub use crate::endpoint::fuzzing::request;

/// An edit of a config: a line that says which, then the config's text. `set ALIAS KEY VALUE`, with a tab between the
/// values of tags and lists; `unset ALIAS KEY`, `rename OLD NEW`, `remove ALIAS`, `add ALIAS`.
pub fn config_edit(bytes: &[u8]) {
    let Ok(input) = std::str::from_utf8(bytes) else { return };
    let Some((line, text)) = input.split_once('\n') else { return };
    let Ok(before) = Config::parse("config.toml", text) else { return };
    let Some(change) = read_change(line) else { return };
    let (edited, after) = match change.apply(&before, text) {
        Ok(edited) => edited,
        Err(error) => {
            assert!(!error.sentence().contains("leapp cannot edit"), "{line}\n{text}");
            return;
        }
    };
    assert_eq!(Config::parse("config.toml", &edited).expect("valid"), after);
    check_comments(&change, &before, text, &edited);
    match &change {
        Change::Set { alias, settings } => {
            assert_eq!(change.apply(&after, &edited).expect("once more").0, edited);
            check_rest(alias, settings, (&before, text), (&after, &edited));
        }
        Change::Add { .. } => {
            let mut all = edited.bytes();
            assert!(text.bytes().all(|byte| all.any(|other| other == byte)), "{text}\n{edited}");
        }
        Change::Rename { .. } => assert_eq!(text.lines().count(), edited.lines().count(), "{text}\n{edited}"),
        Change::Remove { .. } => assert!(edited.len() < text.len(), "{text}\n{edited}"),
    }
}

/// Without the field that was set, both texts are the same, byte for byte.
fn check_rest(
    alias: &Alias,
    settings: &[(&'static Field, Option<Setting>)],
    before: (&Config, &str),
    after: (&Config, &str),
) {
    let [(field, Some(setting))] = settings else { return };
    let old = before.0.sessions.get(alias).and_then(|session| field.get(session));
    // What is said between tags stays where the last of them goes.
    if let (Some(Setting::Tags(old)), Setting::Tags(new)) = (old, setting)
        && !old.keys().all(|key| new.contains_key(key))
    {
        return;
    }
    let unset = Change::Set { alias: alias.clone(), settings: vec![(field, None)] };
    let without =
        [before, after].map(|(config, text)| unset.apply(config, text).map(|(text, _)| text.trim_end().to_owned()));
    if let [Ok(before), Ok(after)] = without {
        assert_eq!(before, after);
    }
}

fn read_change(line: &str) -> Option<Change> {
    let (verb, rest) = line.split_once(' ')?;
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let alias = Alias::parse(name).ok()?;
    let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(match verb {
        "set" => {
            let values: Vec<&str> = value.split('\t').collect();
            let field = Field::named(key)?;
            Change::Set { alias, settings: vec![(field, Some(field.read(&values).ok()?))] }
        }
        "unset" => Change::Set { alias, settings: vec![(Field::named(key).filter(|field| !field.is_required)?, None)] },
        "rename" => Change::Rename { old: alias, new: Alias::parse(key).ok()? },
        "remove" => Change::Remove { aliases: vec![alias] },
        "add" => {
            let field = Field::named("source_profile")?;
            Change::Add { alias, kind: "profile", settings: vec![(field, field.read(&["x"]).ok()?)] }
        }
        _ => return None,
    })
}

/// No comment comes, moves or goes but with what was to go.
fn check_comments(change: &Change, before: &Config, text: &str, edited: &str) {
    let (old, new) = (comments(text), comments(edited));
    let mut all = old.iter();
    let is_in_order = new.iter().all(|comment| all.any(|other| other == comment));
    let tags = |setting: &Setting| if let Setting::Tags(tags) = setting { tags.len() } else { 0 };
    let most_lost = match change {
        // The first session makes a file with a heading.
        Change::Add { .. } if text.is_empty() => return,
        Change::Add { .. } | Change::Rename { .. } => 0,
        Change::Set { alias, settings } => match settings.as_slice() {
            // A tag that has a line goes with what is said of it there.
            [(field, Some(_))] => {
                before.sessions.get(alias).and_then(|session| field.get(session)).as_ref().map_or(0, tags)
            }
            _ => usize::MAX,
        },
        Change::Remove { .. } => usize::MAX,
    };
    assert!(is_in_order && old.len() - new.len() <= most_lost, "{text}\n{edited}");
}

/// The comments of a valid TOML text, by a reader that knows nothing but strings and comments.
fn comments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['#', '"', '\'']) {
        let from = &rest[start..];
        let end = match from {
            _ if from.starts_with('#') => {
                let line = from.split('\n').next().unwrap_or_default();
                found.push(line.trim_end_matches('\r'));
                line.len()
            }
            _ => string_end(from),
        };
        rest = &from[end..];
    }
    found
}

/// Where the string ends that a text begins with.
fn string_end(text: &str) -> usize {
    let quote = &text[..1];
    let long = quote.repeat(3);
    let is_long = text.starts_with(&long);
    let close = if is_long { long.as_str() } else { quote };
    let mut at = close.len();
    loop {
        let rest = &text[at..];
        if quote == "\"" && rest.starts_with('\\') {
            at += 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
        } else if rest.starts_with(close) {
            at += close.len();
            let more = text[at..].bytes().take(2).take_while(|byte| is_long && *byte == quote.as_bytes()[0]).count();
            return at + more;
        } else {
            let Some(next) = rest.chars().next() else { return text.len() };
            at += next.len_utf8();
        }
    }
}

/// A file of `~/.aws`: a byte that says which and what is put in, then its bytes.
pub fn managed_block(bytes: &[u8]) {
    let [first, file @ ..] = bytes else { return };
    let kind = if first & 1 == 0 { Kind::Config } else { Kind::Credentials };
    let force = first & 2 != 0;
    let profile = |name: &str| Profile { name: name.to_owned(), lines: vec!["region = x".into(), "k = v  # w".into()] };
    let names = ["default", "prod", "x y"].into_iter().enumerate().filter(|(place, _)| first & (4 << place) != 0);
    let wanted: Vec<Profile> = names.map(|(_, name)| profile(name)).collect();
    let Ok(before) = Restored::from(Some(file), kind) else { return };
    if !before.had_block() {
        let set_aside = file.windows(SET_ASIDE.len()).any(|window| window == SET_ASIDE);
        assert!(set_aside || before.without_block().as_deref() == Some(file));
    }
    let _ = diff("f", file, &before.without_block().unwrap_or_default());
    let Ok(Some(with)) = before.with_block(&wanted, force) else { return };
    let again = Restored::from(Some(&with), kind).expect("a block that is sound");
    assert_eq!(again.without_block(), before.without_block());
    assert_eq!(again.profiles, wanted);
    assert_eq!(again.with_block(&wanted, false).expect("set aside already"), Some(with));
}

const SET_ASIDE: &[u8] = b"# set aside by leapp: ";

/// The value of `LEAPP_STATE`, and behind a line break what direnv (`d`) or mise (`m`) would compress into its own
/// variable: read or not, never a panic; what is read is written in letters that every shell takes, and reads back.
pub fn hook_state(bytes: &[u8]) {
    let (text, record) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()));
    let record = match record {
        [_, b'd', record @ ..] => Some(("DIRENV_DIFF", URL_SAFE.encode(compress_to_vec_zlib(record, 0)))),
        [_, b'm', record @ ..] => Some(("__MISE_DIFF", STANDARD_NO_PAD.encode(compress_to_vec_zlib(record, 0)))),
        _ => None,
    };
    let Some(state) = State::parse(&String::from_utf8_lossy(text)) else { return };
    for state in [state.signed_out(), state] {
        let written = state.to_text();
        assert_eq!(State::parse(&written).as_ref(), Some(&state));
        assert!(written.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@%:".contains(&byte)), "{written}");
        let environment = |name: &str| match &record {
            _ if name == STATE => Some(written.as_str()),
            Some((variable, text)) if name == *variable => Some(text.as_str()),
            _ => Some("x"),
        };
        let _ = (state.has_other_keys(environment), state.holds_keys(environment), state.touched().count());
        for target in [crate::hook::Target::Before { told: None }, crate::hook::Target::AsItIs] {
            let change = crate::hook::change(Some(&state), environment, target).expect("a change");
            for shell in crate::shell::Shell::ALL {
                let _ = shell.render_change(&change, "0", None).expect("a script");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    type Target = fn(&[u8]);

    #[test]
    fn the_corpora_hold() {
        let targets: [(&str, Target); 4] = [
            ("config_edit", super::config_edit),
            ("hook_state", super::hook_state),
            ("managed_block", super::managed_block),
            ("request", super::request),
        ];
        for (name, target) in targets {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
            let files: Vec<_> = fs::read_dir(folder).expect("a corpus").flatten().collect();
            assert!(files.len() > 2, "{name}");
            for file in files {
                target(&fs::read(file.path()).expect("read"));
            }
        }
    }
}
