//! Pure: the way to STS as the environment has it, and what a person does where it leads nowhere.

use super::fault::FaultKind;
use crate::error::Error;

/// How to set this machine's clock.
#[cfg(not(target_os = "macos"))]
pub(crate) const SET_CLOCK: &str =
    "to set this machine's clock: sudo timedatectl set-ntp true (under WSL: sudo hwclock -s)";
/// How to set this machine's clock.
#[cfg(target_os = "macos")]
pub(crate) const SET_CLOCK: &str = "to set this machine's clock: sudo sntp -sS time.apple.com";

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
    pub(super) fn end(&self, kind: FaultKind, endpoint: &str, why: &str) -> String {
        match (&self.proxy, kind) {
            (Some((name, proxy)), FaultKind::NoTunnel) => {
                format!("the proxy {proxy} ({name}) lets nothing through to {endpoint}: {why}")
            }
            (Some((name, proxy)), FaultKind::Unreachable | FaultKind::UnknownHost) => {
                format!("the proxy {proxy} ({name}) cannot be reached: {why}")
            }
            _ => format!("{endpoint} cannot be reached: {why}"),
        }
    }

    /// Adds what to do where STS cannot be reached.
    pub(super) fn remedy(&self, kind: FaultKind, error: Error) -> Error {
        let correct = |name: &str| format!("correct it and try again, or go without: unset {name}");
        match kind {
            FaultKind::UntrustedCertificate if self.has_bundle => error.hint(
                "add the certificate of its issuer to the file that AWS_CA_BUNDLE names, or trust the system's alone: unset AWS_CA_BUNDLE",
            ),
            FaultKind::UntrustedCertificate => error.hint(
                "where a proxy of your company opens TLS, name its certificate: export AWS_CA_BUNDLE=/path/to/certificate.pem",
            ),
            FaultKind::OutdatedCertificate => error.hint("is this machine's clock right?").hint(SET_CLOCK),
            _ => match (&self.proxy, self.endpoint, kind) {
                (Some((name, _)), ..) => error.hint(correct(name)),
                (None, Some(name), _) => error.hint(correct(name)),
                (None, None, FaultKind::UnknownHost) => {
                    error.hint("check the network and its name server, and that AWS has a region of that name")
                }
                (None, None, _) => error.hint("check the network, and try again"),
            },
        }
    }
}
