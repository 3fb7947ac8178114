//! Pure: the way to STS as the environment has it, and what a person does where it leads nowhere.

use crate::error::Error;

/// How to set this machine's clock.
#[cfg(not(target_os = "macos"))]
pub(crate) const SET_CLOCK: &str =
    "to set this machine's clock: sudo timedatectl set-ntp true (under WSL: sudo hwclock -s)";
/// How to set this machine's clock.
#[cfg(target_os = "macos")]
pub(crate) const SET_CLOCK: &str = "to set this machine's clock: sudo sntp -sS time.apple.com";

/// What is in the way to STS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// No connection: refused, no route, TLS.
    Unreachable,
    /// No such host, or nobody to ask for it.
    UnknownHost,
    /// The proxy leads nowhere.
    NoTunnel,
    /// A certificate that nobody who is trusted has issued, or another host's.
    UntrustedCertificate,
    /// A certificate whose time has not come, or is over, by this machine's clock.
    OutdatedCertificate,
}

/// What the environment says of the way to STS.
#[derive(Debug, Default)]
pub struct Way {
    /// The variable that names the endpoint; none where that is AWS's own.
    pub(super) endpoint: Option<&'static str>,
    /// The variable that names the proxy, and the proxy's address without a password; none where none is taken.
    pub(super) proxy: Option<(&'static str, String)>,
    /// Whether `AWS_CA_BUNDLE` names the certificates to trust.
    pub(super) has_bundle: bool,
}

impl Way {
    /// Where it ends, for people, and why.
    pub(super) fn end(&self, obstacle: Obstacle, endpoint: &str, why: &str) -> String {
        match (&self.proxy, obstacle) {
            (Some((name, proxy)), Obstacle::NoTunnel) => {
                format!("the proxy {proxy} ({name}) lets nothing through to {endpoint}: {why}")
            }
            (Some((name, proxy)), Obstacle::Unreachable | Obstacle::UnknownHost) => {
                format!("the proxy {proxy} ({name}) cannot be reached: {why}")
            }
            _ => format!("{endpoint} cannot be reached: {why}"),
        }
    }

    /// Adds what to do where STS cannot be reached.
    pub(super) fn remedy(&self, obstacle: Obstacle, error: Error) -> Error {
        let correct = |name: &str| format!("correct it and try again, or go without: unset {name}");
        match obstacle {
            Obstacle::UntrustedCertificate if self.has_bundle => error.hint(
                "add the certificate of its issuer to the file that AWS_CA_BUNDLE names, or trust the system's alone: unset AWS_CA_BUNDLE",
            ),
            Obstacle::UntrustedCertificate => error.hint(
                "where a proxy of your company opens TLS, name its certificate: export AWS_CA_BUNDLE=/path/to/certificate.pem",
            ),
            Obstacle::OutdatedCertificate => error.hint("is this machine's clock right?").hint(SET_CLOCK),
            _ => match (&self.proxy, self.endpoint, obstacle) {
                (Some((name, _)), ..) => error.hint(correct(name)),
                (None, Some(name), _) => error.hint(correct(name)),
                (None, None, Obstacle::UnknownHost) => {
                    error.hint("check the network and its name server, and that AWS has a region of that name")
                }
                (None, None, _) => error.hint("check the network, and try again"),
            },
        }
    }
}
