//! Objections to a run on workers: vetoes, denials, and instances that the plan does not have.

use std::path::PathBuf;
use std::time::Duration;

use cascade_core::{ApplyError, Drift};
use cascade_restate::RestateError;

use crate::graph::{Version, instances};
use crate::removals::{check_once, of_pool};
use crate::site::{Site, ended};
use crate::wait::until;
use crate::worker::Spec;
use crate::world::{Fact, World};
use crate::{Environment, ensure};

/// Items of a pool.
const ITEMS: usize = 40;

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let scene = Scene::start(environment).await?;
    scene.vetoed().await?;
    scene.denied().await?;
    scene.refused_newcomer().await?;
    scene.followed_newcomer().await?;
    scene.newcomer_during_the_run().await
}

struct Scene {
    site: Site,
    world: World,
    log: PathBuf,
}

impl Scene {
    async fn start(environment: &Environment) -> Result<Self, String> {
        let world = World::at(environment.directory.join("world"));
        let log = environment.directory.join("agent.log");
        let latency = Duration::from_millis(20);
        let spec = Spec { version: Version::Guarded, latency, steps: 8, log: Some(&log), ..Spec::default() };
        let spec = Spec { world: Some(&world), ..spec };
        Ok(Self { site: Site::start(environment, &spec, "").await?, world, log })
    }

    fn untouched(&self, pool: &str) -> Result<(), String> {
        let removals = of_pool(&self.log, pool);
        ensure(removals.is_empty(), || format!("{} instances were removed", removals.len()))
    }

    /// The objection appears after the plan, so only the checks of the run itself can see it.
    async fn vetoed(&self) -> Result<(), String> {
        let (pool, client) = (format!("vetoed-{ITEMS}"), &self.site.client);
        let plan = self.site.plan("Pool", &pool).await?;
        let (kept, apply) = (format!("{pool}/1/3"), client.apply(plan.clone()));
        self.world.set(&[(Fact::Kept, &kept)])?;
        let error = apply.await.err();
        let Some(RestateError::Apply(ApplyError::Vetoed { vetoes })) = &error else {
            return Err(format!("no veto: {error:?}"));
        };
        let vetoes: Vec<String> = vetoes.iter().map(ToString::to_string).collect();
        ensure(vetoes.len() == 1 && vetoes[0].contains(&kept), || format!("{vetoes:?}"))?;
        self.untouched(&pool)?;
        let planned = self.site.plan("Pool", &pool).await?;
        ensure(planned.vetoes().len() == 1, || String::from("a new plan has no veto"))?;
        let report = client.apply(plan).forced(true).await.map_err(|error| error.to_string())?;
        ensure(report.is_complete() && report.summary().overridden.len() == 1, || format!("{report}"))?;
        check_once(&of_pool(&self.log, &pool), instances(ITEMS))?;
        println!(
            "a veto after the plan: nothing is removed (`{}`); a forced run removes all and reports the veto",
            vetoes[0]
        );
        Ok(())
    }

    async fn denied(&self) -> Result<(), String> {
        let (pool, client) = (format!("denied-{ITEMS}"), &self.site.client);
        let plan = self.site.plan("Pool", &pool).await?;
        self.world.set(&[(Fact::Foreign, &format!("{pool}/0"))])?;
        for forced in [false, true] {
            let error = client.apply(plan.clone()).forced(forced).await.err();
            let Some(RestateError::Apply(ApplyError::Denied { denials })) = &error else {
                return Err(format!("forced: {forced}, and not denied: {error:?}"));
            };
            ensure(denials.len() == 1, || format!("{denials:?}"))?;
        }
        self.untouched(&pool)?;
        println!("a denial by an authorizer after the plan: nothing is removed, forced or not");
        Ok(())
    }

    async fn refused_newcomer(&self) -> Result<(), String> {
        let pool = format!("refused-{ITEMS}");
        let plan = self.site.plan("Pool", &pool).await?;
        let newcomer = format!("{pool}/1/new");
        self.world.set(&[(Fact::Newcomer, &newcomer)])?;
        let error = match self.site.client.apply(plan).await {
            Ok(report) => return Err(format!("the plan would grow, but it ran: {report}")),
            Err(error) => error,
        };
        let refused = matches!(&error, RestateError::Apply(ApplyError::Drifted { difference, .. }) if difference.added == 1);
        ensure(refused && error.to_string().contains(&newcomer), || error.to_string())?;
        self.untouched(&pool)?;
        println!("an item that the plan does not have: nothing is removed, and the difference names it");
        Ok(())
    }

    async fn followed_newcomer(&self) -> Result<(), String> {
        let pool = format!("chased-{ITEMS}");
        let plan = self.site.plan("Pool", &pool).await?;
        self.world.set(&[(Fact::Newcomer, &format!("{pool}/1/new"))])?;
        let report = self.site.client.apply(plan).drift(Drift::Follow).await;
        let report = report.map_err(|error| error.to_string())?;
        self.removed_one_more(&pool, report.summary().done)?;
        ensure(report.is_complete(), || format!("{report}"))?;
        println!("the same with `Drift::Follow`: it joins the run, and is removed before its group");
        Ok(())
    }

    /// The newcomer appears while an item of its group is held, so before the removal of the group.
    async fn newcomer_during_the_run(&self) -> Result<(), String> {
        let pool = format!("late-{ITEMS}");
        let (held, newcomer) = (format!("{pool}/1/0"), format!("{pool}/1/new"));
        let plan = self.site.plan("Pool", &pool).await?;
        self.world.set(&[(Fact::Held, &held)])?;
        let run = tokio::spawn(self.site.client.apply(plan).drift(Drift::Follow).into_future());
        let removed = async || Ok((!of_pool(&self.log, &pool).is_empty()).then_some(()));
        until("the run removes an item", removed).await?;
        self.world.set(&[(Fact::Newcomer, &newcomer)])?;
        let report = ended(run).await?;
        ensure(report.is_complete(), || format!("{report}"))?;
        self.removed_one_more(&pool, report.summary().done)?;
        println!("an item that appears during the run joins it as well");
        Ok(())
    }

    fn removed_one_more(&self, pool: &str, done: usize) -> Result<(), String> {
        let wanted = instances(ITEMS) + 1;
        ensure(done == wanted, || format!("{done} of {wanted} are done"))?;
        check_once(&of_pool(&self.log, pool), wanted)
    }
}
