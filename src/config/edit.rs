//! Changes to a config's text that leave every other byte as it was. Text in, text out; what comes out is checked by
//! [`super::change`].

use std::ops::Range;

use toml_edit::{Key, Value};

use super::{
    field::Field,
    outline::{Item, Place, after_trivia, outline},
    setting::Setting,
};

/// The first lines of a config that the program makes.
pub(super) const HEADING: &str = "# The sessions of leapp. Edit as you like: comments and order are kept.\n";

/// Adds a session: as a table at the end, or into the inline table that holds the others.
pub(super) fn add(text: &str, alias: &str, kind: &str, settings: &[(&Field, Setting)]) -> String {
    let kind = ("kind", Value::from(kind).to_string());
    let rendered = settings.iter().map(|(field, setting)| (field.key, setting.to_toml()));
    let pairs: Vec<String> =
        std::iter::once(kind).chain(rendered).map(|(key, value)| format!("{key} = {value}")).collect();
    let name = key(alias);
    let items = outline(text);
    let braces = items.iter().find(|item| item.is_at(&["sessions"])).and_then(|item| item.value.clone());
    if let Some(braces) = braces {
        return add_inline(text, &items, &braces, &format!("{name} = {{ {} }}", pairs.join(", ")));
    }
    let eol = line_ending(text);
    let start = if text.is_empty() { HEADING.to_owned() } else { text.to_owned() };
    let end_of_line = if start.ends_with('\n') || start == "\u{feff}" { "" } else { eol };
    let gap = if start.ends_with(&format!("{eol}{eol}")) || start == "\u{feff}" { "" } else { eol };
    let lines = pairs.join(eol);
    format!("{start}{end_of_line}{gap}[sessions.{name}]{eol}{lines}{eol}")
}

fn add_inline(text: &str, items: &[Item], braces: &Range<usize>, entry: &str) -> String {
    let place = Place::Inline(braces.clone());
    match items.iter().rfind(|item| item.place == place).and_then(|last| last.value.clone()) {
        Some(last) => splice(text, &[(last.end..last.end, format!(", {entry}"))]),
        None => splice(text, &[(braces.start + 1..braces.end - 1, format!(" {entry} "))]),
    }
}

/// Sets a field of a session that is there.
pub(super) fn set(text: &str, alias: &str, field: &Field, setting: &Setting) -> String {
    let path = ["sessions", alias, field.key];
    let value = setting.to_toml();
    let places: Vec<Range<usize>> =
        outline(text).iter().filter(|item| item.is_at(&path)).filter_map(|item| item.value.clone()).collect();
    if let [place] = places.as_slice() {
        return splice(text, &[(place.clone(), value)]);
    }
    // It is not there, or it is a table of its own (`[sessions.x.tags]`), or dotted (`tags.team = …`).
    let text = unset(text, alias, field);
    insert(&text, alias, field.key, &value)
}

/// Puts a field after the last one of the session, in the way in which that is written.
fn insert(text: &str, alias: &str, field: &str, value: &str) -> String {
    let session = ["sessions", alias];
    let items = outline(text);
    let is_field = |item: &&Item| item.is_under(&session) && item.path.len() == 3 && !item.is_header();
    let Some(anchor) = items.iter().rfind(is_field) else { return text.to_owned() };
    let (Some(end), Some(last)) = (anchor.value.clone(), anchor.path.last()) else { return text.to_owned() };
    match &anchor.place {
        Place::Inline(_) => {
            let before = &text[anchor.start()..last.span.start];
            splice(text, &[(end.end..end.end, format!(", {before}{field} = {value}"))])
        }
        Place::Lines(lines) => {
            let before = &text[lines.start..last.span.start];
            let eol = line_ending(text);
            let has_end = text[lines.clone()].ends_with('\n');
            let (above, below) = if has_end { ("", eol) } else { (eol, "") };
            let line = format!("{above}{before}{field} = {value}{below}");
            splice(text, &[(lines.end..lines.end, line)])
        }
    }
}

/// Removes a field of a session, however it is written.
pub(super) fn unset(text: &str, alias: &str, field: &Field) -> String {
    remove_under(text, &["sessions", alias, field.key])
}

/// Removes a session, however it is written, with the comment right above its header.
pub(super) fn remove(text: &str, alias: &str) -> String {
    remove_under(text, &["sessions", alias])
}

fn remove_under(text: &str, path: &[&str]) -> String {
    let mut text = text.to_owned();
    loop {
        let items = outline(&text);
        let Some(at) = items.iter().position(|item| item.is_under(path)) else { return text };
        let removed = remove_item(&text, &items, at);
        if removed.len() >= text.len() {
            return text;
        }
        text = removed;
    }
}

fn remove_item(text: &str, items: &[Item], at: usize) -> String {
    let item = &items[at];
    match (&item.place, &item.value) {
        (Place::Lines(_), None) => remove_block(text, items, at),
        (Place::Lines(lines), Some(_)) => splice(text, &[(lines.clone(), String::new())]),
        (Place::Inline(_), Some(value)) => remove_inline(text, items, item, value),
        (Place::Inline(_), None) => text.to_owned(),
    }
}

