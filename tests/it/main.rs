//! leapp against the real programs that it works with.

#![allow(clippy::disallowed_methods, reason = "a test asks the bed's environment directly")]
#![allow(unreachable_pub, reason = "what the harness offers is for the modules beside it")]

mod answers;
mod clients;
mod clocks;
mod console;
mod credential_process;
mod env;
mod every;
mod exec;
mod expirations;
mod faults;
mod flight;
mod full_disk;
mod given;
mod harness;
mod hooks;
mod hops;
mod kills;
mod named_profiles;
mod owned;
mod passphrase;
mod profile;
mod quoting;
mod random;
mod refresh;
mod remedies;
mod secrets;
mod session;
mod shells;
mod sign_in;
mod status;
mod strangers;
mod stub;
mod surroundings;
mod vault;
