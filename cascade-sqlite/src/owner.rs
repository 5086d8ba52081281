//! How processes see that an owner is gone: each holds a lock on a file of its own beside the journal, which the
//! operating system releases when the process ends, however it ends. A process that is only stopped still holds it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use cascade_core::RunId;

use crate::error::SqliteError;

/// The lock of one open journal.
pub(crate) struct OwnerLock {
    /// What the file's name ends in: kept with each run that is owned.
    pub(crate) token: String,
    path: PathBuf,
    /// Holds the lock as long as it is open.
    _file: File,
}

impl OwnerLock {
    /// Takes a lock, and removes the files of owners that are gone.
    pub(crate) fn take(journal: &Path) -> Result<Self, SqliteError> {
        sweep(journal);
        loop {
            let token = RunId::generate().to_string();
            let path = lock_path(journal, &token);
            let lock = || {
                let file = File::create_new(&path)?;
                file.lock()?;
                // Somebody who sweeps may have found it before it was locked.
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
        // A file that stays behind is not locked, and says as much.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether the owner with that token is still there. Where that cannot be told, it is. The lock is asked for as one that
/// several may hold, so that those who look do not take each other for the owner.
pub(crate) fn is_there(journal: &Path, token: &str) -> bool {
    match File::open(lock_path(journal, token)) {
        Ok(file) => matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock | TryLockError::Error(_))),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Removes what owners that are gone left behind. What cannot be removed does no harm.
fn sweep(journal: &Path) {
    let prefix = lock_path(journal, "");
    let (Some(directory), Some(prefix)) = (prefix.parent(), prefix.file_name()) else { return };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes());
        // It is removed under the lock: who is about to lock it sees that it is gone.
        if is_ours
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
