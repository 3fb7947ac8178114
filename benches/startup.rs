//! Times whole commands, interleaved: one round runs each once, so that a noisy machine is noisy for all of them.
//!
//! `startup ROUNDS LABEL=COMMAND...`: prints medians, and ratios to the first command; after a single one also the
//! most memory that it had, in KiB.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that prints figures")]

use std::{
    env,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};

struct Contender {
    label: String,
    command: Command,
    times: Vec<Duration>,
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    let rounds: usize = arguments.next().and_then(|rounds| rounds.parse().ok()).unwrap_or_default();
    let mut contenders: Vec<Contender> = arguments.filter_map(|argument| contender(&argument)).collect();
    if rounds == 0 || contenders.is_empty() {
        // `cargo bench` without arguments comes here: there is nothing to time without the bed.
        println!("usage: startup ROUNDS LABEL=COMMAND...; run: make bench");
        return ExitCode::SUCCESS;
    }
    for round in 0..rounds + rounds / 10 {
        for contender in &mut contenders {
            let start = Instant::now();
            let status = contender.command.status();
            let time = start.elapsed();
            if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
                println!("`{}` fails: {status:?}", contender.label);
                return ExitCode::FAILURE;
            }
            // The first tenth warms caches up.
            if round >= rounds / 10 {
                contender.times.push(time);
            }
        }
    }
    report(&mut contenders);
    if contenders.len() == 1
        && let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN)
    {
        println!("{}", usage.max_rss());
    }
    ExitCode::SUCCESS
}

fn contender(argument: &str) -> Option<Contender> {
    let (label, line) = argument.split_once('=')?;
    let words = shell_words::split(line).ok()?;
    let (program, rest) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(rest).stdin(Stdio::null()).stdout(Stdio::null());
    Some(Contender { label: label.to_owned(), command, times: Vec::new() })
}

fn report(contenders: &mut [Contender]) {
    println!("{:<28} {:>10} {:>10} {:>10} {:>7}", "", "p10 ms", "median ms", "p90 ms", "ratio");
    let mut base = None;
    for Contender { label, times, .. } in contenders {
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 10].as_secs_f64() * 1000.0;
        let base = *base.get_or_insert(at(5));
        println!("{label:<28} {:>10.3} {:>10.3} {:>10.3} {:>7.2}", at(1), at(5), at(9), at(5) / base);
    }
}
