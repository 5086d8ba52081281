//! The code that `README.md` quotes, besides the quickstart. The tests check what the README says about it.
//!
//! Each test has an inventory of its own: a host with three VMs.
#![expect(clippy::print_stdout, reason = "quoted code prints")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cascade_core::conformance::{self, Stage};
use cascade_core::prelude::*;
use cascade_core::{
    ApplyError, Authorizer, Denial, Drift, FailurePolicy, Instances, Limits, Monitor, Next, Plan, StepAnswer,
    StepCall, Verdict,
};
use cascade_restate::{Client, Worker};
use cascade_tests_resources::{Host, HostId, VmId, VmInstance};
use futures::future::BoxFuture;

const README: &str = include_str!("../../README.md");

type Failed = Box<dyn std::error::Error>;

/// The VMs on `host-1`, and how long their agent takes and whether it fails.
#[derive(Clone, Default)]
struct Inventory {
    vms: Arc<Mutex<Vec<String>>>,
    latency: Duration,
    broken: bool,
}

impl Inventory {
    fn new() -> Self {
        let vms = ["vm-1", "vm-2", "vm-3"].map(str::to_owned).to_vec();
        Self { vms: Arc::new(Mutex::new(vms)), ..Self::default() }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<String>) -> T) -> T {
        change(&mut self.vms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn vms(&self) -> Vec<String> {
        self.change(|vms| vms.clone())
    }

    fn cascade(&self) -> Result<Cascade, Failed> {
        Ok(Cascade::linked().provide(self.clone()).build()?)
    }
}

async fn plan(cascade: &Cascade) -> Result<Plan, Failed> {
    Ok(cascade.plan(Delete, Host::roots(["host-1"])).await?)
}

#[derive(Extension)]
struct HostCascade;

#[cascade(resource = Host)]
impl HostCascade {
    #[on(Delete)]
    async fn remove(&self, _hosts: &[HostId]) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Extension)]
struct VmCascade {
    inventory: Inventory,
}

#[cascade(resource = VmInstance, edges = [Host], batch = 1, concurrency = 1)]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, StepError> {
        let vms = self.inventory.vms();
        Ok(hosts.iter().flat_map(|host| vms.iter().map(|vm| (host.clone(), VmId::from(&**vm)))).collect())
    }

    #[on(Delete)]
    #[on(Delete, from = [Host])]
    async fn destroy(&self, vms: &[VmId]) -> Result<(), StepError> {
        tokio::time::sleep(self.inventory.latency).await;
        if self.inventory.broken && vms.contains(&VmId::from("vm-2")) {
            return Err("the agent does not answer".into());
        }
        self.inventory.change(|there| there.retain(|vm| !vms.contains(&VmId::from(&**vm))));
        Ok(())
    }
}

/// The README shows this error; the line number in it is not compared.
#[test]
fn the_error_for_a_value_that_is_not_provided_is_in_the_readme() {
    let error = Cascade::linked().build().expect_err("the inventory is missing").to_string();
    let lines: Vec<&str> = error.lines().filter(|line| !line.starts_with("  -->")).collect();
    assert_eq!(lines.len(), 3, "{error}");
    for line in lines {
        assert!(README.contains(line), "missing in the README: {line}");
    }
}

#[tokio::test]
async fn why_shows_the_path_to_an_instance_as_in_the_readme() -> Result<(), Failed> {
    let plan = plan(&Inventory::new().cascade()?).await?;
    let why = plan.why_named("VmInstance", "vm-1")?.ok_or("vm-1 is not in the plan")?;
    println!("{why}");
    assert!(README.contains(&format!("```text\n{why}```")), "missing in the README:\n{why}");
    Ok(())
}

#[tokio::test]
async fn isolate_continues_with_instances_that_are_not_blocked() -> Result<(), Failed> {
    let cascade = Inventory { broken: true, ..Inventory::new() }.cascade()?;
    let plan = plan(&cascade).await?;
    let report = cascade.apply(plan).policy(FailurePolicy::Isolate).await?;
    assert!(matches!(report.verdict::<VmInstance>(&"vm-3".into()), Some(Verdict::Done)), "{report}");
    assert!(matches!(report.verdict::<Host>(&"host-1".into()), Some(Verdict::Blocked { .. })), "{report}");
    Ok(())
}

