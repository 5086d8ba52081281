//! The cancellation of a run while a method's own cascade runs on a worker.

use std::path::PathBuf;

use cascade_core::{ReportSummary, RunId};
use serde_json::json;

use crate::graph::{Version, instances};
use crate::http::send;
use crate::removals::of_pool;
use crate::site::{Site, ended};
use crate::wait::until;
use crate::worker::Spec;
use crate::world::{Fact, World};
use crate::{Environment, ensure};

const ITEMS: usize = 40;

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let scene = Scene::start(environment).await?;
    let by_client =
        async |run: &RunId| scene.site.client.cancel(run).await.map_err(|error| error.to_string());
    let one = scene.cancelled("client", by_client).await?;
    let two = scene.cancelled("restate", async |run: &RunId| scene.cancel_invocation(run).await).await?;
    println!(
        "a run is cancelled during a method's own cascade, which ends with {} done and {} not started; the same when \
         Restate cancels the invocation: {} and {}",
        one.done, one.not_started, two.done, two.not_started
    );
    Ok(())
}

struct Scene {
    site: Site,
    log: PathBuf,
    world: World,
}

impl Scene {
    async fn start(environment: &Environment) -> Result<Self, String> {
        let log = environment.directory.join("agent.log");
        let world = World::at(environment.directory.join("world"));
        let spec =
            Spec { version: Version::Guarded, log: Some(&log), world: Some(&world), ..Spec::default() };
        let site = Site::start(environment, &spec, "").await?;
        Ok(Self { site, log, world })
    }

    /// Restate's own way to cancel.
    async fn cancel_invocation(&self, run: &RunId) -> Result<(), String> {
        let sql = format!(
            "SELECT id FROM sys_invocation WHERE target_service_name = 'Cascade' AND target_handler_name = 'run' \
             AND target_service_key = '{run}'"
        );
        let rows = self.site.server.query(&sql).await?;
        let id = rows.first().and_then(|row| row["id"].as_str()).ok_or("the run has no invocation")?;
        let url = format!("{}/invocations/{id}/cancel", self.site.server.admin());
        let (status, answer) = send("PATCH", &url, Some(json!({}))).await?;
        ensure(status < 300, || format!("{status} {answer}"))
    }

    /// An item of the nested cascade is held until the worker knows that the run is cancelled. So its group and its pool are
    /// not started.
    async fn cancelled(
        &self,
        by: &str,
        cancel: impl AsyncFnOnce(&RunId) -> Result<(), String>,
    ) -> Result<ReportSummary, String> {
        let pool = format!("pool-{by}-{ITEMS}");
        let apply = self.site.client.apply(self.site.plan("Bundle", &format!("bundle-{by}-{ITEMS}")).await?);
        let id = apply.run_id().clone();
        self.world.set(&[(Fact::Held, &format!("{pool}/0/0"))])?;
        let run = tokio::spawn(apply.into_future());
        let others = async || Ok((of_pool(&self.log, &pool).len() >= ITEMS - 1).then_some(()));
        until("the nested cascade removes the other items", others).await?;
        cancel(&id).await?;
        let known = async || {
            let output = std::fs::read_to_string(&self.site.output).map_err(|error| error.to_string())?;
            let run = format!("run={id}");
            let is_it = |line: &str| line.contains("the run is cancelled") && line.contains(&run);
            Ok(output.lines().any(is_it).then_some(()))
        };
        until("the worker knows that the run is cancelled", known).await?;
        self.world.set(&[])?;
        let report = ended(run).await?.summary();
        ensure(report.cancelled, || format!("{report:?}"))?;
        let [nested] = report.nested.as_slice() else {
            return Err(format!("not one nested report: {report:?}"));
        };
        let nested = nested.report.clone();
        ensure(nested.cancelled && nested.failed == 0, || format!("{nested:?}"))?;
        ensure(nested.done + nested.not_started == instances(ITEMS), || format!("{nested:?}"))?;
        ensure(nested.not_started > 0, || String::from("all instances were removed nevertheless"))?;
        let removals = of_pool(&self.log, &pool);
        ensure(removals.len() == nested.done, || format!("{} removals, {nested:?}", removals.len()))?;
        Ok(nested)
    }
}
