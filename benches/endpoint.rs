//! Times the endpoint of `leapp exec --refresh`, as its command: a request every 10 ms, over a connection each; and in
//! turn with it a bare socket that answers with as many bytes, which is what this machine can do at best.
//!
//! `leapp exec --refresh SESSION -- endpoint SECONDS`: prints medians, 99th percentiles and the longest. The one who asks
//! never sleeps: how soon this machine would wake it is not the endpoint's time.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that prints figures")]

use std::{
    env, hint, io,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// Between two requests: one in two goes to the endpoint.
const PACE: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    let seconds = env::args().skip(1).find_map(|argument| argument.parse().ok());
    let uri = env::var("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    let (Some(seconds), Ok(uri), Ok(token)) = (seconds, uri, env::var("AWS_CONTAINER_AUTHORIZATION_TOKEN")) else {
        // `cargo bench` comes here: there is nothing to time without the bed.
        println!("usage: leapp exec --refresh SESSION -- endpoint SECONDS; run: make bench");
        return ExitCode::SUCCESS;
    };
    match measure(Duration::from_secs(seconds), &uri, &token) {
        Ok([bare, endpoint]) => {
            println!("{:<28} {:>10} {:>10} {:>10} {:>10}", "", "requests", "median ms", "p99 ms", "most ms");
            report("a bare socket", bare);
            report("endpoint", endpoint);
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("no credentials: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The times of a bare socket and of the endpoint, in turn.
fn measure(how_long: Duration, uri: &str, token: &str) -> io::Result<[Vec<Duration>; 2]> {
    let (address, path) = uri.trim_start_matches("http://").split_once('/').ok_or(io::ErrorKind::InvalidInput)?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\n\r\n");
    let answer = ask(address, &request)?;
    if !answer.starts_with(b"HTTP/1.1 200 ") {
        return Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()));
    }
    let bare = bare_socket(answer)?;
    let mut times = [Vec::new(), Vec::new()];
    let start = Instant::now();
    while start.elapsed() < how_long {
        for (address, times) in [bare.as_str(), address].into_iter().zip(&mut times) {
            let asked = Instant::now();
            let _ = ask(address, &request)?;
            times.push(asked.elapsed());
            while asked.elapsed() < PACE {
                hint::spin_loop();
            }
        }
    }
    Ok(times)
}

fn ask(address: &str, request: &str) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(request.as_bytes())?;
    stream.set_nonblocking(true)?;
    let mut answer = Vec::with_capacity(4096);
    loop {
        match stream.read_to_end(&mut answer) {
            Ok(_) => return Ok(answer),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => hint::spin_loop(),
            Err(error) => return Err(error),
        }
    }
}

/// A socket where everybody is answered with these bytes, whatever they ask.
fn bare_socket(answer: Vec<u8>) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).and_then(|_| stream.write_all(&answer));
        }
    });
    Ok(address)
}

fn report(label: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 1000].as_secs_f64() * 1000.0;
    println!("{label:<28} {:>10} {:>10.3} {:>10.3} {:>10.3}", times.len(), at(500), at(990), at(1000));
}
