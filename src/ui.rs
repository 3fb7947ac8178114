//! What a person sees and is asked, beside plain lines.

pub(crate) mod form;
pub(crate) mod picker;
pub(crate) mod spinner;
pub(crate) mod terminal;
