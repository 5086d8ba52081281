//! Fail points, at which tests inject faults into the writer thread. They exist only with the feature `failpoints`.

/// Returns the fault that a test has set at the fail point `name`: `full` is a full disk, any other value an I/O error.
/// A callback of the test can cause a real fault instead.
#[cfg(feature = "failpoints")]
pub(crate) fn point(name: &str) -> rusqlite::Result<()> {
    use rusqlite::ffi;

    fail::eval(name, |kind| {
        let code = match kind.as_deref() {
            Some("full") => ffi::SQLITE_FULL,
            _ => ffi::SQLITE_IOERR_WRITE,
        };
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    })
    .unwrap_or(Ok(()))
}

#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature, it can fail")]
pub(crate) const fn point(_name: &str) -> rusqlite::Result<()> {
    Ok(())
}
