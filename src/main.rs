//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    leapp::run(std::env::args_os())
}
