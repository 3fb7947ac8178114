//! One run of the browser, from its start to its end.

use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::json;

use super::arguments::arguments;
use super::conversation::Conversation;
use super::message::{self, Message};
use super::pipe::{Commands, Event, Pipe};
use super::process::{Process, ending};
use super::profile::Profile;
use super::{Captured, Manner, SignIn, Step, elsewhere};
use crate::error::{Error, Kind, Result};
use crate::signals::Signals;

/// How long a browser may take to say its first word. Half a second is usual.
const START: Duration = Duration::from_secs(20);

/// How long it has to write its cookies and end.
const CLOSE: Duration = Duration::from_secs(3);

/// How long it has for that where the person does not want to wait.
const HURRIED_CLOSE: Duration = Duration::from_secs(1);

/// How long it may be without a page: one may be put in the place of another.
const PAGELESS: Duration = Duration::from_millis(300);

/// How often, at most, a closing browser is looked at.
const GLANCE: Duration = Duration::from_millis(2);

/// How a run ended that did not fail.
pub(super) enum Outcome {
    /// The identity provider sent the person on to AWS.
    Captured(Captured),
    /// The person would have to do something, or did not do it in time; where the browser was, as it may be shown.
    NeedsPerson(Option<String>),
}

/// Runs the browser until the sign-in is captured, the person is needed, or the time is over.
pub(super) fn attempt(
    request: &SignIn<'_>,
    program: &Path,
    profile: &Profile<'_>,
    manner: Manner,
    until: Instant,
    on_step: &mut dyn FnMut(Step),
) -> Result<Outcome> {
    if Instant::now() >= until {
        return Ok(Outcome::NeedsPerson(None));
    }
    on_step(Step::Starting);
    profile.prepare()?;
    // Declared before the browser, so dropped after it: a signal cannot leave it behind.
    let (sender, events) = channel();
    let interrupted = sender.clone();
    let _signals = Signals::forward(move |_| {
        let _ = interrupted.send(Event::Interrupted);
    })
    .map_err(|error| cannot_start(&error))?;
    let (pipe, far_end) = Pipe::new().map_err(|error| cannot_start(&error))?;
    let command_line = arguments(profile.directory(), manner, request.root, request.args);
    let process = Process::start(program, &command_line, request.withheld, far_end)?;
    let mut browser = Browser { process, commands: pipe.listen(sender), events, program, alias: request.alias };
    let mut conversation = Conversation::begin(request, manner, Instant::now());
    let mut patience = Patience::new(manner, until);
    let outcome = browser.converse(&mut conversation, &mut patience, on_step);
    on_step(Step::Closing);
    browser.close(match &outcome {
        // It has not said a word: there is nothing to write, and it may not listen for long.
        _ if patience.start.is_some() => Duration::ZERO,
        Err(error) if error.which() == Kind::Interrupted => HURRIED_CLOSE,
        _ => CLOSE,
    });
    profile.remove_socket();
    let forgotten = profile.forget_pages();
    outcome.and_then(|outcome| forgotten.map(|()| outcome))
}

fn cannot_start(error: &io::Error) -> Error {
    Error::new("cannot start the browser").because(error).kind(Kind::NeedsPerson)
}

/// A running browser and the way to it.
struct Browser<'a> {
    process: Process,
    commands: Commands,
    events: Receiver<Event>,
    program: &'a Path,
    alias: &'a str,
}

