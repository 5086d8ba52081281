//! What stands against a run on workers: vetoes, denials, and what has come since the plan was made.

use std::path::PathBuf;
use std::time::Duration;

use cascade_core::{ApplyError, Drift, FailurePolicy};
use cascade_restate::RestateError;

use crate::own::{Spec, Version};
use crate::site::{Site, check, ended, instances, told};
use crate::{Setting, ensure};

/// Items of a pool.
const ITEMS: usize = 40;

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let scene = Scene::start(setting).await?;
    scene.vetoed().await?;
    scene.denied().await?;
    scene.refused_newcomer().await?;
    scene.chased_newcomer().await?;
    scene.chased_while_under_way().await
}

/// A site whose world is a file, and what its agents log.
struct Scene {
    site: Site,
    world: PathBuf,
    log: PathBuf,
}

impl Scene {
    async fn start(setting: &Setting) -> Result<Self, String> {
        let (world, log) = (setting.directory.join("world"), setting.directory.join("agent.log"));
        let latency = Duration::from_millis(200);
        let spec = Spec { version: Version::Guarded, latency, steps: 8, log: Some(&log), ..Spec::default() };
        let spec = Spec { world: Some(&world), ..spec };
        Ok(Self { site: Site::start(setting, &spec, "").await?, world, log })
    }

    /// From now on the world says only that.
    fn say(&self, word: &str, id: &str) -> Result<(), String> {
        // By another name first: whoever reads it meanwhile reads the whole.
        let other = self.world.with_extension("new");
        let written = std::fs::write(&other, format!("{word} {id}\n"));
        written.and_then(|()| std::fs::rename(&other, &self.world)).map_err(|error| error.to_string())
    }

    fn untouched(&self, pool: &str) -> Result<(), String> {
        let told = told(&self.log, pool);
        ensure(told.is_empty(), || format!("{} instances were touched", told.len()))
    }

    /// The objection comes after the plan: only what is asked by the run can see it.
    async fn vetoed(&self) -> Result<(), String> {
        let (pool, client) = (format!("vetoed-{ITEMS}"), &self.site.client);
        let plan = self.site.plan("Pool", &pool).await?;
        let (kept, apply) = (format!("{pool}/1/3"), client.apply(plan.clone()));
        self.say("kept", &kept)?;
        let error = apply.await.err();
        let Some(RestateError::Apply(ApplyError::Vetoed { vetoes })) = &error else {
            return Err(format!("no veto: {error:?}"));
        };
        let said: Vec<String> = vetoes.iter().map(ToString::to_string).collect();
        ensure(said.len() == 1 && said[0].contains(&kept), || format!("{said:?}"))?;
        self.untouched(&pool)?;
        let planned = self.site.plan("Pool", &pool).await?;
        ensure(planned.vetoes().len() == 1, || String::from("a new plan has no veto"))?;
        let report = client.apply(plan).forced(true).await.map_err(|error| error.to_string())?;
        ensure(report.is_complete() && report.summary().overridden.len() == 1, || format!("{report}"))?;
        check(&told(&self.log, &pool), instances(ITEMS))?;
        println!(
            "vetoed after its plan was made: nothing is touched (`{}`); forced, it runs and names the veto",
            said[0]
        );
        Ok(())
    }

    async fn denied(&self) -> Result<(), String> {
        let (pool, client) = (format!("denied-{ITEMS}"), &self.site.client);
        let plan = self.site.plan("Pool", &pool).await?;
        self.say("foreign", &format!("{pool}/0"))?;
        for forced in [false, true] {
            let error = client.apply(plan.clone()).forced(forced).await.err();
            let Some(RestateError::Apply(ApplyError::Denied { denials })) = &error else {
                return Err(format!("forced: {forced}, and not denied: {error:?}"));
            };
            ensure(denials.len() == 1, || format!("{denials:?}"))?;
        }
        self.untouched(&pool)?;
        println!("denied by an authorizer after its plan was made: nothing is touched, forced or not");
        Ok(())
    }

    async fn refused_newcomer(&self) -> Result<(), String> {
        let pool = format!("refused-{ITEMS}");
        let plan = self.site.plan("Pool", &pool).await?;
        let (group, newcomer) = (format!("{pool}/1"), format!("{pool}/1/new"));
        self.say("newcomer", &newcomer)?;
        let apply = self.site.client.apply(plan).drift(Drift::Refuse).policy(FailurePolicy::Isolate);
        let report = apply.await.map_err(|error| error.to_string())?;
        let summary = report.summary();
        ensure((summary.failed, summary.blocked) == (1, 1), || format!("{report}"))?;
        ensure(summary.done == instances(ITEMS) - 2, || format!("{report}"))?;
        let failure = summary.failures.first().ok_or("no failure is named")?;
        ensure(failure.error.contains(&newcomer), || failure.error.clone())?;
        let touched = told(&self.log, &pool);
        let spared = |id: &str| touched.iter().all(|(told, _)| told != id);
        ensure([&group, &newcomer, &pool].iter().all(|id| spared(id)), || String::from("the parent went"))?;
        println!("an item that came after the plan: its group and its pool stay (`{}`)", failure.error);
        Ok(())
    }

    async fn chased_newcomer(&self) -> Result<(), String> {
        let pool = format!("chased-{ITEMS}");
        let plan = self.site.plan("Pool", &pool).await?;
        self.say("newcomer", &format!("{pool}/1/new"))?;
        let report = self.site.client.apply(plan).drift(Drift::Chase).await;
        let report = report.map_err(|error| error.to_string())?;
        self.has_taken_one_more(&pool, report.summary().done)?;
        ensure(report.is_complete(), || format!("{report}"))?;
        println!("the same, chased: it joins the run, and goes before its group");
        Ok(())
    }

    /// It comes when agents are already at work.
    async fn chased_while_under_way(&self) -> Result<(), String> {
        let pool = format!("late-{ITEMS}");
        let plan = self.site.plan("Pool", &pool).await?;
        let apply = self.site.client.apply(plan).drift(Drift::Chase);
        let run = tokio::spawn(apply.into_future());
        while told(&self.log, &pool).is_empty() {
            ensure(!run.is_finished(), || String::from("the run has ended without a step"))?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.say("newcomer", &format!("{pool}/1/new"))?;
        let report = ended(run).await?;
        ensure(report.is_complete(), || format!("{report}"))?;
        self.has_taken_one_more(&pool, report.summary().done)?;
        println!("one that comes while agents are at work already: chased as well");
        Ok(())
    }

    fn has_taken_one_more(&self, pool: &str, done: usize) -> Result<(), String> {
        let wanted = instances(ITEMS) + 1;
        ensure(done == wanted, || format!("{done} of {wanted} are done"))?;
        let repeats = check(&told(&self.log, pool), wanted)?;
        ensure(repeats == 0, || format!("{repeats} calls came twice"))
    }
}
