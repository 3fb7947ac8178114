//! leapp against the real programs that it works with.

#![allow(clippy::disallowed_methods, reason = "a test asks the bed's environment directly")]
#![allow(unreachable_pub, reason = "what the harness offers is for the modules beside it")]

mod clients;
mod console;
mod credential_process;
mod env;
mod every;
mod exec;
mod faults;
mod flight;
mod harness;
mod hooks;
mod hops;
mod named_profiles;
mod profile;
mod quoting;
mod refresh;
mod secrets;
mod session;
mod shells;
mod sign_in;
mod status;
mod strangers;
mod surroundings;
mod vault;
