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

use crate::process::is_ignored;

/// The gravest first: Ctrl-C may come by itself with another, as it does from a picker that was woken.
const ENDING: [i32; 3] = [SIGTERM, SIGHUP, SIGINT];

/// Nobody waits for signals: they do what they do by default.
///
/// A handler, once installed, cannot be taken away without unsafe code; so it stays, and acts as the default would.
static IDLE: AtomicBool = AtomicBool::new(true);

/// Something else in this process heeds signals from now on: they are no business of this file's.
static HEEDED_ELSEWHERE: AtomicBool = AtomicBool::new(false);

/// How many wait; none before the handlers are installed.
static WAITING: Mutex<Option<usize>> = Mutex::new(None);

/// From now on nothing here acts on a signal, also not as the default would.
pub(crate) fn leave_to_others() {
    HEEDED_ELSEWHERE.store(true, Ordering::SeqCst);
    IDLE.store(false, Ordering::SeqCst);
}

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
        if HEEDED_ELSEWHERE.load(Ordering::SeqCst) {
            return Ok(Self { registered: Vec::new(), came: Came::new() });
        }
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
        IDLE.store(left == 0 && !HEEDED_ELSEWHERE.load(Ordering::SeqCst), Ordering::SeqCst);
        for id in self.registered.drain(..) {
            unregister(id);
        }
    }
}
