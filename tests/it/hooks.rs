//! The hooks in the real shells, each on a terminal of its own.

mod console;
mod corpus;
mod people;
mod prompt;
mod scenario;
mod values;
