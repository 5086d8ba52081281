//! The example cloud: its command line, its inventory, and the log of its agents.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use iaas_audit::{Before, Pairs, is_trace};
use rusqlite::Connection;
use serde_json::Value;

use crate::process::{Process, output, text};

/// A command takes less, unless it hangs.
pub(crate) const LIMIT: Duration = Duration::from_mins(3);

/// A cloud in a directory.
pub(crate) struct Cloud {
    iaas: PathBuf,
    pub(crate) directory: PathBuf,
}

impl Cloud {
    pub(crate) fn seed(iaas: &Path, directory: PathBuf, vms: usize) -> Result<Self, String> {
        std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        let cloud = Self { iaas: iaas.to_owned(), directory };
        cloud.run(&["seed", "--vms", &vms.to_string()])?;
        Ok(cloud)
    }

    /// A copy in another directory.
    pub(crate) fn copy(&self, directory: PathBuf) -> Result<Self, String> {
        std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        std::fs::copy(self.directory.join("iaas.db"), directory.join("iaas.db"))
            .map_err(|error| error.to_string())?;
        Ok(Self { iaas: self.iaas.clone(), directory })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.iaas);
        command.current_dir(&self.directory).args(arguments);
        command
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Child, String> {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| format!("{command:?}: {error}"))
    }

    /// Runs a command and returns its standard output. Fails if the command does.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = output(self.start(arguments)?, LIMIT)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("iaas {}: {}", arguments.join(" "), text(&output)))
        }
    }

    /// A worker on this cloud, which logs to `<name>.log`.
    pub(crate) fn worker(
        &self,
        name: &str,
        ingress: &str,
        listen: SocketAddr,
        more: &[&str],
    ) -> Result<Process, String> {
        let mut command = self.command(&["--agent-log", "agents.log", "worker"]);
        command.args(["--ingress", ingress, "--listen", &listen.to_string()]).args(more);
        command.env("RUST_LOG", "cascade_restate=info");
        Process::start(&mut command, &self.directory.join(format!("{name}.log")))
    }

    /// The commands that agents received.
    pub(crate) fn commands(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.directory.join("agents.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Prepares a cloud that was just seeded for an audit.
    pub(crate) fn prepare_audit(&self) -> Result<Before, String> {
        let inventory = self.inventory().map_err(|error| self.unreadable(&error))?;
        Before::prepare(&inventory).map_err(|error| error.to_string())
    }

    /// The pairs in order in the agents' log and that of the inventory. Fails if one pair is not in order.
    pub(crate) fn ordered_pairs(&self, before: &Before) -> Result<Pairs, String> {
        let inventory = self.inventory().map_err(|error| self.unreadable(&error))?;
        before.check(&inventory, &self.commands()).map_err(|error| error.to_string())
    }

    fn inventory(&self) -> rusqlite::Result<Connection> {
        Connection::open(self.directory.join("iaas.db"))
    }

    fn unreadable(&self, error: &rusqlite::Error) -> String {
        format!("the inventory in {}: {error}", self.directory.display())
    }

    /// Every row of every table, as text, without the log that the inventory keeps for an audit.
    pub(crate) fn rows(&self) -> Result<Vec<String>, String> {
        let rows = self.read_rows().map_err(|error| self.unreadable(&error))?;
        Ok(rows.into_iter().filter(|row| !is_trace(row)).collect())
    }

    fn read_rows(&self) -> rusqlite::Result<Vec<String>> {
        let connection = self.inventory()?;
        let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let mut rows = Vec::new();
        for name in names.query_map([], |row| row.get::<_, String>(0))? {
            let name = name?;
            let mut statement = connection.prepare(&format!("SELECT * FROM {name}"))?;
            let columns = statement.column_count();
            let printed = statement.query_map([], |row| {
                let values: rusqlite::Result<Vec<_>> = (0..columns).map(|at| row.get_ref(at)).collect();
                Ok(format!("{name} {:?}", values?))
            })?;
            rows.extend(printed.collect::<rusqlite::Result<Vec<_>>>()?);
        }
        rows.sort();
        Ok(rows)
    }
}

/// The JSON document that a command printed.
pub(crate) fn document(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))
}

/// The report that a command printed, without the id of its run: two runs of the same plan differ in it.
pub(crate) fn report(text: &str) -> Result<Value, String> {
    let mut report = document(text)?;
    let run = report.as_object_mut().and_then(|report| report.remove("run"));
    run.filter(Value::is_string).ok_or_else(|| format!("a report without the id of its run: {text}"))?;
    Ok(report)
}
