//! What a begin that failed holds back, and what it does not.

use cascade_core::prelude::*;
use cascade_core::{FailurePolicy, Verdict};

#[derive(Debug, Resource)]
#[resource(id = u64)]
struct Pool;

#[derive(Debug, Resource)]
#[resource(id = u64)]
struct Lease;

#[derive(Extension)]
struct Pools;

#[cascade(resource = Pool)]
impl Pools {
    #[begin(Delete)]
    async fn close(&self, pools: &[u64]) -> Result<Outcome<u64>, StepError> {
        let failed = pools.iter().filter(|pool| **pool == 1);
        Ok(failed.map(|pool| (*pool, StepError::terminal("it does not close"))).collect())
    }

    #[on(Delete)]
    async fn remove(&self, _pools: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Extension)]
struct Leases;

#[cascade(resource = Lease, edges = [Pool], restrict(Delete, from = [Pool]))]
impl Leases {
    /// One lease of all pools.
    #[affected(by = Pool)]
    async fn of_pools(&self, pools: &[u64]) -> Result<Vec<(u64, u64)>, StepError> {
        Ok(pools.iter().map(|pool| (*pool, 7)).collect())
    }

    #[on(Delete)]
    async fn remove(&self, _leases: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

/// The lease is in the way of both, and not affected itself: it hands nothing on from the one to the other.
#[tokio::test]
async fn a_begin_that_failed_holds_back_nobody_by_what_is_not_affected() {
    let cascade =
        Cascade::builder().register(Pools).register(Leases).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Pool::roots([1_u64, 2])).await.expect("finders answer");
    assert_eq!((plan.len(), plan.vetoes().len()), (2, 1));
    let run = cascade.apply(plan).policy(FailurePolicy::Isolate).forced(true);
    let report = run.await.expect("a forced run goes on");
    assert!(matches!(report.verdict::<Pool>(&1), Some(Verdict::Failed(_))), "{report}");
    assert!(matches!(report.verdict::<Pool>(&2), Some(Verdict::Done)), "{report}");
}
