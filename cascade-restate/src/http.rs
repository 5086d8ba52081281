//! The HTTP client for Restate.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use restate_sdk::ingress::RequestExecutor;

/// The time limit for a connection to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// HTTP without TLS, for a network that is trusted.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: HyperClient<HttpConnector, Full<Bytes>>,
}

/// A request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error(transparent)]
    Request(#[from] hyper_util::client::legacy::Error),
    #[error("the answer ended early")]
    Body(#[source] hyper::Error),
}

impl Http {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_LIMIT));
        connector.set_nodelay(true);
        Self { client: HyperClient::builder(TokioExecutor::new()).build(connector) }
    }

    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = self.client.request(request.map(Full::new)).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await.map_err(HttpError::Body)?.to_bytes()))
    }
}

impl RequestExecutor for Http {
    type Error = HttpError;

    async fn execute(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Self::Error> {
        self.send(request).await
    }
}
