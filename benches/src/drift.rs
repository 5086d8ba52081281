//! Runs that look for drift, beside runs that do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cascade_core::{
    BuildError, Cascade, Declaration, Delete, Drift, Found, Outcome, PerParent, Plan, ResourceDescriptor,
    Rule, StepSettings, place,
};

use crate::cloud::{self, Source};
use crate::measure::{Stopwatch, expect_equal};
use crate::{Failed, block_on};

/// What one plan and its run cost, each alone.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    /// The plan.
    pub plan: Duration,
    /// The run.
    pub run: Duration,
}

/// Plans the cloud and runs the plan under a drift mode.
pub fn plan_and_run<S: Source>(cascade: &Cascade, world: &S, drift: Drift) -> Result<Parts, Failed> {
    block_on(async {
        let start = Stopwatch::start();
        let plan: Plan = cloud::plan(cascade, world).await?;
        let planned = start.elapsed();
        let report = cascade.apply(plan).drift(drift).await?;
        let run = start.elapsed().saturating_sub(planned);
        expect_equal("complete", &report.is_complete(), &true)?;
        Ok(Parts { plan: planned, run })
    })?
}

/// Hosts with VMs, which take some time each to remove.
#[derive(Debug)]
pub struct Hosts {
    /// The number of hosts.
    count: u64,
    vms: u64,
    /// How long the effect on one instance takes.
    takes: Duration,
    removed: AtomicU64,
}

/// The number of effects of each resource that run at once.
const CONCURRENCY: usize = 64;

impl Hosts {
    /// One host for every 100 VMs. The steps together take at least `total`.
    pub fn new(vms: u64, total: Duration) -> Self {
        let rounds = (vms as f64 / CONCURRENCY as f64).max(1.0);
        Self { count: (vms / 100).max(1), vms, takes: total.div_f64(rounds), removed: AtomicU64::new(0) }
    }

    /// The number of instances.
    pub fn instances(&self) -> u64 {
        self.count + self.vms
    }
}

/// The engine with hosts and VMs, one instance in a step.
pub fn cascade(hosts: &Arc<Hosts>) -> Result<Cascade, BuildError> {
    let described = |name: &'static str| ResourceDescriptor::runtime::<u64>(name, place!());
    let declared = |name: &'static str| {
        let mut declared = Declaration::<Arc<Hosts>, u64>::new(name, described(name), place!());
        declared.settings(StepSettings::default().batch(1).concurrency(CONCURRENCY));
        declared.effect("remove", place!(), |hosts: &Arc<Hosts>, ids: &[u64], _| {
            let count = ids.len() as u64;
            Box::pin(async move {
                tokio::time::sleep(hosts.takes).await;
                hosts.removed.fetch_add(count, Ordering::Relaxed);
                Ok(Outcome::done())
            })
        });
        declared.rule(Rule::effect::<Delete>("remove", place!()));
        declared
    };
    let mut vms = declared("VmInstance");
    vms.edge(described("Host"), place!());
    vms.finder("find", described("Host"), None, place!(), |hosts: &Arc<Hosts>, parents: &[u64], _| {
        let of = |host: u64| (host..hosts.vms).step_by(hosts.count as usize);
        let found: PerParent<u64> = parents.iter().map(|&host| of(host)).collect();
        Box::pin(async { Ok(Found::PerParent(found)) })
    });
    vms.rule(Rule::effect::<Delete>("remove", place!()).from(described("Host")));
    Cascade::builder().declare(Arc::clone(hosts), declared("Host")).declare(Arc::clone(hosts), vms).build()
}

/// The time that the run of a plan of all hosts takes, by the wall clock.
pub fn run(hosts: &Hosts, cascade: &Cascade, drift: Drift, fresh_for: Duration) -> Result<Duration, Failed> {
    block_on(async {
        let plan = cascade.plan_named(Delete, "Host", (0..hosts.count).map(|host| host.to_string())).await?;
        expect_equal("instances in the plan", &(plan.len() as u64), &hosts.instances())?;
        let start = Instant::now();
        let report = cascade.apply(plan).drift(drift).fresh_for(fresh_for).await?;
        let took = start.elapsed();
        expect_equal("complete", &report.is_complete(), &true)?;
        expect_equal("effects", &hosts.removed.swap(0, Ordering::Relaxed), &hosts.instances())?;
        Ok(took)
    })?
}
