//! What a person sees and is asked, beside plain lines.

pub(crate) mod spinner;
pub(crate) mod terminal;
