//! A Restate server for one proof: on loopback, on reserved ports, in the proof's directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::http::send;
use crate::port::Port;
use crate::process::Process;
use crate::wait::until;

pub(crate) struct Server {
    binary: PathBuf,
    directory: PathBuf,
    process: Option<Process>,
    ingress: Port,
    admin: Port,
    node: Port,
    /// Added to its configuration.
    configuration: String,
}

impl Server {
    /// A server with its defaults, apart from its addresses and directory.
    pub(crate) async fn start(binary: &Path, directory: &Path) -> Result<Self, String> {
        Self::start_with(binary, directory, "").await
    }

    /// As [`start`](Self::start), with more configuration.
    pub(crate) async fn start_with(
        binary: &Path,
        directory: &Path,
        configuration: &str,
    ) -> Result<Self, String> {
        let mut server = Self {
            binary: binary.to_owned(),
            directory: directory.to_owned(),
            process: None,
            ingress: Port::reserve()?,
            admin: Port::reserve()?,
            node: Port::reserve()?,
            configuration: configuration.to_owned(),
        };
        server.run().await?;
        Ok(server)
    }

    /// Starts the process. After a kill it continues with the same addresses and data.
    pub(crate) async fn run(&mut self) -> Result<(), String> {
        let config = format!(
            "base-dir = \"{}\"\nnode-name = \"node\"\nbind-ip = \"127.0.0.1\"\nadvertised-host = \"127.0.0.1\"\n\
             listen-mode = \"tcp\"\nbind-port = {}\ndisable-telemetry = true\nlog-disable-ansi-codes = true\n\
             log-filter = \"warn\"\n[ingress]\nbind-port = {}\n[admin]\nbind-port = {}\n{}",
            self.directory.join("data").display(),
            self.node.number(),
            self.ingress.number(),
            self.admin.number(),
            self.configuration
        );
        let file = self.directory.join("restate.toml");
        std::fs::write(&file, config).map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.binary);
        command.arg("--config-file").arg(&file).arg("--no-logo");
        self.process = Some(Process::start(&mut command, &self.directory.join("server.log"))?);
        let ready = async || Ok(self.is_ready().await.then_some(()));
        until(&format!("the server is ready, see {}", self.directory.display()), ready).await
    }

    async fn is_ready(&self) -> bool {
        let ready = async |url: String| matches!(send("GET", &url, None).await, Ok((200, _)));
        ready(format!("{}/restate/health", self.ingress())).await
            && ready(format!("{}/health", self.admin())).await
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    pub(crate) fn ingress(&self) -> String {
        self.ingress.url()
    }

    pub(crate) fn admin(&self) -> String {
        self.admin.url()
    }

    /// Registers the workers at a port, once they answer.
    pub(crate) async fn register(&self, workers: &Port) -> Result<(), String> {
        let registered = async || {
            let body = json!({ "uri": workers.url(), "force": true });
            let answer = send("POST", &format!("{}/deployments", self.admin()), Some(body)).await;
            Ok(matches!(answer, Ok((200 | 201, _))).then_some(()))
        };
        until(&format!("the workers at {} are registered", workers.url()), registered).await
    }

    /// The rows of a query to the introspection. A server that has just started may not answer at first.
    pub(crate) async fn query(&self, sql: &str) -> Result<Vec<Value>, String> {
        let url = format!("{}/query", self.admin());
        let rows = async || {
            let (status, mut answer) = send("POST", &url, Some(json!({ "query": sql }))).await?;
            match answer["rows"].take() {
                Value::Array(rows) if status == 200 => Ok(Some(rows)),
                _ => Ok(None),
            }
        };
        until(sql, rows).await
    }
}
