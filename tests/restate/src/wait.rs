//! Waits for conditions in other processes.

use std::time::{Duration, Instant};

/// The time between two looks.
const INTERVAL: Duration = Duration::from_millis(10);

/// The time after which a condition is taken for one that never holds. No proof depends on its length.
const LIMIT: Duration = Duration::from_mins(3);

/// Waits until `condition` returns a value. `what` names it in the error.
pub(crate) async fn until<T>(
    what: &str,
    mut condition: impl AsyncFnMut() -> Result<Option<T>, String>,
) -> Result<T, String> {
    let since = Instant::now();
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if since.elapsed() > LIMIT {
            return Err(format!("{what}: not within {LIMIT:?}"));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
