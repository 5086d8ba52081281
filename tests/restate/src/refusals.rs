//! Workers that link other extensions than the client, two versions at once, and a worker that is replaced during a run.

use std::path::PathBuf;

use cascade_core::RunId;
use cascade_restate::RestateError;

use crate::graph::{Version, instances};
use crate::port::Port;
use crate::removals::{all, of_pool};
use crate::server::Server;
use crate::site::{client, ended, plan};
use crate::wait::until;
use crate::worker::{self, Spec};
use crate::world::{Fact, World};
use crate::{Environment, ensure};

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let server = Server::start(&environment.server, &environment.directory).await?;
    let scene = Scene { server, directory: environment.directory.clone() };
    scene.worker_without_an_extension().await?;
    scene.two_versions().await?;
    scene.replaced_in_place().await
}

struct Scene {
    server: Server,
    directory: PathBuf,
}

impl Scene {
    fn start(&self, spec: &Spec<'_>, port: &Port) -> Result<crate::process::Process, String> {
        let output = self.directory.join("worker.log");
        worker::start(spec, &self.server.ingress(), port.address(), &output)
    }

    async fn worker_without_an_extension(&self) -> Result<(), String> {
        let whole = client(&self.server, Version::Whole, 1).await?;
        let error = whole.plan_named(cascade_core::Delete, "Pool", ["pool-40"]).await.err();
        ensure(matches!(error, Some(RestateError::NoWorker { .. })), || format!("no worker: {error:?}"))?;

        let (whole_port, less_port) = (Port::reserve()?, Port::reserve()?);
        let _whole = self.start(&Spec::default(), &whole_port)?;
        self.server.register(&whole_port).await?;
        let plan = plan(&whole, "Pool", "pool-40").await?;

        // Restate sends new runs to the worker that was registered last.
        let less = Spec { version: Version::WithoutItems, ..Spec::default() };
        let _less = self.start(&less, &less_port)?;
        self.server.register(&less_port).await?;
        let error = whole.apply(plan).await.err().ok_or("a worker without an extension accepted the run")?;
        ensure(matches!(error, RestateError::Differs { .. }), || format!("{error:?}"))?;
        let text = error.to_string();
        ensure(text.contains("it lacks extension ItemCascade of Item"), || text.clone())?;
        println!("a worker without one extension: {}…", text.chars().take(150).collect::<String>());
        Ok(())
    }

    /// An item of the old run is held until the new run has ended, so both versions are needed at once.
    async fn two_versions(&self) -> Result<(), String> {
        let (old_port, new_port) = (Port::reserve()?, Port::reserve()?);
        let (old_log, new_log) = (self.directory.join("old.log"), self.directory.join("new.log"));
        let world = World::at(self.directory.join("old-world"));
        world.set(&[(Fact::Held, "old-200/0/0")])?;
        let old = Spec { log: Some(&old_log), world: Some(&world), ..Spec::default() };
        let old_worker = self.start(&old, &old_port)?;
        self.server.register(&old_port).await?;
        let old_client = client(&self.server, Version::Whole, 1).await?;
        let old_plan = plan(&old_client, "Pool", "old-200").await?;
        let old_run = tokio::spawn(old_client.apply(old_plan).into_future());
        let begun = async || Ok((!all(&old_log).is_empty()).then_some(()));
        until("the old run removes an item", begun).await?;

        let new = Spec { version: Version::WithLabels, log: Some(&new_log), ..Spec::default() };
        let new_worker = self.start(&new, &new_port)?;
        self.server.register(&new_port).await?;
        let new_client = client(&self.server, Version::WithLabels, 1).await?;
        let new_plan = plan(&new_client, "Pool", "new-200").await?;
        let new_report = new_client.apply(new_plan).await.map_err(|error| error.to_string())?;
        world.set(&[])?;
        let old_report = ended(old_run).await?;
        ensure(old_report.is_complete() && new_report.is_complete(), || {
            format!("{old_report}\n{new_report}")
        })?;
        let with_labels = instances(200) + 200;
        for (log, worker, wanted) in
            [(&old_log, &old_worker, instances(200)), (&new_log, &new_worker, with_labels)]
        {
            let (removals, process) = (all(log), worker.id());
            let here = removals.iter().filter(|removal| removal.process == process).count();
            ensure((removals.len(), here) == (wanted, wanted), || {
                format!("{} removals, {here} by the right worker, of {wanted}", removals.len())
            })?;
        }
        println!(
            "two versions at once: the old run ends on the old worker ({} calls), the new run on the new one ({with_labels} \
             calls)",
            instances(200)
        );
        Ok(())
    }

    /// Workers are replaced at the same address, during a run, by ones with another graph. The run waits, says why, and ends
    /// once the right workers are back.
    async fn replaced_in_place(&self) -> Result<(), String> {
        let (port, log) = (Port::reserve()?, self.directory.join("changed.log"));
        let world = World::at(self.directory.join("changed-world"));
        world.set(&[(Fact::Held, "changed-200/0/0")])?;
        let spec = Spec { log: Some(&log), world: Some(&world), ..Spec::default() };
        let mut worker = self.start(&spec, &port)?;
        self.server.register(&port).await?;
        let client = client(&self.server, Version::Whole, 1).await?;
        let (plan, id) = (plan(&client, "Pool", "changed-200").await?, RunId::from("changed"));
        let run = tokio::spawn(client.apply(plan).run_as(id.clone()).into_future());
        let begun = async || Ok((!of_pool(&log, "changed-200").is_empty()).then_some(()));
        until("the run removes an item", begun).await?;
        worker.kill();
        let mut other = self.start(&Spec { version: Version::WithoutItems, ..Spec::default() }, &port)?;
        let trouble = async || {
            let (run, _) = client.run(&id, &self.server.admin()).await.map_err(|error| error.to_string())?;
            Ok(run.trouble.filter(|trouble| trouble.contains("it lacks extension ItemCascade of Item")))
        };
        let trouble = until("the run says which extension is missing", trouble).await?;
        other.kill();
        world.set(&[])?;
        let _right = self.start(&spec, &port)?;
        let report = ended(run).await?;
        ensure(report.is_complete(), || format!("{report}"))?;
        let from = trouble.find("this worker").unwrap_or_default();
        println!(
            "a worker that is replaced during a run: the run waits (`{}…`), and ends once the right one is back",
            trouble[from..].chars().take(110).collect::<String>()
        );
        Ok(())
    }
}
