//! What an environment says of the hook: which directory's session it holds, and which values were set for it.
//!
//! `LEAPP_STATE=1:STATUS:SESSION:SCOPE:MARKS:PAST:DEFERRED:TOOLS`. It is exported, so that a shell that was started in a
//! directory knows what it was handed; so it holds nothing secret: of a value only 48 bits of a digest, which tell whether
//! a person changed it since. The last three fields may be missing. Outside of every directory the shell keeps it to
//! itself, and hands it to `leapp hook-env` alone, as `LEAPP_LEFT`.

use std::fmt::Write as _;

use crate::{
    digest::Digest,
    environment::{COMPETITORS, GRANTED, KEYS, Plan},
};

/// The variable.
pub const STATE: &str = "LEAPP_STATE";
/// The variable for what outlives the last directory.
pub(crate) const LEFT: &str = "LEAPP_LEFT";

const VERSION: &str = "1";
/// The longest value that is read: a path has at most 4,096 bytes, each three times as long when it is escaped.
const MAX_LENGTH: usize = 16 << 10;
/// How many digests of former keys are kept: those of sixteen sessions.
const MAX_PAST: usize = 16 * KEYS.len();

/// The length of a fingerprint, in hexadecimal digits.
const FINGERPRINT: usize = 12;

/// What an environment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// How it came to that.
    pub status: Status,
    /// The directory that it is about.
    pub place: Place,
    /// What was done to each of [`GRANTED`].
    marks: [Mark; GRANTED.len()],
    /// Digests of the keys that were set here for sessions that are no longer here, the latest first.
    past: Vec<String>,
    /// Variables that another tool still holds: once it lets go of them, they get back what the shell has saved.
    deferred: Vec<&'static str>,
    /// A digest of what other tools said when this was written.
    pub tools: String,
}

/// How an environment came to what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The session's credentials.
    Loaded,
    /// The session is signed out: no credentials at all.
    SignedOut,
    /// What it held before; the person was told why, and need not be told again.
    Told,
    /// What `leapp exec` gave it: no directory changes that.
    Pinned,
}

/// A directory and the session that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The session's name.
    pub session: String,
    /// The `.leapp` file.
    pub scope: String,
}

/// What was done to a variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    #[default]
    Untouched,
    /// It was unset.
    Unset,
    /// It was set to the value of this fingerprint.
    Set(String),
}

impl Mark {
    /// The mark of a variable that is set to a value.
    pub fn of(name: &str, value: &str) -> Self {
        Self::Set(fingerprint(name, value))
    }

    /// Whether a variable is still as it was left.
    pub fn still_holds(&self, name: &str, value: Option<&str>) -> bool {
        match self {
            Self::Untouched => false,
            // Empty is as good as unset to SDKs; fish cannot hide a universal variable in another way.
            Self::Unset => value.is_none_or(str::is_empty),
            Self::Set(_) => value.is_some_and(|value| Self::of(name, value) == *self),
        }
    }
}

impl State {
    /// Returns a state in which nothing was done to any variable.
    pub fn new(status: Status, place: Place) -> Self {
        let (past, deferred) = (Vec::new(), Vec::new());
        Self { status, place, marks: Default::default(), past, deferred, tools: String::new() }
    }

