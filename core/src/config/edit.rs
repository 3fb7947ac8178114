//! Changes to a config's text that leave every other byte as it was. Text in, text out; what comes out is checked by
//! [`super::change`].

use std::{collections::BTreeMap, ops::Range};

use toml_edit::{Key, Value};

use super::{
    field::Field,
    outline::{Item, Place, after_trivia, elements, outline},
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

/// Sets a field of a session that is there. Of tags and lists only what is different is changed: comments in between stay.
pub(super) fn set(text: &str, alias: &str, field: &Field, setting: &Setting) -> String {
    let path = ["sessions", alias, field.key];
    match (value_at(text, &path), setting) {
        (Some(_), Setting::List(wanted, _)) => set_elements(text, &path, wanted),
        (_, Setting::Tags(wanted)) if outline(text).iter().any(|item| item.is_under(&path)) => {
            set_entries(text, &path, wanted)
        }
        (Some(place), _) => splice(text, &[(place, setting.to_toml())]),
        (None, _) => insert(text, &path[..2], field.key, &setting.to_toml()),
    }
}

/// The value of a key that has one, and is not a table of its own.
fn value_at(text: &str, path: &[&str]) -> Option<Range<usize>> {
    outline(text).into_iter().find(|item| item.is_at(path))?.value
}

/// Whether a value is this text, however it is written.
fn says(value: &str, text: &str) -> bool {
    value.parse().is_ok_and(|value: Value| value.as_str() == Some(text))
}

/// Sets the entries of a table of texts, however that is written.
fn set_entries(text: &str, table: &[&str], wanted: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (name, new) in wanted {
        let written = Value::from(new).to_string();
        text = match value_at(&text, &[table, &[name]].concat()) {
            Some(place) if says(&text[place.clone()], new) => text,
            Some(place) => splice(&text, &[(place, written)]),
            None => insert(&text, table, &key(name), &written),
        };
    }
    let is_entry = |item: &Item| item.is_under(table) && item.path.len() > table.len();
    let names = outline(&text).into_iter().filter(is_entry).filter_map(|mut item| Some(item.path.pop()?.name));
    let gone = names.filter(|name| !wanted.contains_key(name));
    gone.fold(text, |text, name| remove_under(&text, &[table, &[&name]].concat()))
}

/// Sets the elements of an array of texts: one after the other, each is kept, replaced, removed, or put before.
fn set_elements(text: &str, path: &[&str], wanted: &[String]) -> String {
    let (mut text, mut place) = (text.to_owned(), 0);
    while let Some(array) = value_at(&text, path) {
        let elements = elements(&text, &array);
        let says = |element: &Range<usize>, wanted: &String| says(&text[element.clone()], wanted);
        let is_wanted = |element| wanted.iter().skip(place).any(|wanted| says(element, wanted));
        let written = |new: &String| Value::from(new).to_string();
        text = match (elements.get(place), wanted.get(place)) {
            (None, None) => return text,
            (Some(element), Some(new)) if says(element, new) => {
                place += 1;
                continue;
            }
            (Some(element), Some(new)) if is_wanted(element) => {
                splice(&text, &[(element.start..element.start, format!("{}, ", written(new)))])
            }
            (Some(element), Some(new)) if !elements[place..].iter().any(|element| says(element, new)) => {
                splice(&text, &[(element.clone(), written(new))])
            }
            (Some(element), _) => {
                let before = place.checked_sub(1).map(|before| elements[before].end);
                remove_listed(&text, element.clone(), before)
            }
            (None, Some(new)) => match elements.last() {
                Some(last) => splice(&text, &[(last.end..last.end, format!(", {}", written(new)))]),
                None => splice(&text, &[(array.start + 1..array.start + 1, written(new))]),
            },
        };
    }
    text
}

/// Puts an entry after the last one of a table, in the way in which that is written.
fn insert(text: &str, table: &[&str], name: &str, value: &str) -> String {
    let items = outline(text);
    let is_entry = |item: &&Item| item.is_under(table) && item.path.len() == table.len() + 1 && !item.is_header();
    let Some(anchor) = items.iter().rfind(is_entry) else {
        return insert_first(text, &items, table, &format!("{name} = {value}"));
    };
    let (Some(end), Some(last)) = (anchor.value.clone(), anchor.path.last()) else { return text.to_owned() };
    match &anchor.place {
        Place::Inline(_) => {
            let before = &text[anchor.start()..last.span.start];
            splice(text, &[(end.end..end.end, format!(", {before}{name} = {value}"))])
        }
        Place::Lines(lines) => {
            insert_line(text, lines, &format!("{}{name} = {value}", &text[lines.start..last.span.start]))
        }
    }
}

/// Puts an entry into a table that has none.
fn insert_first(text: &str, items: &[Item], table: &[&str], entry: &str) -> String {
    match items.iter().find(|item| item.is_at(table)) {
        Some(Item { value: Some(braces), .. }) => {
            let end = if text[braces.start + 1..].starts_with('}') { " " } else { "" };
            splice(text, &[(braces.start + 1..braces.start + 1, format!(" {entry}{end}"))])
        }
        Some(Item { place: Place::Lines(header), .. }) => insert_line(text, header, entry),
        _ => text.to_owned(),
    }
}

/// Puts a line below others.
fn insert_line(text: &str, above: &Range<usize>, line: &str) -> String {
    let eol = line_ending(text);
    let has_end = text[above.clone()].ends_with('\n');
    let (before, after) = if has_end { ("", eol) } else { (eol, "") };
    splice(text, &[(above.end..above.end, format!("{before}{line}{after}"))])
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
    let is_before = |other: &&Item| other.place == item.place && other.start() < start;
    let before = items.iter().rfind(is_before).and_then(|before| before.value.as_ref());
    remove_listed(text, start..value.end, before.map(|before| before.end))
}

/// Removes what stands between commas, with one of them; `before` is where the one before it ends.
fn remove_listed(text: &str, listed: Range<usize>, before: Option<usize>) -> String {
    let Range { start, end } = listed;
    let comma_from = |at: usize| Some(after_trivia(text, at)).filter(|at| text[*at..].starts_with(','));
    if let Some(comma) = comma_from(end) {
        let spaces = text[comma + 1..].len() - text[comma + 1..].trim_start_matches([' ', '\t']).len();
        if text[end..comma].trim().is_empty() {
            return splice(text, &[(whole_line(text, start..comma + 1 + spaces), String::new())]);
        }
        return splice(text, &[(start..end, String::new()), (comma..comma + 1, String::new())]);
    }
    match before.and_then(comma_from) {
        Some(comma) if text[comma + 1..start].trim().is_empty() => splice(text, &[(comma..end, String::new())]),
        Some(comma) => splice(text, &[(comma..comma + 1, String::new()), (start..end, String::new())]),
        None => splice(text, &[(start..end, String::new())]),
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
            && says(&text[value.clone()], old)
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
