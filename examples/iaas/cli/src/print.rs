//! Printing that does not panic when nobody reads any more, as in `iaas show | head -1`.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Prints to standard output. That its reader has gone is the reader's business, and no reason to stop.
pub(crate) fn print(text: impl Display) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match write!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        _ => Ok(()),
    }
}

/// Prints a JSON document on a line of its own.
pub(crate) fn print_json(document: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(document).map_err(Failure::failed)?;
    print(format_args!("{text}\n"))
}

/// Says something to the person, on standard error; there is nobody to tell if that fails.
pub(crate) fn say(text: impl Display) {
    let _: io::Result<()> = writeln!(io::stderr().lock(), "{text}");
}
