//! Ctrl-C, and requests to end, while something is under way that must not be left as it is: a browser, a terminal
//! without echo.

use std::io::{self, Read as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::{self, register_conditional_default};
use signal_hook::low_level::{pipe, unregister};

/// The gravest first: Ctrl-C may come by itself with another, as it does from a picker that was woken.
const ENDING: [i32; 3] = [SIGTERM, SIGHUP, SIGINT];

/// Nobody waits for signals: they do what they do by default.
///
/// A handler, once installed, cannot be taken away without unsafe code; so it stays, and acts as the default would.
static IDLE: AtomicBool = AtomicBool::new(true);

/// How many wait; none before the handlers are installed.
static WAITING: Mutex<Option<usize>> = Mutex::new(None);

/// As long as this lives, signals that would end leapp are told instead.
pub(crate) struct Signals {
    registered: Vec<SigId>,
    came: Came,
}

/// Whether each of the signals came.
type Came = Vec<(i32, Arc<AtomicBool>)>;

impl Signals {
    /// Begins, and tells of each signal in a thread. One that leapp was started to ignore (`nohup`, a shell's background
    /// job) stays ignored.
    pub(crate) fn forward(mut on_signal: impl FnMut(i32) + Send + 'static) -> io::Result<Self> {
        let heeded = || ENDING.into_iter().filter(|&signal| !is_ignored(signal));
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_none() {
            for signal in heeded() {
                register_conditional_default(signal, &IDLE)?;
            }
        }
        let (mut signals, far_end) = io::pipe()?;
        let came: Came = heeded().map(|signal| (signal, Arc::default())).collect();
        let mut forwarding = Self { registered: Vec::new(), came: came.clone() };
        *waiting = Some(waiting.unwrap_or_default() + 1);
        drop(waiting);
        for (signal, flag) in &came {
            forwarding.registered.push(flag::register(*signal, Arc::clone(flag))?);
            forwarding.registered.push(pipe::register(*signal, far_end.try_clone()?)?);
        }
        IDLE.store(false, Ordering::SeqCst);
        thread::spawn(move || {
            // Ends when the last handler has let go of the far end.
            while let Ok(1) = signals.read(&mut [0]) {
                gravest(&came).into_iter().for_each(&mut on_signal);
            }
        });
        Ok(forwarding)
    }

    /// The gravest signal that came, also where its telling is still on its way.
    pub(crate) fn gravest(&self) -> Option<i32> {
        gravest(&self.came)
    }
}

fn gravest(came: &Came) -> Option<i32> {
    came.iter().find(|(_, flag)| flag.load(Ordering::SeqCst)).map(|(signal, _)| *signal)
}

impl Drop for Signals {
    fn drop(&mut self) {
        let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let left = waiting.unwrap_or_default().saturating_sub(1);
        *waiting = Some(left);
        IDLE.store(left == 0, Ordering::SeqCst);
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}

/// Whether the signal was ignored before anything was registered. Only Linux tells without unsafe code.
fn is_ignored(signal: i32) -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, signal))
}

/// Reads the line `SigIgn:` of `/proc/PID/status`, a bit per signal.
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_mask() {
        let status = "Name:\tleapp\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        assert!(ignores(status, SIGHUP));
        assert!(!ignores(status, SIGINT));
        assert!(!ignores("", SIGHUP));
    }
}
