//! One HTTP connector for all calls of a run, so that the hops of a chain share their connections.

use std::{path::Path, time::Duration};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
        http_client_fn,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream, retry::ErrorKind};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use time::OffsetDateTime;

use super::clock::{LastSkew, Skew};
use crate::{
    context::Context,
    error::{Error, Result},
    files,
};

/// How long a connection may take: what AWS's own SDKs allow.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// The largest CA bundle that is read; Debian's has 220 KB.
const MAX_BUNDLE: u64 = 8 << 20;
/// The largest answer that is read, in bytes; those of AWS have a few thousand.
const MAX_ANSWER: u64 = 1 << 20;

/// The client for calls to `endpoint`; none of them takes longer than `read_timeout` to answer.
///
/// The proxy is that of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; the certificates are those of
/// `AWS_CA_BUNDLE`, else the system's. TLS is set up only where something speaks it: reading the system's
/// certificates takes longer than a call to an STS on this machine.
///
/// Answers are read whole, within [`MAX_ANSWER`], and what they say of the time is noted in `skew`.
pub(super) fn client(
    context: &Context,
    endpoint: Option<&str>,
    read_timeout: Duration,
    skew: &LastSkew,
) -> Result<SharedHttpClient> {
    let inner = connector(context, endpoint, read_timeout)?;
    let connector = SharedHttpConnector::new(Bounded { inner, clock: context.clock(), skew: skew.clone() });
    Ok(http_client_fn(move |_, _| connector.clone()))
}

/// A connector that bounds answers: the SDK itself takes as much as it is sent.
#[derive(Debug)]
struct Bounded {
    inner: SharedHttpConnector,
    clock: fn() -> OffsetDateTime,
    skew: LastSkew,
}

impl HttpConnector for Bounded {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answer, clock, skew, sent) = (self.inner.call(request), self.clock, self.skew.clone(), (self.clock)());
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            skew.note(Skew::of(answer.headers(), sent, clock()));
            whole(answer).await
        })
    }
}

/// An answer with all of its body in memory.
async fn whole(mut answer: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let too_large = || ConnectorError::user(format!("its answer is larger than {MAX_ANSWER} bytes").into());
    let body = std::mem::replace(answer.body_mut(), SdkBody::taken());
    if body.content_length().is_some_and(|length| length > MAX_ANSWER) {
        return Err(too_large());
    }
    let (mut pieces, mut bytes) = (ByteStream::new(body), Vec::new());
    while let Some(piece) = pieces.next().await {
        // Another attempt may bring all of it.
        let again = Some(ErrorKind::TransientError);
        let piece = piece.map_err(|_| ConnectorError::other("its answer breaks off".into(), again))?;
        if (bytes.len() + piece.len()) as u64 > MAX_ANSWER {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    *answer.body_mut() = bytes.into();
    Ok(answer)
}

/// As [`client`], for a request that the SDK does not make.
pub(super) fn connector(
    context: &Context,
    endpoint: Option<&str>,
    read_timeout: Duration,
) -> Result<SharedHttpConnector> {
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(read_timeout).build();
    let builder = Connector::builder()
        .connector_settings(settings)
        .sleep_impl(TokioSleep::new())
        .proxy_config(ProxyConfig::from_env());
    let connector = if endpoint.is_some_and(|url| url.starts_with("http://")) && !has_tls_proxy(context) {
        builder.build_http()
    } else {
        let tls = TlsContext::builder()
            .with_trust_store(trust_store(context)?)
            .build()
            .map_err(|error| Error::new("cannot set up TLS").because(error))?;
        builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls).build()
    };
    Ok(SharedHttpConnector::new(connector))
}

fn has_tls_proxy(context: &Context) -> bool {
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    names.iter().any(|name| context.var(name).is_some_and(|url| url.starts_with("https://")))
}

/// The certificates of `AWS_CA_BUNDLE` alone, as the AWS CLI has it; else the system's.
fn trust_store(context: &Context) -> Result<TrustStore> {
    let Some(path) = context.environment().get_os("AWS_CA_BUNDLE") else { return Ok(TrustStore::default()) };
    let named = format!("cannot use AWS_CA_BUNDLE ({})", path.display());
    let cannot = |why: &dyn std::fmt::Display| Error::new(named.clone()).because(why);
    let pem = files::read_bounded(Path::new(path), MAX_BUNDLE)
        .map_err(|error| cannot(&error))?
        .ok_or_else(|| cannot(&"there is no such file"))?;
    check_bundle(&pem).map_err(|why| cannot(&why))?;
    Ok(TrustStore::empty().with_pem_certificate(pem))
}

/// The connector takes only certificates that are known to be good.
fn check_bundle(pem: &[u8]) -> Result<(), String> {
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("it is not a file of PEM certificates: {error}"))?;
    if certificates.is_empty() {
        return Err("it has no certificate".into());
    }
    let mut roots = rustls::RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|error| format!("a certificate in it cannot be used: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_good_certificates_is_refused() {
        assert!(check_bundle(b"").is_err());
        assert!(check_bundle(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").is_err());
        assert!(check_bundle(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
    }
}
