//! Times the endpoint of `leapp exec --refresh`, as its command: a request every 10 ms, over a connection each.
//!
//! `leapp exec --refresh SESSION -- endpoint SECONDS [--check]`: prints the median, the 99th percentile and the longest;
//! with `--check`, fails where the 99th percentile is above 1 ms.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that prints figures")]

use std::{
    env, io,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

const PACE: Duration = Duration::from_millis(10);
const BOUND: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let seconds: Option<u64> = arguments.iter().find_map(|argument| argument.parse().ok());
    let uri = env::var("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let (Some(seconds), Ok(uri), Ok(token)) = (seconds, uri, env::var("AWS_CONTAINER_AUTHORIZATION_TOKEN")) else {
        // `cargo bench` comes here: there is nothing to time without the bed.
        println!("usage: leapp exec --refresh SESSION -- endpoint SECONDS; run: make bench");
        return ExitCode::SUCCESS;
    };
    let Some((address, path)) = uri.trim_start_matches("http://").split_once('/') else { return ExitCode::FAILURE };
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\n\r\n");
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(seconds) {
        let asked = Instant::now();
        match ask(address, &request) {
            Ok(answer) if answer.starts_with(b"HTTP/1.1 200 ") => times.push(asked.elapsed()),
            answer => {
                println!("no credentials: {:?}", answer.map(|answer| answer.len()));
                return ExitCode::FAILURE;
            }
        }
        thread::sleep(PACE.saturating_sub(asked.elapsed()));
    }
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 1000];
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{:<28} {:>10} {:>10} {:>10} {:>10}", "", "requests", "median ms", "p99 ms", "most ms");
    let (median, p99, most) = (ms(at(500)), ms(at(990)), ms(at(1000)));
    println!("{:<28} {:>10} {median:>10.3} {p99:>10.3} {most:>10.3}", "endpoint", times.len());
    let is_bound_missed = arguments.iter().any(|argument| argument == "--check") && at(990) > BOUND;
    if is_bound_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn ask(address: &str, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::with_capacity(4096);
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}
