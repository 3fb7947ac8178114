//! Reading TOML with an eye on where things stand: every error names file, line and key.

use std::{cell::RefCell, collections::BTreeMap, fmt::Display, ops::Range};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    error::{Error, Result},
    near,
    session::Invalid,
};

/// A text and the name under which errors speak of it.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at a place in the text: `FILE:LINE: KEY: WHY`.
    pub(super) fn error(&self, span: &Range<usize>, key: &str, why: impl Display) -> Error {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = 1 + before.split(|byte| *byte == b'\n').count() - 1;
        let what = format!("{}:{line}", self.name);
        if key.is_empty() {
            Error::usage(what).because(why)
        } else {
            Error::usage(what).because(format!("{key}: {why}"))
        }
    }
}

/// As many keys as a table may be asked for, about: a config of a thousand sessions has a thousand tables.
const MOST_KEYS: usize = 20;

/// A text and where it stands.
pub(super) struct Text<'a> {
    pub(super) value: &'a str,
    pub(super) span: Range<usize>,
}

/// A table of the file. It remembers which keys were asked for, so that any other is an error.
pub(super) struct Table<'a> {
    source: &'a Source<'a>,
    name: String,
    entries: &'a DeTable<'a>,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    pub(super) fn new(source: &'a Source<'a>, name: String, entries: &'a DeTable<'a>, span: Range<usize>) -> Self {
        Self { source, name, entries, span, asked: RefCell::new(Vec::with_capacity(MOST_KEYS)) }
    }

    /// An error about this table as a whole.
    pub(super) fn error(&self, why: impl Display) -> Error {
        self.source.error(&self.span, &self.name, why)
    }

    /// An error about one of its keys.
    pub(super) fn error_at(&self, key: &str, span: &Range<usize>, why: impl Display) -> Error {
        self.source.error(span, &self.path(key), why)
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn get(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.borrow_mut().push(key);
        self.entries.get(key)
    }

    /// A text, where the key is there.
    pub(super) fn text(&self, key: &'static str) -> Result<Option<Text<'a>>> {
        self.get(key).map(|value| self.as_text(key, value)).transpose()
    }

    fn as_text(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Result<Text<'a>> {
        match value.get_ref() {
            DeValue::String(text) => Ok(Text { value: text, span: value.span() }),
            other => Err(self.wrong_type(key, value, "a text in quotes", other)),
        }
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str, found: &DeValue<'_>) -> Error {
        self.error_at(key, &value.span(), format!("must be {wanted}, not {}", found.type_str()))
    }

    /// A text read into what it stands for.
    pub(super) fn parsed<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        match parse(text.value) {
            Ok(value) => Ok(Some(value)),
            Err(why) => Err(self.error_at(key, &text.span, why)),
        }
    }

    /// Its keys, whether they mean something or not.
    pub(super) fn keys(&self) -> impl Iterator<Item = Text<'a>> {
        self.entries.keys().map(|key| Text { value: key.get_ref(), span: key.span() })
    }

    /// A number of seconds, or a text such as `4h`.
    pub(super) fn span<T>(
        &self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = match value.get_ref() {
            DeValue::String(text) => text.as_ref(),
            DeValue::Integer(number) => number.as_str(),
            other => return Err(self.wrong_type(key, value, "a span of time such as \"4h\"", other)),
        };
        parse(text).map(Some).map_err(|why| self.error_at(key, &value.span(), why))
    }

    /// `true` or `false`; `default` where the key is not there.
    pub(super) fn flag(&self, key: &'static str, default: bool) -> Result<bool> {
        match self.get(key) {
            None => Ok(default),
            Some(value) => match value.get_ref() {
                DeValue::Boolean(flag) => Ok(*flag),
                other => Err(self.wrong_type(key, value, "true or false", other)),
            },
        }
    }

    /// A list of texts; empty where the key is not there.
    pub(super) fn texts(&self, key: &'static str) -> Result<Vec<Text<'a>>> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.as_text(key, item)).collect(),
            other => Err(self.wrong_type(key, value, "a list of texts", other)),
        }
    }

    /// As [`Table::texts`], each read into what it stands for.
    pub(super) fn list<T>(&self, key: &'static str, parse: impl Fn(&str) -> Result<T, Invalid>) -> Result<Vec<T>> {
        let texts = self.texts(key)?;
        texts.iter().map(|text| parse(text.value).map_err(|why| self.error_at(key, &text.span, why))).collect()
    }

    /// A table of texts; empty where the key is not there.
    pub(super) fn map(
        &self,
        key: &'static str,
        check: impl Fn(&str, &str) -> Result<(), Invalid>,
    ) -> Result<BTreeMap<String, String>> {
        let Some(table) = self.table(key)? else { return Ok(BTreeMap::new()) };
        let mut map = BTreeMap::new();
        for (name, value) in table.entries {
            let text = table.as_text(name.get_ref(), value)?;
            check(name.get_ref(), text.value).map_err(|why| table.error_at(name.get_ref(), &text.span, why))?;
            map.insert(name.get_ref().to_string(), text.value.to_owned());
        }
        Ok(map)
    }

    /// A table within this one.
    pub(super) fn table(&self, key: &'static str) -> Result<Option<Table<'a>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match value.get_ref() {
            DeValue::Table(entries) => Ok(Some(Table::new(self.source, self.path(key), entries, value.span()))),
            other => Err(self.wrong_type(key, value, "a table", other)),
        }
    }

    /// The tables of this table, by name, where it holds nothing else.
    pub(super) fn tables(&self) -> impl Iterator<Item = Result<(Text<'a>, Table<'a>)>> {
        self.entries.iter().map(|(name, value)| {
            let key = Text { value: name.get_ref(), span: name.span() };
            match value.get_ref() {
                DeValue::Table(entries) => {
                    let table = Table::new(self.source, self.path(key.value), entries, name.span());
                    Ok((key, table))
                }
                other => Err(self.wrong_type(key.value, value, "a table", other)),
            }
        })
    }

    /// Ends the reading: a key that nobody asked for is an error. `elsewhere` explains keys that have a meaning in
    /// another place.
    pub(super) fn check_keys(&self, elsewhere: impl Fn(&str) -> Option<String>) -> Result<()> {
        let asked = self.asked.borrow();
        let Some((key, _)) = self.entries.iter().find(|(key, _)| !asked.contains(&key.get_ref().as_ref())) else {
            return Ok(());
        };
        let name = key.get_ref().as_ref();
        let error = match elsewhere(name) {
            Some(why) => self.error_at(name, &key.span(), why),
            None => self.error_at(name, &key.span(), "there is no such key"),
        };
        Err(match near::nearest(name, asked.iter().copied()).first() {
            Some(meant) => error.hint(format!("did you mean `{meant}`?")),
            None => error.hint(format!("the keys here are: {}", asked.join(", "))),
        })
    }
}
