//! The cloud: its inventory, its agents, and its engine.

use std::path::{Path, PathBuf};

use cascade_core::{Cascade, CascadeBuilder, Journal, Resource};
use cascade_restate::Client;
use cascade_sqlite::{SqliteError, SqliteJournal};
use iaas_model::agents::{Simulated, Simulation};
use iaas_model::catalogue;
use iaas_model::compute::{Cluster, ClusterId};
use iaas_model::seed::Size;
use iaas_model::{Db, Overwrite};
use indicatif::HumanCount;

use crate::args::{AgentArgs, RestateArgs};
use crate::failure::Failure;
use crate::print::say;

/// The opened cloud.
pub(crate) struct Cloud {
    pub(crate) db: Db,
    pub(crate) cascade: Cascade,
    journal: SqliteJournal,
    /// The workers, if operations run on them.
    pub(crate) workers: Option<Workers>,
}

/// Workers that are registered with Restate.
pub(crate) struct Workers {
    pub(crate) client: Client,
    pub(crate) admin: String,
}

impl Cloud {
    pub(crate) async fn open(
        path: &Path,
        journal: Result<SqliteJournal, SqliteError>,
        agents: &AgentArgs,
        restate: &RestateArgs,
    ) -> Result<Self, Failure> {
        let db = inventory(path)?;
        let journal = journal.map_err(Failure::failed)?;
        let linked = linked(&db, agents)?;
        let cascade = linked.journal(journal.clone()).build().map_err(Failure::failed)?;
        let workers = match &restate.ingress {
            None => None,
            Some(address) => {
                let client = Client::connect(&cascade, address).await?;
                Some(Workers { client, admin: restate.admin.clone() })
            }
        };
        Ok(Self { db, cascade, journal, workers })
    }

    /// The journal of the runs.
    pub(crate) fn journal(&self) -> &impl Journal {
        &self.journal
    }

    /// The ids that these texts mean, which have to exist. A text is an id as plans print it, or as JSON. If it may mean
    /// several ids, it means the first that exists.
    pub(crate) async fn known(&self, resource: &str, texts: &[String]) -> Result<Vec<String>, Failure> {
        let Some(entry) = catalogue::entry(resource) else { return Ok(texts.to_vec()) };
        let mut meant = Vec::new();
        for text in texts {
            let instances = self.cascade.instances_named(resource, text)?;
            meant.push(instances.into_iter().map(|instance| instance.text).collect::<Vec<String>>());
        }
        let unknown_ids = self.db.unknown(entry, &meant.concat()).await?;
        let entry_of = |id: &String| unknown_ids.iter().find(|(unknown, _)| unknown == id);
        let (mut known, mut missing) = (Vec::new(), Vec::new());
        for ids in meant {
            match ids.iter().find(|id| entry_of(id).is_none()) {
                Some(id) => known.push(id.clone()),
                None => missing.extend(ids.first().and_then(entry_of).cloned()),
            }
        }
        if missing.is_empty() { Ok(known) } else { Err(unknown(resource, &missing)) }
    }

    /// The id of a cluster, which has to exist.
    pub(crate) async fn known_cluster(&self, text: &str) -> Result<ClusterId, Failure> {
        let known = self.known(Cluster::NAME, &[text.to_owned()]).await?;
        Ok(known.concat().into())
    }
}

/// The builder of the linked extensions, with an inventory and agents.
pub(crate) fn linked(db: &Db, agents: &AgentArgs) -> Result<CascadeBuilder, Failure> {
    let &AgentArgs { latency, failure_rate, seed, .. } = agents;
    let simulated = Simulated::new(Simulation { latency, failure_rate, seed });
    if let Some(log) = &agents.log {
        simulated.log_to(log).map_err(|error| {
            Failure::Usage(format!(
                "the agents' log {} cannot be written: {error}: name another file with --agent-log",
                log.display()
            ))
        })?;
    }
    Ok(Cascade::linked().provide(db.clone()).provide(simulated.agents()))
}

/// The default file of a cloud's runs.
pub(crate) fn journal_beside(db: &Path) -> PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push(".runs");
    name.into()
}

/// Opens the inventory; creates and fills it if there is none.
pub(crate) fn inventory(path: &Path) -> Result<Db, Failure> {
    if path.exists() {
        return Ok(Db::open(path)?);
    }
    let size = Size::default();
    say(format_args!("iaas: no cloud at {} yet: creating one with {}", path.display(), size_text(size)));
    Ok(Db::create(path, Overwrite::No, |transaction| iaas_model::seed::fill(transaction, size))?)
}

/// The size of a cloud as text.
pub(crate) fn size_text(Size { vms, zones }: Size) -> String {
    let (vm, zone) = (if vms == 1 { "VM" } else { "VMs" }, if zones == 1 { "zone" } else { "zones" });
    format!("{} {vm} in {zones} {zone}", HumanCount(vms as u64))
}

/// The error about unknown ids, with the nearest known ids.
fn unknown(what: &str, ids: &[(String, Option<String>)]) -> Failure {
    let line = |(id, nearest): &(String, Option<String>)| match nearest {
        Some(nearest) => format!("there is no {what} `{}`: did you mean `{nearest}`?", id.escape_debug()),
        None => format!("there is no {what} `{}`, nor any other", id.escape_debug()),
    };
    Failure::Usage(ids.iter().map(line).collect::<Vec<_>>().join("\n      "))
}
