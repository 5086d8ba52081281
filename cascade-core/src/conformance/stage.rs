//! The environment of one run.

use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::difference::Difference;
use crate::cascade::CascadeBuilder;

/// A fresh environment for one run: the extensions, and a function that describes the state.
pub struct Stage {
    pub(super) builder: CascadeBuilder,
    pub(super) state: State,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stage({:?})", self.builder)
    }
}

impl Stage {
    /// `builder` has the extensions and the values that they need. `state` answers the state of now as lines, such as one for
    /// each row of all tables. Runs are compared by these lines, in any order, and a finding names those that differ.
    pub fn new<S, F>(builder: CascadeBuilder, state: S) -> Self
    where
        S: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Vec<String>> + Send + 'static,
    {
        Self { builder, state: State(Box::new(move || state().boxed())) }
    }
}

/// The function that describes the state.
pub(super) struct State(Box<dyn Fn() -> BoxFuture<'static, Vec<String>> + Send + Sync>);

impl State {
    pub(super) async fn lines(&self) -> Vec<String> {
        (self.0)().await
    }
}

/// Watches the state between calls of methods.
pub(super) struct Watch<'a> {
    state: &'a State,
    at_first: Vec<String>,
    seen: Mutex<Seen>,
}

struct Seen {
    last: Vec<String>,
    changes: Vec<Change>,
}

/// A call that has changed the state.
pub(super) struct Change {
    pub(super) method: String,
    pub(super) difference: Difference,
}

impl<'a> Watch<'a> {
    /// `lines` is the state of now.
    pub(super) fn new(state: &'a State, lines: Vec<String>) -> Self {
        let seen = Seen { last: lines.clone(), changes: Vec::new() };
        Self { state, at_first: lines, seen: Mutex::new(seen) }
    }

    /// Compares the state after a call of the method with that before.
    pub(super) async fn after(&self, method: &str) {
        let now = self.state.lines().await;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let difference = Difference::between(&seen.last, &now);
        let change = difference.map(|difference| Change { method: method.to_owned(), difference });
        seen.changes.extend(change);
        seen.last = now;
    }

    /// The calls that have changed the state; none if the state is that of before again.
    pub(super) fn changes(self) -> Vec<Change> {
        let Seen { last, changes } = self.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        if Difference::between(&self.at_first, &last).is_none() { Vec::new() } else { changes }
    }
}
