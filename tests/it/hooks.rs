//! The hooks in the real shells, each on a terminal of its own.

mod beside;
mod console;
mod corpus;
mod edges;
mod people;
mod prompt;
mod scenario;
mod values;
