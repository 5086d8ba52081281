//! Lock files, which show other processes whether an owner is alive. Each open journal locks a file of its own beside the
//! journal. The operating system releases the lock when the process ends, however it ends. A stopped process keeps it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use cascade_core::RunId;

use crate::error::SqliteError;

/// The lock of one open journal.
pub(crate) struct OwnerLock {
    /// The end of the lock file's name. The journal stores it with each run that this process owns.
    pub(crate) token: String,
    path: PathBuf,
    /// Keeps the lock while it is open.
    _file: File,
}

impl OwnerLock {
    /// Acquires a new lock, and removes the lock files of dead owners.
    pub(crate) fn acquire(journal: &Path) -> Result<Self, SqliteError> {
        remove_stale_files(journal);
        loop {
            let token = RunId::generate().to_string();
            let path = lock_path(journal, &token);
            let lock = || {
                let file = File::create_new(&path)?;
                file.lock()?;
                // Another process may have removed the file as stale before it was locked.
                Ok(path.try_exists()?.then_some(file))
            };
            match lock() {
                Ok(Some(file)) => return Ok(Self { token, path, _file: file }),
                Ok(None) => {}
                Err(source) => return Err(SqliteError::Lock { path, source }),
            }
        }
    }
}

impl Drop for OwnerLock {
    fn drop(&mut self) {
        // A file that cannot be removed is harmless: it is unlocked, so the next owner removes it as stale.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether the owner with that token is alive. An owner whose file cannot be examined counts as alive.
///
/// Asks for a shared lock, so that two processes that check at once do not take each other for the owner.
pub(crate) fn is_alive(journal: &Path, token: &str) -> bool {
    match File::open(lock_path(journal, token)) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock | TryLockError::Error(_))),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes the lock files of dead owners. A file that cannot be removed is harmless.
fn remove_stale_files(journal: &Path) {
    let prefix = lock_path(journal, "");
    let (Some(directory), Some(prefix)) = (prefix.parent(), prefix.file_name()) else { return };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_lock_file = entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        // Removes the file under its lock: a process that is about to lock it then sees that it is gone.
        if is_lock_file
            && let Ok(file) = File::open(entry.path())
            && file.try_lock_shared().is_ok()
        {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn lock_path(journal: &Path, token: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(format!("-owner-{token}"));
    name.into()
}
