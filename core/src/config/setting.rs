//! What a field is set to, as the config, JSON and a person write it.

use std::collections::BTreeMap;

use toml_edit::{Array, InlineTable, Value};

use crate::session::SessionDuration;

/// What a field is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A text.
    Text(String),
    /// How long credentials are asked to last.
    Duration(SessionDuration),
    /// Yes or no.
    Flag(bool),
    /// Texts, in order, and what separates them where they stand in one line.
    List(Vec<String>, &'static str),
    /// Session tags.
    Tags(BTreeMap<String, String>),
}

impl Setting {
    /// As a value of the config.
    pub fn to_toml(&self) -> String {
        let value: Value = match self {
            Self::Text(text) => text.into(),
            Self::Duration(duration) => in_one_unit(*duration).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::List(items, _) => items.iter().collect::<Array>().into(),
            Self::Tags(tags) => tags.iter().collect::<InlineTable>().into(),
        };
        value.to_string()
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Duration(duration) => in_one_unit(*duration).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::List(items, _) => items.as_slice().into(),
            Self::Tags(tags) => tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
        }
    }

    /// In one line, as a person writes it; not escaped.
    pub fn to_line(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Duration(duration) => in_one_unit(*duration),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items, separator) => items.join(&format!("{} ", separator.trim_end())),
            Self::Tags(tags) => tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// `4h`, `90m` or `901s`: a span of which nothing is lost.
fn in_one_unit(duration: SessionDuration) -> String {
    match duration.seconds() {
        seconds if seconds % 3600 == 0 => format!("{}h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}
