//! Codes of an MFA device: each is sent once, for none is taken a second time (RFC 6238, section 5.2).

use std::cell::RefCell;

use super::Means;
use crate::{
    context::Context,
    error::{Error, Kind, Result},
    session::Session,
    ui::terminal::Terminal,
};

/// How often the person may type a code that was sent already.
const TRIES: usize = 3;

/// The codes that a run has sent, each with its device: several sessions may ask for one's.
pub(crate) type Sent = RefCell<Vec<(String, String)>>;

/// The codes of a device, as the person types them.
pub(super) struct Codes<'a> {
    context: &'a Context,
    session: &'a Session,
    device: &'a str,
    sent: &'a Sent,
}

impl<'a> Codes<'a> {
    /// Those of a device that a session needs.
    pub(super) fn of(means: &Means<'a>, session: &'a Session, device: &'a str) -> Self {
        Self { context: means.context, session, device, sent: means.sent_codes }
    }

    /// Asks for a code that was not sent yet: six digits (`AssumeRole`, parameter `TokenCode`).
    pub(super) fn next(&self) -> Result<String> {
        let device = self.device;
        let terminal = Terminal::open(self.context).ok_or_else(|| {
            self.cannot(format!("it needs a code of {device}, and there is no terminal to ask on"))
                .hint(format!("on a terminal, run: leapp login {}", self.session.alias))
                .kind(Kind::NeedsPerson)
        })?;
        let mut sent = self.sent.borrow_mut();
        let is_first = sent.iter().all(|(of, _)| of != device);
        for _ in 0..TRIES {
            let code = terminal.ask(&if is_first {
                format!("MFA code of {device}: ")
            } else {
                format!("the next MFA code of {device}, for each is good once: ")
            })?;
            if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(self.cannot("an MFA code has six digits".to_owned()));
            }
            let of_device = (device.to_owned(), code);
            if !sent.contains(&of_device) {
                sent.push(of_device.clone());
                return Ok(of_device.1);
            }
        }
        Err(self.cannot("an MFA code is good once".to_owned()))
    }

    fn cannot(&self, why: String) -> Error {
        Error::new(format!("cannot get credentials for `{}`", self.session.alias)).because(why)
    }
}