/// Removes a header, its body, the comment right above and what was commented out right below.
fn remove_block(text: &str, items: &[Item], header: usize) -> String {
    let lines = |item: &Item| match &item.place {
        Place::Lines(lines) => Some(lines.clone()),
        Place::Inline(_) => None,
    };
    let body = items[header + 1..].iter().take_while(|item| !item.is_header());
    let (Some(first), Some(last)) =
        (lines(&items[header]), body.filter_map(lines).last().or_else(|| lines(&items[header])))
    else {
        return text.to_owned();
    };
    let (start, end) = (comment_above(text, first.start), comment_below(text, last.end));
    let (before, after) = (&text[..start], &text[end..]);
    let rest = after.trim_start_matches([' ', '\t', '\r', '\n']);
    if rest.is_empty() {
        // Nothing follows: the blank lines that set the block apart go with it.
        let kept = before.trim_end_matches([' ', '\t', '\r', '\n']);
        let newline = before[kept.len()..].find('\n').map_or(before.len(), |newline| kept.len() + newline + 1);
        return before[..if kept.is_empty() { 0 } else { newline }].to_owned();
    }
    let is_set_apart =
        before.is_empty() || before == "\u{feff}" || before.ends_with("\n\n") || before.ends_with("\n\r\n");
    let next =
        if is_set_apart { after[..after.len() - rest.len()].rfind('\n').map_or(0, |newline| newline + 1) } else { 0 };
    format!("{before}{}", &after[next..])
}

/// Where the comment lines right above a place start; those that open the file are about all of it, and stay.
fn comment_above(text: &str, place: usize) -> usize {
    let mut start = place;
    for line in text[..place].split_inclusive('\n').rev() {
        if !line.trim_start_matches('\u{feff}').trim_start().starts_with('#') {
            return start;
        }
        start -= line.len();
    }
    place
}

/// Where the fields that are commented out right below a place end; any other comment there is about all that follows.
fn comment_below(text: &str, place: usize) -> usize {
    let is_field = |line: &&str| {
        let comment = line.trim_start().strip_prefix('#').and_then(|comment| comment.split_once('='));
        comment.is_some_and(|(key, _)| Field::named(key.trim()).is_some())
    };
    place + text[place..].split_inclusive('\n').take_while(is_field).map(str::len).sum::<usize>()
}

/// Removes an entry of an inline table with one comma.
fn remove_inline(text: &str, items: &[Item], item: &Item, value: &Range<usize>) -> String {
    let start = item.start();
    let comma_from = |at: usize| Some(after_trivia(text, at)).filter(|at| text[*at..].starts_with(','));
    if let Some(comma) = comma_from(value.end) {
        let spaces = text[comma + 1..].len() - text[comma + 1..].trim_start_matches([' ', '\t']).len();
        if text[value.end..comma].trim().is_empty() {
            return splice(text, &[(whole_line(text, start..comma + 1 + spaces), String::new())]);
        }
        return splice(text, &[(start..value.end, String::new()), (comma..comma + 1, String::new())]);
    }
    let is_before = |other: &&Item| other.place == item.place && other.start() < start;
    let before = items.iter().rfind(is_before).and_then(|before| comma_from(before.value.as_ref()?.end));
    match before {
        Some(comma) if text[comma + 1..start].trim().is_empty() => splice(text, &[(comma..value.end, String::new())]),
        Some(comma) => splice(text, &[(comma..comma + 1, String::new()), (start..value.end, String::new())]),
        None => splice(text, &[(start..value.end, String::new())]),
    }
}

/// The range with its whole line, where nothing else stands on it.
fn whole_line(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map(|newline| newline + 1);
    let end = text[range.end..].find('\n').map(|newline| range.end + newline + 1);
    match (start, end) {
        (Some(start), Some(end))
            if text[start..range.start].trim().is_empty() && text[range.end..end].trim().is_empty() =>
        {
            start..end
        }
        _ => range,
    }
}

/// Gives a session another name, here and wherever it is an assumer.
pub(super) fn rename(text: &str, old: &str, new: &str) -> String {
    let mut splices = Vec::new();
    for item in outline(text).iter().filter(|item| item.is_under(&["sessions"])) {
        if let Some(name) = item.path.get(1).filter(|name| item.inherited < 2 && name.name == old) {
            splices.push((name.span.clone(), key(new)));
        }
        if let (Some(value), [_, _, last]) = (&item.value, item.path.as_slice())
            && last.name == "assumer"
            && text[value.clone()].parse().is_ok_and(|value: Value| value.as_str() == Some(old))
        {
            // An alias needs no escapes, so that the quotes may stay as they are.
            let quote = if text[value.clone()].starts_with('\'') { '\'' } else { '"' };
            splices.push((value.clone(), format!("{quote}{new}{quote}")));
        }
    }
    splice(text, &splices)
}

/// The line at which a session starts, from 1 on.
pub(super) fn line_of(text: &str, alias: &str) -> Option<usize> {
    let items = outline(text);
    let item = items.iter().find(|item| item.is_under(&["sessions", alias]))?;
    Some(1 + text[..item.start()].matches('\n').count())
}

/// A key as TOML writes it: bare where that is possible.
fn key(name: &str) -> String {
    Key::new(name).display_repr().into_owned()
}

/// How the lines of a text end.
fn line_ending(text: &str) -> &'static str {
    match text.find('\n') {
        Some(newline) if text[..newline].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Puts other texts in these places, which do not overlap and are in their order.
fn splice(text: &str, splices: &[(Range<usize>, String)]) -> String {
    let mut edited = String::with_capacity(text.len() + 128);
    let mut done = 0;
    for (range, new) in splices {
        edited.push_str(&text[done..range.start]);
        edited.push_str(new);
        done = range.end;
    }
    edited.push_str(&text[done..]);
    edited
}