#[tokio::test]
async fn chase_removes_an_instance_that_is_new_since_the_plan() -> Result<(), Failed> {
    let inventory = Inventory::new();
    let cascade = inventory.cascade()?;
    let plan = plan(&cascade).await?;
    inventory.change(|vms| vms.push("vm-4".to_owned()));
    let report = cascade.apply(plan).drift(Drift::Follow).await?;
    assert!(matches!(report.verdict::<VmInstance>(&"vm-4".into()), Some(Verdict::Done)), "{report}");
    Ok(())
}

#[tokio::test]
async fn a_plan_over_a_limit_is_refused() -> Result<(), Failed> {
    let inventory = Inventory::new();
    let limits = Limits::none().instances(50_000).resource("Host", 0); // no host at all
    let cascade = Cascade::linked().provide(inventory).limits(limits).build()?;
    let refused = cascade.apply(plan(&cascade).await?).await;
    assert!(matches!(refused, Err(ApplyError::OverLimit { .. })), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_plan_with_another_digest_than_the_confirmed_one_is_refused() -> Result<(), Failed> {
    let inventory = Inventory::new();
    let cascade = inventory.cascade()?;
    let seen = plan(&cascade).await?.digest()?;
    inventory.change(|vms| vms.push("vm-4".to_owned()));
    let plan = plan(&cascade).await?;
    let report = cascade.apply(plan).confirmed(seen).await;
    assert!(matches!(report, Err(ApplyError::OtherDigest { .. })), "{report:?}");
    Ok(())
}

fn audit<'a>(step: StepCall<'a>, next: Next<'a>) -> BoxFuture<'a, StepAnswer> {
    Box::pin(async move {
        println!("{} {} on {:?}", step.resource(), step.effect(), step.printed_ids());
        next.run().await
    })
}

struct ProtectVm1;

impl Authorizer for ProtectVm1 {
    fn authorize<'a>(&'a self, vms: Instances<'a>) -> BoxFuture<'a, Result<Vec<Denial>, StepError>> {
        Box::pin(async move {
            let denied = (0..vms.len()).filter(|&index| vms.printed_id(index) == "vm-1");
            Ok(denied.map(|index| Denial::new(index, "another team owns it")).collect())
        })
    }
}

#[tokio::test]
async fn a_forced_run_does_not_pass_a_denial() -> Result<(), Failed> {
    let inventory = Inventory::new();
    let cascade = Cascade::linked().provide(inventory).layer(audit).authorizer(ProtectVm1).build()?;
    let plan = plan(&cascade).await?;
    assert_eq!(plan.denials().len(), 1);
    let denied = cascade.apply(plan).forced(true).await;
    assert!(matches!(denied, Err(ApplyError::Denied { .. })), "{denied:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_monitor_lists_the_step_that_a_run_waits_for() -> Result<(), Failed> {
    let cascade = Inventory { latency: Duration::from_mins(1), ..Inventory::new() }.cascade()?;
    let plan = plan(&cascade).await?;
    let monitor = Monitor::default();
    let run = tokio::spawn(cascade.apply(plan).monitored_by(&monitor).into_future());
    tokio::time::sleep(Duration::from_secs(30)).await;
    for step in monitor.stuck() {
        println!("{step}");
    }
    let stuck: Vec<String> = monitor.stuck().iter().map(ToString::to_string).collect();
    assert_eq!(stuck, ["VmInstance destroy on vm-1 for 30.0s: 1 waiting, next Host host-1"]);
    assert!(run.await??.is_complete());
    Ok(())
}

#[tokio::test]
async fn the_extensions_pass_the_conformance_check() -> Result<(), Failed> {
    let stage = async || {
        let inventory = Inventory::new();
        let builder = Cascade::linked().provide(inventory.clone());
        Stage::new(builder, move || std::future::ready(inventory.vms()))
    };
    let findings = conformance::check(stage, Delete, "Host", ["host-1"]).await?;
    assert_eq!(findings, []);
    Ok(())
}

#[expect(dead_code, reason = "compiled, but not run: it never returns")]
async fn serve(cascade: Cascade) -> Result<(), Failed> {
    let listener = Worker::listen("127.0.0.1:9080".parse()?)?;
    Worker::new(cascade, "http://127.0.0.1:8080")?.serve(listener, std::future::pending()).await?;
    Ok(())
}

#[expect(
    dead_code,
    reason = "compiled, but not run: it needs a server; `cargo xtask restate` runs such code"
)]
async fn plan_and_apply_remotely(cascade: Cascade) -> Result<bool, Failed> {
    let client = Client::connect(&cascade, "http://127.0.0.1:8080").await?;
    let plan = client.plan(Delete, Host::roots(["host-1"])).await?;
    let report = client.apply(plan).await?;
    Ok(report.is_complete())
}
