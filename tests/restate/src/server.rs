//! A Restate server of our own: on loopback, on free ports, in a directory that goes with us.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::send;
use crate::process::Process;

pub(crate) struct Server {
    binary: PathBuf,
    directory: PathBuf,
    process: Option<Process>,
    ports: [u16; 3],
    /// More of its configuration.
    more: String,
}

/// A port that nobody listens on just now.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

impl Server {
    /// A server with its defaults, but for where it listens and what it keeps.
    pub(crate) async fn start(binary: &Path, directory: &Path) -> Result<Self, String> {
        Self::start_with(binary, directory, "").await
    }

    /// The same, with more of its configuration.
    pub(crate) async fn start_with(binary: &Path, directory: &Path, more: &str) -> Result<Self, String> {
        let ports = [free_port()?, free_port()?, free_port()?];
        let (binary, directory) = (binary.to_owned(), directory.to_owned());
        let mut server = Self { binary, directory, process: None, ports, more: more.to_owned() };
        server.run().await?;
        Ok(server)
    }

    /// Starts it, or starts it again where it was.
    pub(crate) async fn run(&mut self) -> Result<(), String> {
        let [ingress, admin, node] = self.ports;
        let config = format!(
            "base-dir = \"{}\"\nnode-name = \"node\"\nbind-ip = \"127.0.0.1\"\nadvertised-host = \"127.0.0.1\"\n\
             listen-mode = \"tcp\"\nbind-port = {node}\ndisable-telemetry = true\nlog-disable-ansi-codes = true\n\
             log-filter = \"warn\"\n[ingress]\nbind-port = {ingress}\n[admin]\nbind-port = {admin}\n{}",
            self.directory.join("data").display(),
            self.more
        );
        let file = self.directory.join("restate.toml");
        std::fs::write(&file, config).map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.binary);
        command.arg("--config-file").arg(&file).arg("--no-logo");
        self.process = Some(Process::start(&mut command, &self.directory.join("server.log"))?);
        let since = Instant::now();
        while !self.is_ready().await {
            if since.elapsed() > Duration::from_mins(1) {
                return Err(format!("the server does not get ready: see {}", self.directory.display()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
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
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    pub(crate) fn admin(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[1])
    }

    /// Tells the server of workers at an address, once they answer there.
    pub(crate) async fn register(&self, workers: SocketAddr) -> Result<(), String> {
        let since = Instant::now();
        loop {
            let body = json!({ "uri": format!("http://{workers}"), "force": true });
            let answer = send("POST", &format!("{}/deployments", self.admin()), Some(body)).await;
            match answer {
                Ok((200 | 201, _)) => return Ok(()),
                answer if since.elapsed() > Duration::from_secs(30) => {
                    return Err(format!("the workers at {workers} are not registered: {answer:?}"));
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Asks the introspection. A server that has only just started may not have all of it yet.
    pub(crate) async fn query(&self, sql: &str) -> Result<Vec<Value>, String> {
        let url = format!("{}/query", self.admin());
        let since = Instant::now();
        loop {
            let (status, answer) = send("POST", &url, Some(json!({ "query": sql }))).await?;
            match answer.get("rows").and_then(Value::as_array) {
                Some(rows) if status == 200 => return Ok(rows.clone()),
                _ if since.elapsed() > Duration::from_secs(10) => {
                    return Err(format!("{sql}: {status} {answer}"));
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}
