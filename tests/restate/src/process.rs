//! Processes that end with the proof that started them.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A process whose output is a file. It is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        let file = File::options().create(true).append(true).open(log).map_err(|error| error.to_string())?;
        let other = file.try_clone().map_err(|error| error.to_string())?;
        let started = command.stdin(Stdio::null()).stdout(file).stderr(other).spawn();
        started.map(|child| Self { child }).map_err(|error| format!("{command:?} does not start: {error}"))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, as `kill -9` does, and waits until it has ended.
    pub(crate) fn kill(&mut self) {
        // Both fail only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the end of a process, at most for `limit`.
pub(crate) fn output(mut child: Child, limit: Duration) -> Result<Output, String> {
    let since = Instant::now();
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        if since.elapsed() > limit {
            // The process may have ended meanwhile. Its output is reported either way.
            let _ = child.kill();
            let output = child.wait_with_output().map_err(|error| error.to_string())?;
            return Err(format!("no end within {limit:?}: {}", text(&output)));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().map_err(|error| error.to_string())
}

/// Everything that a process printed.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
