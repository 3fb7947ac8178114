//! What the hook does to a shell: pure.
//!
//! A shell that stands in a trusted directory holds the directory's session. [`State`] is what the environment says of
//! that; [`change`] tells what a shell has to do to get from there to a [`Target`]. What the variables held before, the
//! shell keeps to itself in variables that no child sees: a [`Change`] only says which ones to put away and to put back.

mod change;
mod other_tools;
mod state;

pub use change::{Change, Target, change, change_of_pinned};
pub use state::{Place, STATE, State, Status};
