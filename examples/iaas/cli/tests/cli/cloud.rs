//! Runs the binary with a cloud of its own.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

/// A directory with a cloud in it.
pub(crate) struct Cloud {
    directory: TempDir,
}

/// The result of a run of the binary.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cloud {
    /// A directory without a cloud.
    pub(crate) fn none() -> Self {
        Self { directory: TempDir::new().expect("a temporary directory") }
    }

    /// A cloud with this many VMs in one zone.
    pub(crate) fn of(vms: usize) -> Self {
        let cloud = Self::none();
        let seeded = cloud.run(&["seed", "--vms", &vms.to_string()]);
        assert_eq!(seeded.code, 0, "{}", seeded.stderr);
        cloud
    }

    /// The same with an empty journal, for tests in which several processes open it at once: SQLite does not wait for locks
    /// while it creates one.
    pub(crate) fn with_journal(vms: usize) -> Self {
        let cloud = Self::of(vms);
        let runs = cloud.run(&["runs"]);
        assert_eq!(runs.code, 0, "{}", runs.stderr);
        cloud
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    /// Runs the binary to its end, without a terminal.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.command(arguments).stdin(Stdio::null()).output().expect("the binary runs").into()
    }

    /// Runs the binary on a terminal, with `typed` as input.
    pub(crate) fn run_on_terminal(&self, arguments: &[&str], typed: &str) -> Run {
        let mut dialogue = self.start_on_terminal(arguments);
        dialogue.answer(typed);
        dialogue.end()
    }

    /// Starts the binary on a terminal.
    pub(crate) fn start_on_terminal(&self, arguments: &[&str]) -> Dialogue {
        let (controller, terminal) = terminal();
        let mut command = self.command(arguments);
        command.stdin(terminal).stdout(Stdio::piped()).stderr(Stdio::piped());
        Dialogue { child: command.spawn().expect("the binary runs"), controller, read: String::new() }
    }

    /// Starts the binary, without a terminal.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the binary runs")
    }

    /// Changes the inventory with SQL.
    pub(crate) fn execute(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The number of rows that match a condition.
    pub(crate) fn count(&self, from: &str) -> u64 {
        let sql = format!("SELECT count(*) FROM {from}");
        self.connection()
            .query_row(&sql, [], |row| row.get(0))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection::open(self.path("iaas.db")).expect("the inventory can be opened")
    }

    /// The counts of `show --json`, by resource.
    pub(crate) fn shown(&self) -> Value {
        let mut shown = self.run(&["show", "--json"]).document();
        shown["resources"].take()
    }

    /// Every row of every table, as text.
    pub(crate) fn rows(&self) -> Vec<String> {
        let connection = self.connection();
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
        let mut names = connection.prepare(names).expect("a schema");
        let names = names.query_map([], |row| row.get::<_, String>(0)).expect("tables");
        let mut rows = Vec::new();
        for name in names.map(|name| name.expect("a name")) {
            let mut statement = connection.prepare(&format!("SELECT * FROM {name}")).expect("a table");
            let columns = statement.column_count();
            let printed = statement.query_map([], |row| {
                let values: rusqlite::Result<Vec<_>> = (0..columns).map(|at| row.get_ref(at)).collect();
                Ok(format!("{name} {:?}", values?))
            });
            rows.extend(printed.expect("rows").map(|row| row.expect("a row")));
        }
        rows.sort();
        rows
    }

    /// The number of records in the journal.
    pub(crate) fn journal_length(&self) -> u64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let Ok(journal) = Connection::open_with_flags(self.path("iaas.db.runs"), flags) else { return 0 };
        // While the file is being created, it has no table.
        journal.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap_or(0)
    }

    /// Whether no process holds the write lock of the inventory or of the journal.
    pub(crate) fn can_be_written(&self) -> bool {
        ["iaas.db", "iaas.db.runs"].iter().all(|file| {
            let connection = Connection::open(self.path(file)).expect("the file can be opened");
            connection.busy_timeout(Duration::ZERO).expect("a timeout");
            connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok()
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iaas"));
        command.current_dir(self.directory.path()).args(arguments);
        command
    }
}

/// The binary on a terminal, with a person who reads and types.
pub(crate) struct Dialogue {
    child: Child,
    controller: OwnedFd,
    /// What the person has read on standard error.
    read: String,
}

impl Dialogue {
    /// Reads on until the binary asks a question with this text. Returns what was read since the last one.
    pub(crate) fn question(&mut self, text: &str) -> String {
        let stderr = self.child.stderr.as_mut().expect("standard error is piped");
        let before = self.read.len();
        let mut bytes = Vec::new();
        while !bytes.ends_with(text.as_bytes()) {
            let mut byte = [0];
            let count = stderr.read(&mut byte).expect("standard error can be read");
            assert_eq!(count, 1, "the binary ended without `{text}`: {}", String::from_utf8_lossy(&bytes));
            bytes.push(byte[0]);
        }
        self.read.push_str(&String::from_utf8(bytes).expect("text"));
        self.read[before..].to_owned()
    }

    /// Types a text.
    pub(crate) fn answer(&mut self, typed: &str) {
        rustix::io::write(&self.controller, typed.as_bytes()).expect("the terminal accepts input");
    }

    /// Waits for the end of the binary.
    pub(crate) fn end(self) -> Run {
        let mut run: Run = self.child.wait_with_output().expect("the binary ends").into();
        run.stderr.insert_str(0, &self.read);
        run
    }
}

impl Run {
    /// The JSON document on standard output.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

impl From<Output> for Run {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: code(status), stdout: text(stdout), stderr: text(stderr) }
    }
}

pub(crate) fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| panic!("{status}"))
}

/// A pseudo-terminal: the controlling end and the terminal.
fn terminal() -> (OwnedFd, OwnedFd) {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&controller).and_then(|()| unlockpt(&controller)).expect("a terminal of our own");
    let name = ptsname(&controller, Vec::new()).expect("a terminal with a name");
    let terminal = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    (controller, terminal.expect("a terminal that opens"))
}
