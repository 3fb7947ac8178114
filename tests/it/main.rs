//! leapp against the real programs that it works with.

mod env;
mod exec;
mod faults;
mod flight;
mod harness;
mod hops;
mod quoting;
mod secrets;
mod session;
mod shells;
mod vault;
