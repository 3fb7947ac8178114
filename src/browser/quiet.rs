//! Whether a page waits for the person: decided from what moves in it and from time alone, never from its address.

use std::time::{Duration, Instant};

/// A page that is loaded and at rest this long is looked at: does it show a form?
const GLANCE: Duration = Duration::from_millis(700);

/// A page that is loaded and at rest this long waits for the person, form or not.
const REST: Duration = Duration::from_secs(3);

/// The state of the page in front.
#[derive(Debug)]
pub(super) struct Quiet {
    /// The last time that anything moved.
    since: Instant,
    /// Nothing is on its way.
    loaded: bool,
    /// It was looked at since anything moved.
    looked: bool,
    /// It waits for the person, that much is known.
    person: bool,
}

/// What happened in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// It leaves, or left, for another page.
    Moved,
    /// It is loaded.
    Loaded,
    /// Something in it moved: a frame, an address without a new page.
    Stirred,
    /// The glance found a visible field to fill in, or found none.
    Glanced { form: bool },
    /// It can go no further by itself: it asks in a dialog, or what it went to cannot be reached.
    Stuck,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing until something happens.
    Wait,
    /// Nothing until something happens, or until then.
    WaitUntil(Instant),
    /// Look whether it shows a form.
    Glance,
    /// Call the person.
    Person,
}

impl Quiet {
    /// A page of which nothing is known yet.
    pub(super) fn new(now: Instant) -> Self {
        Self { since: now, loaded: false, looked: false, person: false }
    }

    /// Takes note of something.
    pub(super) fn note(&mut self, happened: Happened, now: Instant) {
        match happened {
            Happened::Moved => *self = Self { loaded: false, ..Self::new(now) },
            Happened::Loaded => *self = Self { loaded: true, ..Self::new(now) },
            Happened::Stirred => *self = Self { loaded: self.loaded, ..Self::new(now) },
            // A glance at a page that has moved meanwhile says nothing about where it is now.
            Happened::Glanced { form } => self.person |= form && self.looked,
            Happened::Stuck => self.person = true,
        }
    }

    /// What to do now. A glance is asked for once for as long as nothing moves.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.person {
            return Next::Person;
        }
        if !self.loaded {
            return Next::Wait;
        }
        match now.saturating_duration_since(self.since) {
            rest if rest >= REST => Next::Person,
            rest if rest >= GLANCE && !self.looked => {
                self.looked = true;
                Next::Glance
            }
            _ => Next::WaitUntil(self.since + if self.looked { REST } else { GLANCE }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page and what happens to it at which millisecond; gives what to do after the last.
    fn after(story: &[(u64, Option<Happened>)]) -> (Next, Instant) {
        let start = Instant::now();
        let mut page = Quiet::new(start);
        let mut next = Next::Wait;
        for (at, happened) in story {
            let now = start + Duration::from_millis(*at);
            if let Some(happened) = happened {
                page.note(*happened, now);
            }
            next = page.next(now);
        }
        (next, start)
    }

    #[test]
    fn a_page_that_never_loads_is_never_given_up() {
        assert_eq!(after(&[(0, Some(Happened::Moved)), (60_000, None)]).0, Next::Wait);
    }

    #[test]
    fn a_form_calls_the_person_soon() {
        let loaded = (100, Some(Happened::Loaded));
        let (next, start) = after(&[loaded]);
        assert_eq!(next, Next::WaitUntil(start + Duration::from_millis(800)));
        assert_eq!(after(&[loaded, (800, None)]).0, Next::Glance);
        assert_eq!(after(&[loaded, (800, None), (810, Some(Happened::Glanced { form: true }))]).0, Next::Person);
    }

    #[test]
    fn without_a_form_it_takes_three_seconds() {
        let story = [(0, Some(Happened::Loaded)), (700, None), (710, Some(Happened::Glanced { form: false }))];
        let (next, start) = after(&story);
        assert_eq!(next, Next::WaitUntil(start + Duration::from_secs(3)));
        let mut longer = story.to_vec();
        longer.push((3_000, None));
        assert_eq!(after(&longer).0, Next::Person);
    }

    #[test]
    fn whatever_moves_begins_it_anew() {
        let story = [
            (0, Some(Happened::Loaded)),
            (700, None),
            (705, Some(Happened::Moved)),
            (710, Some(Happened::Glanced { form: true })),
            (5_000, None),
        ];
        assert_eq!(after(&story).0, Next::Wait);
        let (next, start) = after(&[(0, Some(Happened::Loaded)), (2_900, Some(Happened::Stirred))]);
        assert_eq!(next, Next::WaitUntil(start + Duration::from_millis(3_600)));
    }

    #[test]
    fn a_page_that_is_stuck_calls_at_once() {
        assert_eq!(after(&[(5, Some(Happened::Stuck))]).0, Next::Person);
    }
}
