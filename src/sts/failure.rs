//! What the SDK's errors come down to.

use std::error::Error;

use aws_sdk_sts::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use rustls::CertificateError;

use super::{
    fault::{Fault, FaultKind},
    way::Obstacle,
};

/// The fault in an error of a call of STS.
pub(super) fn fault_of<E: ProvideErrorMetadata + std::fmt::Debug>(error: &SdkError<E, HttpResponse>) -> Fault {
    match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let (code, message) = (service.err().code(), service.err().message());
            // A proxy's page or a captive portal is no error of STS's: it has no code.
            if code.is_none() && status < 500 {
                return Fault::new(FaultKind::NotSts, format!("status {status}"));
            }
            Fault::of(code.unwrap_or_default(), message.unwrap_or_default(), status)
        }
        SdkError::TimeoutError(_) => Fault::new(FaultKind::Silent, "no answer"),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => fault_of_connection(error),
            None => Fault::new(FaultKind::NoWay(Obstacle::Unreachable), "no connection"),
        },
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            Fault::new(FaultKind::NotSts, format!("status {status}, and a body that is not STS's"))
        }
        _ => Fault::new(FaultKind::Other, "the request could not be made"),
    }
}

/// Names, certificates and tunnels are told apart: each asks for something else.
pub(super) fn fault_of_connection(error: &ConnectorError) -> Fault {
    let why = innermost(error);
    let certificate = chain(error).find_map(|reason| match reason.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(flaw)) => Some(flaw),
        _ => None,
    });
    let kind = match certificate {
        Some(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => FaultKind::NoWay(Obstacle::OutdatedCertificate),
        Some(_) => FaultKind::NoWay(Obstacle::UntrustedCertificate),
        // Something answered, and it is no HTTP, too large, or not all.
        None if error.is_user() || error.is_other() => FaultKind::NotSts,
        None if error.is_timeout() && why.contains("connect") => {
            return Fault::new(FaultKind::NoWay(Obstacle::Unreachable), "no connection in time");
        }
        None if error.is_timeout() => FaultKind::Silent,
        // The words of the standard library, and those of the HTTP client's CONNECT: their types are private.
        None if why.starts_with("failed to lookup address information") => FaultKind::NoWay(Obstacle::UnknownHost),
        None if why.starts_with("tunnel error") => FaultKind::NoWay(Obstacle::NoTunnel),
        None => FaultKind::NoWay(Obstacle::Unreachable),
    };
    Fault::new(kind, why)
}

/// The innermost reason, which is the one that a person can do something about: `Connection refused`.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and its reasons. What an `io::Error` was made of is its next one: `source` would pass over it.
pub(super) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<std::io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}