impl Browser<'_> {
    /// Answers the browser until an outcome is known.
    fn converse(
        &mut self,
        conversation: &mut Conversation<'_>,
        patience: &mut Patience,
        on_step: &mut dyn FnMut(Step),
    ) -> Result<Outcome> {
        loop {
            let now = Instant::now();
            let (needed, look_again) = conversation.look(now);
            self.send_all(conversation);
            if needed.is_some() || now >= patience.until {
                return Ok(Outcome::NeedsPerson(conversation.place()));
            }
            if patience.start.is_some_and(|start| now >= start) {
                return Err(self.does_not_start("it does not answer: is it a Chromium-family browser?"));
            }
            if patience.pageless.is_some_and(|then| now >= then) {
                return self.without_page(patience.manner);
            }
            let Some(message) = self.next_message(patience, look_again)? else { continue };
            patience.start = None;
            if let Some(outcome) = conversation.hear(message, Instant::now())? {
                self.send_all(conversation);
                return Ok(outcome);
            }
            if let Some(step) = patience.note_pages(conversation.has_page()) {
                on_step(step);
            }
        }
    }

    /// The next message, or none where it is time to look around.
    fn next_message(&mut self, patience: &Patience, look_again: Option<Instant>) -> Result<Option<Message>> {
        let wake = [Some(patience.until), patience.start, patience.pageless, look_again];
        let rest = wake.into_iter().flatten().min().unwrap_or(patience.until);
        match self.events.recv_timeout(rest.saturating_duration_since(Instant::now())) {
            Ok(Event::Message(message)) => message::read(&message).map(Some).map_err(unreadable),
            Ok(Event::Gone) | Err(RecvTimeoutError::Disconnected) => Err(self.gone(patience)),
            Ok(Event::Interrupted) => Err(given_up(self.alias).because("interrupted").kind(Kind::Interrupted)),
            Ok(Event::TooLarge) => Err(unreadable("a message of more than 16 MiB")),
            Err(RecvTimeoutError::Timeout) => Ok(None),
        }
    }

    fn send_all(&mut self, conversation: &mut Conversation<'_>) {
        while let Some(command) = conversation.next_command() {
            // A browser that takes no more has hung up: that event is on its way, and tells more.
            let _ = self.commands.send(&command);
        }
    }

    /// The browser hung up.
    fn gone(&mut self, patience: &Patience) -> Error {
        let status = self.process.wait(CLOSE);
        let how = status.map_or_else(|| "it hung up".to_owned(), ending);
        if patience.start.is_some() {
            return self.does_not_start(&how);
        }
        // Whoever closes the last window ends the browser: that is no failure of it.
        if patience.manner == Manner::Window && status.is_none_or(|status| status.success()) {
            return window_closed(self.alias);
        }
        Error::new(format!("the browser `{}` ended before the sign-in was finished", self.program.display()))
            .because(how)
    }

    /// The last page has gone.
    fn without_page(&self, manner: Manner) -> Result<Outcome> {
        // A page that closed itself did not sign in silently; that says nothing about the window.
        if manner == Manner::Silent { Ok(Outcome::NeedsPerson(None)) } else { Err(window_closed(self.alias)) }
    }

    fn does_not_start(&self, how: &str) -> Error {
        let complaints = self.process.complaints();
        let why = if complaints.is_empty() { how.to_owned() } else { format!("{how}\n{complaints}") };
        Error::new(format!("cannot start the browser `{}`", self.program.display()))
            .because(why)
            .hint(elsewhere(self.alias))
            .kind(Kind::NeedsPerson)
    }

    /// Ends it in good order, so that it writes its cookies; whoever interrupts once more does not wait for that.
    fn close(mut self, longest: Duration) {
        if longest.is_zero() || self.commands.send(&json!({"id": 0, "method": "Browser.close"})).is_err() {
            return;
        }
        let deadline = Instant::now() + longest;
        while self.process.ended().is_none() && Instant::now() < deadline {
            match self.events.recv_timeout(GLANCE) {
                Ok(Event::Interrupted) => return,
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(GLANCE),
                _ => {}
            }
        }
    }
}

/// What is waited for, and how long.
struct Patience {
    manner: Manner,
    /// The end of it all.
    until: Instant,
    /// The end of the wait for the first word; none when it is said.
    start: Option<Instant>,
    /// A page was shown.
    shown: bool,
    /// The end of the wait for another page when the last one has gone.
    pageless: Option<Instant>,
}

impl Patience {
    fn new(manner: Manner, until: Instant) -> Self {
        Self { manner, until, start: Some(Instant::now() + START), shown: false, pageless: None }
    }

    /// Takes note of whether there is a page; gives the step that begins with the first.
    fn note_pages(&mut self, any: bool) -> Option<Step> {
        if !any {
            if self.shown {
                self.pageless.get_or_insert_with(|| Instant::now() + PAGELESS);
            }
            return None;
        }
        self.pageless = None;
        let first = !std::mem::replace(&mut self.shown, true);
        first.then_some(if self.manner == Manner::Silent { Step::Silent } else { Step::Person })
    }
}

fn given_up(alias: &str) -> Error {
    Error::new(format!("the sign-in to `{alias}` was given up"))
}

fn window_closed(alias: &str) -> Error {
    given_up(alias).because("its window was closed").hint(format!("run: leapp login {alias}")).kind(Kind::Cancelled)
}

fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::new("cannot understand the browser").because(why)
}
