//! Asking a person.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::failure::Failure;

/// Asks to type the ids that the operation starts from. Without a terminal nobody can be asked, and that is a no.
pub(crate) fn confirm(roots: &[String]) -> Result<(), Failure> {
    let wanted = roots.join(" ");
    if !io::stdin().is_terminal() {
        return Err(Failure::Refused(String::from(
            "nobody to ask for confirmation: give --yes to go on, or --plan-only to see the plan",
        )));
    }
    let mut typed = String::new();
    write!(io::stderr(), "Type {wanted} to go on: ")
        .and_then(|()| io::stdin().lock().read_line(&mut typed))
        .map_err(Failure::failed)?;
    if typed.split_whitespace().eq(wanted.split_whitespace()) {
        Ok(())
    } else {
        Err(Failure::Refused(String::from("not confirmed: nothing was changed")))
    }
}
