//! The plans that a worker has read.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cascade_core::{Cascade, Plan};
use restate_sdk::prelude::HandlerError;
use tokio::sync::OnceCell;

use crate::ingress::Ingress;
use crate::plans::read;
use crate::wire::PlanRef;

/// The number of plans that a worker keeps, those of the runs that it works for.
const CAPACITY: usize = 8;

/// Reads each plan once, and keeps the last few. Clones share them.
#[derive(Clone)]
pub(crate) struct PlanCache {
    cascade: Cascade,
    /// The ingress of the worker's configuration. No request names another.
    ingress: Ingress,
    entries: Arc<Mutex<VecDeque<Entry>>>,
}

struct Entry {
    key: PlanRef,
    plan: Arc<OnceCell<Plan>>,
}

impl fmt::Debug for PlanCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlanCache")
    }
}

impl PlanCache {
    pub(crate) fn new(cascade: Cascade, ingress: Ingress) -> Self {
        Self { cascade, ingress, entries: Arc::default() }
    }

    pub(crate) fn ingress(&self) -> &Ingress {
        &self.ingress
    }

    /// The plan. Concurrent calls share one read. After an error Restate tries the invocation again, because the cause may
    /// pass or be fixed.
    pub(crate) async fn get(&self, plan: &PlanRef) -> Result<Plan, HandlerError> {
        let cell = self.cell(plan);
        let read = cell.get_or_try_init(|| read(&self.ingress, &self.cascade, plan)).await?;
        Ok(read.clone())
    }

    fn cell(&self, plan: &PlanRef) -> Arc<OnceCell<Plan>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries.iter().position(|entry| entry.key == *plan).and_then(|at| entries.remove(at));
        let entry = known.unwrap_or_else(|| Entry { key: plan.clone(), plan: Arc::default() });
        let cell = Arc::clone(&entry.plan);
        entries.push_front(entry);
        entries.truncate(CAPACITY);
        cell
    }
}
