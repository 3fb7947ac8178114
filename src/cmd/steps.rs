//! Steps that are all taken, though one of them fails.

use crate::{
    context::Context,
    error::{Error, Result},
};

/// What is done one after another, whatever fails on the way.
pub(super) struct Steps<'a> {
    context: &'a Context,
    failed: Option<Error>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        Self { context, failed: None }
    }

    /// What a step gives, or nothing where it failed.
    pub(super) fn take<T: Default>(&mut self, step: Result<T>) -> T {
        step.unwrap_or_else(|error| {
            // The first to fail is what the whole fails with; the others are said at once.
            match &self.failed {
                None => self.failed = Some(error),
                Some(_) => self.context.tell(error.sentence()),
            }
            T::default()
        })
    }

    /// Whether one of them has failed.
    pub(super) fn have_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// The end of them.
    ///
    /// # Errors
    /// What the first step failed with, if one did.
    pub(super) fn done(self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }
}
