//! A plain `GET`, over the connector that calls of STS go over: with its proxy, its certificates, and within bounds.

use std::time::Duration;

use aws_smithy_runtime_api::client::{http::HttpConnector as _, orchestrator::HttpRequest};
use aws_smithy_types::byte_stream::ByteStream;
use zeroize::Zeroizing;

use super::{failure::innermost, http};
use crate::{
    context::Context,
    error::{Error, Result},
    secret::Secret,
    session::span,
};

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Asks for an address, which may hold a secret: it is in no error. No longer than `timeout`, and no more than `limit`
/// bytes of an answer. Redirections are not followed.
///
/// # Errors
/// Why there is no whole answer.
pub(crate) fn get(context: &Context, url: &Secret, timeout: Duration, limit: usize) -> Result<Answer> {
    let cannot = |why: String| Error::new("cannot ask").because(why);
    // The bound is on all of it, below.
    let connector = http::connector(context, Some(url.expose()), 2 * timeout)?;
    let request = HttpRequest::get(url.expose()).map_err(|_| cannot("the address is not a valid URL".into()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot(error.to_string()))?;
    let exchange = async {
        let response = connector.call(request).await.map_err(|error| cannot(innermost(&error)))?;
        let status = response.status().as_u16();
        let mut stream = ByteStream::new(response.into_body());
        // Room for all of it at once: a vector that grows leaves copies behind that nobody wipes.
        let mut body = Zeroizing::new(Vec::with_capacity(limit));
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| cannot(innermost(&error)))?;
            if body.len() + piece.len() > limit {
                return Err(cannot(format!("the answer is larger than {limit} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, body })
    };
    let answer = runtime.block_on(async { tokio::time::timeout(timeout, exchange).await });
    answer.unwrap_or_else(|_| Err(cannot(format!("there was no answer within {}", span(timeout)))))
}
