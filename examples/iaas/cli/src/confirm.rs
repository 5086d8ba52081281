//! Confirmation by the user.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// Asks the user to type the ids of the roots. Without a terminal, the operation is refused.
pub(crate) fn confirm(roots: &[&str]) -> Result<(), Failure> {
    let wanted = roots.join(" ");
    if !io::stdin().is_terminal() {
        return Err(Failure::Refused(String::from("stdin is not a terminal: pass --yes, or --plan-only")));
    }
    let mut typed = String::new();
    write!(io::stderr(), "Type {wanted} to continue: ")
        .and_then(|()| io::stdin().lock().read_line(&mut typed))
        .map_err(Failure::failed)?;
    if typed.split_whitespace().eq(wanted.split_whitespace()) {
        Ok(())
    } else {
        Err(Failure::Refused(String::from("not confirmed: nothing was changed")))
    }
}
