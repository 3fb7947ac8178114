//! A server behind the shell: the leapp in front asks the person, starts it, and prints what it opened.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, IsTerminal as _, Write as _},
    os::fd::AsFd as _,
    process::Stdio,
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Server;
use crate::{
    cli::Serve,
    context::{Context, to_stdout},
    endpoint::Endpoint,
    error::{Error, Result},
    process::{self, Process},
    secret::Secret,
    session::Session,
};

/// What the server says to the leapp in front: what it opened, or why it did not.
#[derive(Serialize, Deserialize)]
enum Word<'a> {
    Open {
        #[serde(borrow)]
        uri: &'a str,
        #[serde(borrow)]
        token: &'a str,
    },
    Failed(String),
}

/// Starts a server that ends with the shell, hands it what it begins with, and gives what it opened.
pub(super) fn start(context: &Context, session: &Session, arguments: &Serve, granted: &[u8]) -> Result<Endpoint> {
    let cannot = |error: io::Error| Error::new("cannot start a server for credentials").because(error);
    let mut command = process::this_program();
    if context.is_verbose() {
        command.arg("-v");
    }
    command.arg("serve").arg("--attached").arg(Process::lasting_shell().to_string());
    command.args(["--min-ttl", &arguments.using.min_ttl]);
    if let Some(duration) = &arguments.using.asking.duration {
        command.args(["--duration", duration]);
    }
    if arguments.using.asking.no_cache {
        command.arg("--no-cache");
    }
    if let Some(socket) = &arguments.socket {
        command.arg("--socket").arg(std::path::absolute(socket).map_err(cannot)?);
    }
    command.arg("--").arg(session.alias.as_str());
    // A pipe that reads standard error would wait for the server's end; a file does not.
    let is_file = || io::stderr().as_fd().try_clone_to_owned().and_then(|file| File::from(file).metadata());
    let has_reader = !io::stderr().is_terminal() && !is_file().is_ok_and(|metadata| metadata.is_file());
    let stderr = if has_reader { Stdio::null() } else { Stdio::inherit() };
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn();
    let mut server = spawned.map_err(cannot)?;
    let (Some(mut stdin), Some(stdout)) = (server.stdin.take(), server.stdout.take()) else {
        return Err(cannot(io::ErrorKind::BrokenPipe.into()));
    };
    stdin.write_all(granted).map_err(cannot)?;
    drop(stdin);
    let mut line = Zeroizing::new(String::with_capacity(1024));
    BufReader::new(stdout).read_line(&mut line).map_err(cannot)?;
    match serde_json::from_str(&line) {
        Ok(Word::Open { uri, token }) => Ok(Endpoint { uri: Secret::new(uri), token: Secret::new(token) }),
        Ok(Word::Failed(why)) => Err(Error::new(why)),
        Err(_) => Err(cannot(io::Error::other("it ended at once"))),
    }
}

/// The server's own life: out of the terminal's reach, so that its signals are not for it.
pub(super) fn serve(start: impl FnOnce() -> Result<(Server, Process)>) -> Result<()> {
    // Fails for the leader of a process group, which then is out of reach already.
    let _ = nix::unistd::setsid();
    let started = start();
    let word = match &started {
        Ok((server, _)) => Word::Open { uri: server.endpoint.uri.expose(), token: server.endpoint.token.expose() },
        Err(error) => Word::Failed(error.sentence()),
    };
    let line = Zeroizing::new(serde_json::to_string(&word).unwrap_or_default());
    to_stdout(&format!("{}\n", *line)).map_err(|error| Error::new("cannot serve credentials").because(error))?;
    // The leapp in front tells of a failure.
    if let Ok((server, shell)) = started {
        server.wait(&shell);
    }
    Ok(())
}
