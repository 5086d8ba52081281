//! Places where tests let the writing thread meet a fault: with the feature `failpoints`, by the crate `fail`. Without it,
//! nothing is there.

/// The fault of the place of that name, if a test has set one: `full`, `io`, or whatever its callback does by real means.
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
#[expect(clippy::unnecessary_wraps, reason = "with the feature, it may fail")]
pub(crate) const fn point(_name: &str) -> rusqlite::Result<()> {
    Ok(())
}
