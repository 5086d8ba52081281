//! Reads a stored plan from Restate.

use cascade_core::remote::{PlanHeader, restore};
use cascade_core::{Cascade, Plan, Record};
use restate_sdk::context::RequestTarget;

use crate::error::RestateError;
use crate::ingress::Ingress;
use crate::names::PLANS;
use crate::wire::PlanRef;

/// Why a plan cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanReadError {
    #[error("the plan cannot be read: {0}")]
    Restate(RestateError),
    #[error("Restate does not hold the plan {id} any more")]
    Gone { id: String },
    #[error("the plan {id} does not fit this program: {reason}")]
    Unfit { id: String, reason: String },
}

/// Reads a plan.
pub(crate) async fn read(
    ingress: &Ingress,
    cascade: &Cascade,
    plan: &PlanRef,
) -> Result<Plan, PlanReadError> {
    let target = |handler: &str| RequestTarget::object(PLANS, &plan.id, handler);
    let gone = || PlanReadError::Gone { id: plan.id.clone() };
    let header: Option<PlanHeader> = ingress.get(&target("header")).await.map_err(PlanReadError::Restate)?;
    let header = header.ok_or_else(gone)?;
    let mut records = Vec::new();
    for number in 0..plan.pages {
        let page: Option<Vec<Record>> =
            ingress.call(&target("page"), &number).await.map_err(PlanReadError::Restate)?;
        records.extend(page.ok_or_else(gone)?);
    }
    let unfit = |reason| PlanReadError::Unfit { id: plan.id.clone(), reason };
    restore(cascade, &header, records).map_err(unfit)
}
