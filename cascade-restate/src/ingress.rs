//! Restate's ingress and admin API: requests that are repeated while Restate does not answer.

use std::time::Duration;

use http::StatusCode;
use restate_sdk::context::RequestTarget;
use restate_sdk::ingress::{Client, ClientError, SendStatus};
use restate_sdk::prelude::Json;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::error::RestateError;
use crate::http::Http;

/// The delays between attempts.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(3);

/// The ingress or the admin API of one server.
#[derive(Clone)]
pub(crate) struct Ingress {
    client: Client<Http>,
    http: Http,
    address: String,
    /// How long requests are repeated without an answer.
    patience: Duration,
}

impl std::fmt::Debug for Ingress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ingress({})", self.address)
    }
}

impl Ingress {
    pub(crate) fn new(address: &str) -> Result<Self, RestateError> {
        let wrong = || RestateError::Address { address: address.to_owned() };
        let address = address.trim_end_matches('/').to_owned();
        let uri: http::Uri = address.parse().map_err(|_| wrong())?;
        if uri.scheme_str() != Some("http") || uri.authority().is_none() {
            return Err(wrong());
        }
        let http = Http::new();
        let client = Client::new(uri, http.clone()).map_err(|_| wrong())?;
        Ok(Self { client, http, address, patience: Duration::from_secs(120) })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether the server answers. Asks once.
    pub(crate) async fn health(&self) -> Result<(), RestateError> {
        let request = http::Request::get(format!("{}/restate/health", self.address));
        let request =
            request.body(bytes::Bytes::new()).map_err(|error| self.unreachable(error.to_string()))?;
        let answer = self.http.send(request).await.map_err(|error| self.unreachable(causes(&error)))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(self.answered(format!("{} to a health request", answer.status())))
        }
    }

    /// Calls a handler. The call may be repeated, so a second call must have no further effect.
    pub(crate) async fn call<Req, Res>(
        &self,
        target: &RequestTarget,
        input: &Req,
    ) -> Result<Res, RestateError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
        Res: DeserializeOwned + Send + 'static,
    {
        let request = || {
            let request = self.client.request::<Json<Req>, Json<Res>>(target.clone(), Json(input.clone()));
            async { request.call().await?.into_body() }
        };
        let Json(answer) = self.repeat(request).await?;
        Ok(answer)
    }

    /// Calls a handler without input.
    pub(crate) async fn get<Res>(&self, target: &RequestTarget) -> Result<Res, RestateError>
    where
        Res: DeserializeOwned + Send + 'static,
    {
        let request = || {
            let request = self.client.request::<(), Json<Res>>(target.clone(), ());
            async { request.call().await?.into_body() }
        };
        let Json(answer) = self.repeat(request).await?;
        Ok(answer)
    }

    /// Calls a handler without output.
    pub(crate) async fn put<Req>(&self, target: &RequestTarget, input: &Req) -> Result<(), RestateError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
    {
        let request = || {
            let request = self.client.request::<Json<Req>, ()>(target.clone(), Json(input.clone()));
            async { request.call().await?.into_body() }
        };
        self.repeat(request).await
    }

    /// Calls a handler without input or output.
    pub(crate) async fn signal(&self, target: &RequestTarget) -> Result<(), RestateError> {
        let request = || {
            let request = self.client.request::<(), ()>(target.clone(), ());
            async { request.call().await?.into_body() }
        };
        self.repeat(request).await
    }

    /// Posts to Restate's admin API, once.
    pub(crate) async fn post<Res: DeserializeOwned>(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Res, RestateError> {
        let request = http::Request::post(format!("{}{path}", self.address))
            .header("content-type", "application/json")
            .header("accept", "application/json")
            .body(bytes::Bytes::from(body.to_string()))
            .map_err(|error| self.unreachable(error.to_string()))?;
        let answer = self.http.send(request).await.map_err(|error| self.unreachable(causes(&error)))?;
        if !answer.status().is_success() {
            return Err(self.answered(format!("{}: {}", answer.status(), message(answer.body()))));
        }
        serde_json::from_slice(answer.body())
            .map_err(|error| self.answered(format!("in a form that this program cannot read: {error}")))
    }

    /// Starts an invocation and does not wait for its end. Returns whether it was started before.
    pub(crate) async fn send<Req>(
        &self,
        target: &RequestTarget,
        input: &Req,
        headers: &[(http::HeaderName, http::HeaderValue)],
    ) -> Result<bool, RestateError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
    {
        let request = || {
            let request = self.client.request::<Json<Req>, ()>(target.clone(), Json(input.clone()));
            let request = headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name.clone(), value.clone()));
            async { Ok(request.send().await?.send_status()) }
        };
        Ok(self.repeat(request).await? == SendStatus::PreviouslyAccepted)
    }

    /// Waits for the end of a workflow and returns its output, or `None` if there is no such workflow.
    pub(crate) async fn attach<Res>(&self, workflow: &str, key: &str) -> Result<Option<Res>, RestateError>
    where
        Res: DeserializeOwned + Send + 'static,
    {
        let request = || async {
            let handle = match self.client.lookup_workflow::<Json<Res>>(workflow, key, None).await {
                Err(error) if status(&error) == Some(StatusCode::NOT_FOUND) => return Ok(None),
                handle => handle?,
            };
            match handle.attach().await {
                Err(error) if status(&error) == Some(StatusCode::NOT_FOUND) => Ok(None),
                answer => Ok(Some(answer?.into_body())),
            }
        };
        Ok(self.repeat(request).await?.map(|Json(answer)| answer))
    }

    /// Repeats a request while Restate does not answer, up to `patience`.
    async fn repeat<T, F>(&self, request: impl Fn() -> F) -> Result<T, RestateError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let (mut delay, mut silent_since) = (FIRST_DELAY, None);
        loop {
            let asked = Instant::now();
            let error = match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !is_transient(&error) {
                return Err(self.explain(&error));
            }
            // A connection that was open for long and then broke does not count as silence.
            if asked.elapsed() > LONGEST_DELAY * 2 {
                silent_since = None;
            }
            let since = *silent_since.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience {
                return Err(self.unreachable(causes(&error)));
            }
            tracing::debug!(address = self.address, %error, "Restate does not answer: the request is repeated");
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }

    /// The error for people.
    fn explain(&self, error: &ClientError) -> RestateError {
        let text = error.response().map(|response| message(response.body())).unwrap_or_default();
        match status(error) {
            Some(StatusCode::NOT_FOUND) => RestateError::NoWorker { address: self.address.clone() },
            Some(status) => self.answered(format!("{status}: {text}")),
            None => self.answered(causes(error)),
        }
    }

    fn answered(&self, what: String) -> RestateError {
        RestateError::Answer { address: self.address.clone(), what }
    }

    fn unreachable(&self, cause: impl Into<String>) -> RestateError {
        RestateError::Unreachable { address: self.address.clone(), cause: cause.into() }
    }
}

/// Whether a repeated request may succeed: the server did not answer, or is busy.
fn is_transient(error: &ClientError) -> bool {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
    match error {
        ClientError::Transport { .. } => true,
        error => status(error).is_some_and(|status| busy.contains(&status)),
    }
}

fn status(error: &ClientError) -> Option<StatusCode> {
    error.response().map(http::Response::status).filter(|status| !status.is_success())
}

/// The message in an answer of Restate, which is JSON or text.
fn message(body: &bytes::Bytes) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

/// An error with all its sources.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