    /// What an environment says, in a directory or after the last one.
    pub fn of<'e>(environment: impl Fn(&str) -> Option<&'e str>) -> Option<Self> {
        environment(STATE).and_then(Self::parse).or_else(|| environment(LEFT).and_then(Self::parse))
    }

    /// A state that follows another one, and remembers the keys that were set for it.
    pub fn after(before: &Self, status: Status, place: Place) -> Self {
        let mut state = Self::new(status, place);
        let present = KEYS.iter().filter_map(|name| match before.mark(name) {
            Mark::Set(fingerprint) if before.status != Status::Pinned => Some(fingerprint),
            _ => None,
        });
        for fingerprint in present.chain(before.past.iter().cloned()) {
            if state.past.len() < MAX_PAST && !state.past.contains(&fingerprint) {
                state.past.push(fingerprint);
            }
        }
        state
    }

    /// What the shell remembers once no directory's session is loaded: nothing where there was none.
    pub fn to_left(&self) -> String {
        if self.past.is_empty() && self.deferred.is_empty() { String::new() } else { self.to_text() }
    }

    /// Whether a value is a key that was set here for a session that is no longer here.
    pub fn is_past(&self, name: &str, value: &str) -> bool {
        KEYS.contains(&name) && self.past.contains(&fingerprint(name, value))
    }

    /// Leaves a variable to the tool that holds it, until it lets go.
    pub fn defer(&mut self, name: &'static str) {
        self.deferred.push(name);
    }

    /// What `leapp exec` gives by a plan: marks of the keys, which tell whether they are still those.
    pub fn pinned(place: Place, plan: &Plan) -> Self {
        let mut state = Self::new(Status::Pinned, place);
        for name in KEYS {
            state.set_mark(name, plan.value(name).map_or(Mark::Unset, |value| Mark::of(name, value)));
        }
        state
    }

    /// Whether the keys in an environment are others than those that came with its session, or were taken out for it.
    pub fn has_other_keys<'e>(&self, environment: impl Fn(&str) -> Option<&'e str>) -> bool {
        let is_other = |name: &&str| match self.mark(name) {
            // A leapp that left no marks.
            Mark::Untouched => false,
            mark => !mark.still_holds(name, environment(name)),
        };
        match self.status {
            Status::Loaded => !self.holds_keys(environment),
            Status::Pinned => KEYS.iter().any(is_other),
            Status::SignedOut | Status::Told => false,
        }
    }

    /// What was done to a variable.
    pub fn mark(&self, name: &str) -> Mark {
        if self.deferred.contains(&name) {
            return Mark::Unset;
        }
        if let Some(place) = GRANTED.iter().position(|granted| *granted == name) {
            return self.marks[place].clone();
        }
        let holds_session = matches!(self.status, Status::Loaded | Status::SignedOut);
        if holds_session && COMPETITORS.contains(&name) { Mark::Unset } else { Mark::Untouched }
    }

    /// The same place without anything that was set.
    #[must_use]
    pub fn signed_out(&self) -> Self {
        let unset = |mark: &Mark| if *mark == Mark::Untouched { Mark::Untouched } else { Mark::Unset };
        Self { status: Status::SignedOut, marks: self.marks.each_ref().map(unset), ..self.clone() }
    }

    /// Whether the keys in an environment are those that were set.
    pub fn holds_keys<'e>(&self, environment: impl Fn(&str) -> Option<&'e str>) -> bool {
        self.status == Status::Loaded && KEYS.iter().all(|name| self.mark(name).still_holds(name, environment(name)))
    }

    /// Notes what was done to a variable.
    pub fn set_mark(&mut self, name: &str, mark: Mark) {
        if let Some(place) = GRANTED.iter().position(|granted| *granted == name) {
            self.marks[place] = mark;
        }
    }

    /// The variables that something was done to.
    pub fn touched(&self) -> impl Iterator<Item = &'static str> {
        GRANTED.into_iter().chain(COMPETITORS).filter(|name| self.mark(name) != Mark::Untouched)
    }

    /// Reads the variable's value; none where it is another version's, or no state at all.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let mut fields = text.split(':');
        if fields.next()? != VERSION {
            return None;
        }
        let status = match fields.next()? {
            "loaded" => Status::Loaded,
            "out" => Status::SignedOut,
            "told" => Status::Told,
            "exec" => Status::Pinned,
            _ => return None,
        };
        let place = Place { session: unescape(fields.next()?)?, scope: unescape(fields.next()?)? };
        let mut state = Self::new(status, place);
        let mut marks = fields.next()?.split('.');
        for mark in &mut state.marks {
            *mark = match marks.next()? {
                "" => Mark::Untouched,
                "-" => Mark::Unset,
                fingerprint => Mark::Set(Some(fingerprint).filter(|text| is_fingerprint(text))?.to_owned()),
            };
        }
        let mut list = || fields.next().unwrap_or_default().split('.').filter(|text| !text.is_empty());
        state.past = list().take(MAX_PAST).filter(|text| is_fingerprint(text)).map(str::to_owned).collect();
        let deferred: Vec<&str> = list().collect();
        state.deferred = GRANTED.into_iter().chain(COMPETITORS).filter(|name| deferred.contains(name)).collect();
        fields.next().filter(|text| is_fingerprint(text)).unwrap_or_default().clone_into(&mut state.tools);
        (marks.next().is_none() && fields.next().is_none()).then_some(state)
    }

    /// The variable's value: letters, digits and `%/._-:+@` alone, so that every shell takes it.
    pub fn to_text(&self) -> String {
        let status = match self.status {
            Status::Loaded => "loaded",
            Status::SignedOut => "out",
            Status::Told => "told",
            Status::Pinned => "exec",
        };
        let marks: Vec<&str> = self
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Untouched => "",
                Mark::Unset => "-",
                Mark::Set(fingerprint) => fingerprint,
            })
            .collect();
        let (session, scope) = (escape(&self.place.session), escape(&self.place.scope));
        let (past, deferred) = (self.past.join("."), self.deferred.join("."));
        format!("{VERSION}:{status}:{session}:{scope}:{}:{past}:{deferred}:{}", marks.join("."), self.tools)
    }
}

