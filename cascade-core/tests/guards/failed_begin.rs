//! A failed begin holds back the instance's ancestors, and no other instance.

use cascade_core::prelude::*;
use cascade_core::{Drift, FailurePolicy, Rule, Verdict, place};

use crate::scene::{Part, Scene, delete_zone, remove, verdict};

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
    /// Every pool has the same lease.
    #[affected(by = Pool)]
    async fn of_pools(&self, pools: &[u64]) -> Result<Vec<(u64, u64)>, StepError> {
        Ok(pools.iter().map(|pool| (*pool, 7)).collect())
    }

    #[on(Delete)]
    async fn remove(&self, _leases: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

/// The lease is in the way of both pools, but it is not affected: it does not pass a failure from one pool to the
/// other.
#[tokio::test]
async fn a_failed_begin_does_not_spread_through_an_unaffected_instance() {
    let cascade =
        Cascade::builder().register(Pools).register(Leases).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Pool::roots([1_u64, 2])).await.expect("finders answer");
    assert_eq!((plan.len(), plan.vetoes().len()), (2, 1));
    let run = cascade.apply(plan).policy(FailurePolicy::Isolate).forced(true);
    let report = run.await.expect("a forced run ignores vetoes");
    assert!(matches!(report.verdict::<Pool>(&1), Some(Verdict::Failed(_))), "{report}");
    assert!(matches!(report.verdict::<Pool>(&2), Some(Verdict::Done)), "{report}");
}

/// A VM that is only stopped needs no mark. A late host makes its rule apply, so the VM must be marked now, and that
/// fails.
#[tokio::test]
async fn a_failed_begin_of_an_ended_instance_holds_back_its_late_parents() {
    let logged = async |policy| {
        let scene = Scene::new(&[("Zone>Vm", "zone", "vm"), ("Host>Vm", "host", "vm")]).late(
            "stop vm",
            "Zone>Host",
            "zone",
            "host",
        );
        let stop = || Rule::effect::<Delete>("stop", place!());
        let mut vm = Part::bare("Vm").effect("stop").below("Zone>Vm", stop().leaf()).below("Host>Vm", stop());
        vm.0.begin::<Delete, _>("mark", place!(), |scene: &Scene, vms: &[String], _| {
            scene.note("mark", vms);
            let failed = |vm: &String| (vm.clone(), StepError::terminal("it is locked"));
            let outcome: Outcome<String> = vms.iter().map(failed).collect();
            Box::pin(async { Ok(outcome) })
        });
        let host = Part::new("Host").below("Zone>Host", remove());
        let cascade = scene.cascade([Part::new("Zone"), host, vm]);
        let report = delete_zone(&cascade, |apply| apply.policy(policy).drift(Drift::Follow)).await;
        let verdicts = ["Vm vm", "Host host", "Zone zone"].map(|instance| verdict(&report, instance));
        (scene.log(), verdicts.map(|verdict| verdict.split([' ', '(']).next().map(str::to_owned)))
    };
    for policy in [FailurePolicy::Stop, FailurePolicy::Isolate] {
        let (log, verdicts) = logged(policy).await;
        assert_eq!(log, ["stop vm", "mark vm"], "{policy:?}");
        assert_eq!(verdicts.map(Option::unwrap_or_default), ["Failed", "Blocked", "Blocked"], "{policy:?}");
    }
    let (log, verdicts) = logged(FailurePolicy::Force).await;
    assert_eq!(log, ["stop vm", "mark vm", "remove host", "remove zone"]);
    assert_eq!(verdicts.map(Option::unwrap_or_default), ["Failed", "Done", "Done"]);
}
