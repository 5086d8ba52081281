//! HTTP requests to the ingress and the admin API.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Sends JSON, or an empty body. Returns the status, and the body: JSON, or `null` where it is not JSON.
pub(crate) async fn send(method: &str, url: &str, body: Option<Value>) -> Result<(u16, Value), String> {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = http::Request::builder().method(method).uri(url).header("accept", "application/json");
    let request = match &body {
        Some(_) => request.header("content-type", "application/json"),
        None => request,
    };
    let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
    let response = client.request(request).await.map_err(|error| format!("{url}: {error:?}"))?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}
