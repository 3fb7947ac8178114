//! A terminal, and somebody who types.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::fs::OpenOptionsExt as _,
    },
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    fcntl::OFlag,
    poll::{PollFd, PollFlags, poll},
    pty::{grantpt, posix_openpt, ptsname_r, unlockpt},
    unistd::ttyname,
};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Both ends of a terminal, and what was shown on it.
pub(crate) struct Terminal {
    keyboard: File,
    far_end: File,
    reader: thread::JoinHandle<()>,
    is_over: Arc<AtomicBool>,
    screen: mpsc::Receiver<String>,
    seen: String,
    /// How much of it was expected already.
    read: usize,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        // Not `openpty`, whose ends every process inherits that a test beside this one starts.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let near_end = posix_openpt(flags).expect("a terminal");
        grantpt(&near_end).and_then(|()| unlockpt(&near_end)).expect("a terminal");
        let name = ptsname_r(&near_end).expect("a name");
        let far_end = OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(name);
        let keyboard = File::from(OwnedFd::from(near_end));
        let mut reader = keyboard.try_clone().expect("a terminal");
        let (sender, screen) = mpsc::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&is_over);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while !end.load(Ordering::SeqCst) {
                let mut ready = [PollFd::new(reader.as_fd(), PollFlags::POLLIN)];
                if poll(&mut ready, 50_u16) == Ok(0) {
                    continue;
                }
                let Ok(count @ 1..) = reader.read(&mut bytes) else { break };
                let _ = sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        });
        Self { keyboard, far_end: far_end.expect("a terminal"), reader, is_over, screen, seen: String::new(), read: 0 }
    }

    /// Has a command read from it and write to it.
    pub(crate) fn connect(&self, command: &mut Command) {
        let end = || Stdio::from(self.far_end.try_clone().expect("a terminal"));
        command.stdin(end()).stdout(end()).stderr(end());
    }

    pub(crate) fn types(&self, keys: &str) {
        (&self.keyboard).write_all(keys.as_bytes()).expect("typed");
    }

    /// Makes the window larger.
    pub(crate) fn resize(&self) {
        let name = ttyname(&self.far_end).expect("a name");
        let status = Command::new("stty").arg("-F").arg(name).args(["rows", "50"]).status();
        assert!(status.expect("stty").success());
    }

    /// Hangs up, as a window that is closed does: the near end is gone.
    pub(crate) fn hang_up(self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.reader.join().expect("the reader ends");
        drop(self.keyboard);
    }

    /// Waits until this is shown, after what was expected before.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(place) = self.seen[self.read..].find(text) {
                self.read += place + text.len();
                return;
            }
            match self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(shown) => self.seen.push_str(&shown),
                Err(end) => panic!("{text:?} is not shown ({end}); what is: {}", &self.seen[self.read..]),
            }
        }
    }

    /// All that was shown.
    pub(crate) fn seen(&mut self) -> &str {
        while let Ok(shown) = self.screen.recv_timeout(Duration::from_millis(100)) {
            self.seen.push_str(&shown);
        }
        &self.seen
    }
}
