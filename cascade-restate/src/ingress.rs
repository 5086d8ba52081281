//! Restate's ingress: calls that are made again while nobody answers.

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

/// The waits between tries.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(3);

/// One ingress.
#[derive(Clone)]
pub(crate) struct Ingress {
    client: Client<Http>,
    http: Http,
    address: String,
    /// How long nobody may answer.
    pub(crate) patience: Duration,
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
        Ok(Self { client, http, address, patience: Duration::from_mins(2) })
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether somebody answers: asked once.
    pub(crate) async fn health(&self) -> Result<(), RestateError> {
        let request = http::Request::get(format!("{}/restate/health", self.address));
        let request =
            request.body(bytes::Bytes::new()).map_err(|error| self.unreachable(error.to_string()))?;
        let answer = self.http.send(request).await.map_err(|error| self.unreachable(causes(&error)))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(self.answered(format!("{} to a question for its health", answer.status())))
        }
    }

    /// Calls a handler. It must not matter that it is called twice.
    pub(crate) async fn call<Req, Res>(
        &self,
        target: &RequestTarget,
        input: &Req,
    ) -> Result<Res, RestateError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
        Res: DeserializeOwned + Send + 'static,
    {
        let asked = || {
            let request = self.client.request::<Json<Req>, Json<Res>>(target.clone(), Json(input.clone()));
            async { request.call().await?.into_body() }
        };
        let Json(answer) = self.patiently(asked).await?;
        Ok(answer)
    }

    /// Calls a handler that takes nothing.
    pub(crate) async fn ask<Res>(&self, target: &RequestTarget) -> Result<Res, RestateError>
    where
        Res: DeserializeOwned + Send + 'static,
    {
        let asked = || {
            let request = self.client.request::<(), Json<Res>>(target.clone(), ());
            async { request.call().await?.into_body() }
        };
        let Json(answer) = self.patiently(asked).await?;
        Ok(answer)
    }

    /// Calls a handler that answers nothing.
    pub(crate) async fn tell<Req>(&self, target: &RequestTarget, input: &Req) -> Result<(), RestateError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
    {
        let told = || {
            let request = self.client.request::<Json<Req>, ()>(target.clone(), Json(input.clone()));
            async { request.call().await?.into_body() }
        };
        self.patiently(told).await
    }

    /// Calls a handler that takes nothing and answers nothing.
    pub(crate) async fn order(&self, target: &RequestTarget) -> Result<(), RestateError> {
        let told = || {
            let request = self.client.request::<(), ()>(target.clone(), ());
            async { request.call().await?.into_body() }
        };
        self.patiently(told).await
    }

    /// A request of Restate's own, of its admin API.
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
            .map_err(|error| self.answered(format!("what cannot be read: {error}")))
    }

    /// Starts something that goes on by itself; says whether it was started before.
    pub(crate) async fn send<Req>(
        &self,
        target: &RequestTarget,
        input: &Req,
        headers: &[(http::HeaderName, http::HeaderValue)],
    ) -> Result<bool, RestateError>
    where
        Req: Serialize + Clone + Send + Sync + 'static,
    {
        let sent = || {
            let request = self.client.request::<Json<Req>, ()>(target.clone(), Json(input.clone()));
            let request = headers
                .iter()
                .fold(request, |request, (name, value)| request.header(name.clone(), value.clone()));
            async { Ok(request.send().await?.send_status()) }
        };
        Ok(self.patiently(sent).await? == SendStatus::PreviouslyAccepted)
    }

    /// What a workflow answered, once it has ended. `None` if there is no such workflow.
    pub(crate) async fn attach<Res>(&self, workflow: &str, key: &str) -> Result<Option<Res>, RestateError>
    where
        Res: DeserializeOwned + Send + 'static,
    {
        let attached = || async {
            let handle = match self.client.lookup_workflow::<Json<Res>>(workflow, key, None).await {
                Err(error) if status(&error) == Some(StatusCode::NOT_FOUND) => return Ok(None),
                handle => handle?,
            };
            match handle.attach().await {
                Err(error) if status(&error) == Some(StatusCode::NOT_FOUND) => Ok(None),
                answer => Ok(Some(answer?.into_body())),
            }
        };
        Ok(self.patiently(attached).await?.map(|Json(answer)| answer))
    }

    /// Makes a request again while nobody answers, until patience is at its end.
    async fn patiently<T, F>(&self, request: impl Fn() -> F) -> Result<T, RestateError>
    where
        F: Future<Output = Result<T, ClientError>>,
    {
        let (mut wait, mut silent_since) = (FIRST_WAIT, None);
        loop {
            let asked = Instant::now();
            let error = match request().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !is_passing(&error) {
                return Err(self.meant(&error));
            }
            // A connection that was there for long and then broke is no long silence.
            if asked.elapsed() > LONGEST_WAIT * 2 {
                silent_since = None;
            }
            let since = *silent_since.get_or_insert_with(Instant::now);
            if since.elapsed() > self.patience {
                return Err(self.unreachable(causes(&error)));
            }
            tracing::debug!(address = self.address, %error, "Restate does not answer, asking again");
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// What an error that stays means to people.
    fn meant(&self, error: &ClientError) -> RestateError {
        let text = error.response().map(|response| message(response.body())).unwrap_or_default();
        match status(error) {
            Some(StatusCode::NOT_FOUND) => RestateError::NoWorker { address: self.address.clone() },
            Some(status) => self.answered(format!("{status}: {text}")),
            None => self.answered(causes(error)),
        }
    }

    pub(crate) fn answered(&self, what: String) -> RestateError {
        RestateError::Answer { address: self.address.clone(), what }
    }

    fn unreachable(&self, cause: impl Into<String>) -> RestateError {
        RestateError::Unreachable { address: self.address.clone(), cause: cause.into() }
    }
}

/// Whether asking again may help: nobody answered, or somebody who has no time just now.
fn is_passing(error: &ClientError) -> bool {
    let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE];
    match error {
        ClientError::Transport { .. } => true,
        error => status(error).is_some_and(|status| busy.contains(&status)),
    }
}

fn status(error: &ClientError) -> Option<StatusCode> {
    error.response().map(http::Response::status).filter(|status| !status.is_success())
}

/// The message in what Restate answers, which is JSON or text.
fn message(body: &bytes::Bytes) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let message = json.as_ref().and_then(|json| json.get("message")?.as_str());
    message.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

/// An error with all its causes.
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