fn is_fingerprint(text: &str) -> bool {
    text.len() == FINGERPRINT && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn fingerprint(name: &str, value: &str) -> String {
    let mut fingerprint = Digest::of(&[STATE, name, value]).short();
    fingerprint.truncate(FINGERPRINT);
    fingerprint
}

/// Percent-encodes every byte that is not plainly a part of a path (RFC 3986, section 2.1).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-+@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02x}");
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(rest.next()?)? << 4 | digit(rest.next()?)?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_state_reads_back() {
        let place = Place { session: "dev".into(), scope: "/home/a b/ü:%/.leapp".into() };
        let mut state = State::new(Status::Loaded, place);
        state.set_mark("AWS_ACCESS_KEY_ID", Mark::of("AWS_ACCESS_KEY_ID", "ASIA"));
        state.set_mark("AWS_REGION", Mark::Unset);
        let text = state.to_text();
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@%:".contains(&byte)), "{text}");
        assert_eq!(State::parse(&text), Some(state));
    }

    #[test]
    fn a_mark_tells_whether_a_value_was_changed() {
        let mark = Mark::of("A", "x");
        assert!(mark.still_holds("A", Some("x")));
        assert!(!mark.still_holds("A", Some("y")) && !mark.still_holds("A", None) && !mark.still_holds("B", Some("x")));
        assert!(Mark::Unset.still_holds("A", None) && !Mark::Unset.still_holds("A", Some("x")));
    }

    #[test]
    fn a_pinned_environment_knows_its_keys() {
        let mut plan = Plan::new();
        plan.set("AWS_ACCESS_KEY_ID", "ASIA").expect("a plan");
        let state = State::pinned(Place::default(), &plan);
        let state = State::parse(&state.to_text()).expect("a state");
        let key = |key: Option<&'static str>| move |name: &str| key.filter(|_| name == "AWS_ACCESS_KEY_ID");
        assert!(!state.has_other_keys(key(Some("ASIA"))));
        assert!(state.has_other_keys(key(Some("AKIA"))) && state.has_other_keys(key(None)));
        assert!(!State::new(Status::Pinned, Place::default()).has_other_keys(key(Some("AKIA"))), "of an older leapp");
    }

    proptest! {
        #[test]
        fn nothing_that_stands_in_the_variable_is_a_panic(text in any::<String>()) {
            let _ = State::parse(&text);
            let _ = State::parse(&format!("1:loaded:{text}:......"));
        }

        #[test]
        fn what_is_read_is_written_as_every_shell_takes_it(mark in "[0-9a-f]{12}|[!-~]{0,13}", place in "[!-~]{0,9}") {
            if let Some(state) = State::parse(&format!("1:exec:{place}:/x:{mark}......")) {
                let text = state.to_text();
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+@%:".contains(&byte)), "{text}");
                prop_assert_eq!(State::parse(&text), Some(state));
            }
        }

        #[test]
        fn every_place_reads_back(session in any::<String>(), scope in any::<String>()) {
            let state = State::new(Status::Told, Place { session, scope });
            prop_assert_eq!(State::parse(&state.to_text()), Some(state));
        }
    }
}
