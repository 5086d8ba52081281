//! Printing that does not panic after the reader has closed the pipe, as in `iaas show | head -1`.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;

/// Prints to standard output. A closed pipe is not an error.
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

/// Prints a message to standard error. A failure to print it cannot be reported.
pub(crate) fn say(text: impl Display) {
    let _: io::Result<()> = writeln!(io::stderr().lock(), "{text}");
}
