//! Waiting for an observable event. A deadline passes only where the event never comes.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};

/// Far more than any machine needs.
const DEADLINE: Duration = Duration::from_mins(10);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Polls until the condition holds.
pub(crate) fn wait_until(event: &str, mut holds: impl FnMut() -> bool) {
    wait_for(event, || holds().then_some(()));
}

/// Polls until there is an answer.
pub(crate) fn wait_for<T>(event: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for this: {event}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Reads the standard error of a process up to and including the line that contains `text`.
pub(crate) fn wait_for_line(child: &mut Child, text: &str) {
    let stderr = child.stderr.as_mut().expect("standard error is piped");
    let mut lines = BufReader::new(stderr).lines();
    let found = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(text)));
    assert!(found.is_some(), "the process ended without the line `{text}`");
}
