//! The plans that a worker has read, each once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cascade_core::remote::{PlanHeader, restore};
use cascade_core::{Cascade, Plan, Record};
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::HandlerError;
use tokio::sync::OnceCell;

use crate::error::RestateError;
use crate::ingress::Ingress;
use crate::names::PLANS;
use crate::wire::PlanRef;

/// Plans that a worker keeps at once, at most: the runs that it works for.
const KEPT: usize = 8;

/// Why a worker has no plan to work by. Somebody may have to mend it: so it is tried again.
#[derive(Debug, thiserror::Error)]
enum PlanMissing {
    #[error("the plan cannot be read, which this worker needs: {0}")]
    Restate(#[from] RestateError),
    #[error("the plan {id} is not in Restate any more")]
    Gone { id: String },
    #[error("the plan {id} does not fit this worker: {what}")]
    Unfit { id: String, what: String },
}

/// Reads plans, and keeps the last few. Clones share them.
#[derive(Clone)]
pub(crate) struct Plans {
    cascade: Cascade,
    /// The ingress of the worker's configuration. No request names another.
    ingress: Ingress,
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

struct Kept {
    of: (String, u32),
    plan: Arc<OnceCell<Plan>>,
}

impl fmt::Debug for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plans")
    }
}

impl Plans {
    pub(crate) fn new(cascade: Cascade, ingress: Ingress) -> Self {
        Self { cascade, ingress, kept: Arc::default() }
    }

    /// The plan, read if it is not there. Whoever asks at once waits for the same reading.
    pub(crate) async fn get(&self, plan: &PlanRef) -> Result<Plan, HandlerError> {
        let kept = self.place(plan);
        let read = kept.get_or_try_init(|| self.read(plan)).await?;
        Ok(read.clone())
    }

    fn place(&self, plan: &PlanRef) -> Arc<OnceCell<Plan>> {
        let of = (plan.id.clone(), plan.pages);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|kept| kept.of == of).and_then(|at| kept.remove(at));
        let known = known.unwrap_or_else(|| Kept { of, plan: Arc::default() });
        let place = Arc::clone(&known.plan);
        kept.push_front(known);
        kept.truncate(KEPT);
        place
    }

    pub(crate) fn ingress(&self) -> &Ingress {
        &self.ingress
    }

    async fn read(&self, plan: &PlanRef) -> Result<Plan, PlanMissing> {
        let (header, records) = read_pages(&self.ingress, plan).await?;
        let (cascade, id) = (self.cascade.clone(), plan.id.clone());
        restore(&cascade, &header, records).map_err(|what| PlanMissing::Unfit { id, what })
    }
}

/// All that is stored of a plan.
async fn read_pages(ingress: &Ingress, plan: &PlanRef) -> Result<(PlanHeader, Vec<Record>), PlanMissing> {
    let target = |handler: &str| RequestTarget::object(PLANS, &plan.id, handler);
    let gone = || PlanMissing::Gone { id: plan.id.clone() };
    let header: Option<PlanHeader> = ingress.ask(&target("header")).await?;
    let header = header.ok_or_else(gone)?;
    let mut records = Vec::new();
    for number in 0..plan.pages {
        let page: Option<Vec<Record>> = ingress.call(&target("page"), &number).await?;
        records.extend(page.ok_or_else(gone)?);
    }
    Ok((header, records))
}

/// A plan as a client reads it back.
pub(crate) async fn read(ingress: &Ingress, cascade: &Cascade, plan: &PlanRef) -> Result<Plan, String> {
    let (header, records) = read_pages(ingress, plan).await.map_err(|error| error.to_string())?;
    restore(cascade, &header, records)
}
