//! The cloud: its inventory, its agents, and its engine.

use std::path::{Path, PathBuf};

use cascade_core::{Cascade, CascadeBuilder, Journal};
use cascade_restate::Client;
use cascade_sqlite::{SqliteError, SqliteJournal};
use iaas_model::agents::{Simulated, Simulation};
use iaas_model::compute::ClusterId;
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

    /// Checks that the cluster exists.
    pub(crate) async fn known_cluster(&self, id: &str) -> Result<ClusterId, Failure> {
        match self.db.unknown_cluster(id).await? {
            None => Ok(id.into()),
            Some(nearest) => Err(unknown("cluster", &[(id.to_owned(), nearest)])),
        }
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
pub(crate) fn unknown(what: &str, ids: &[(String, Option<String>)]) -> Failure {
    let line = |(id, nearest): &(String, Option<String>)| match nearest {
        Some(nearest) => format!("there is no {what} `{}`: did you mean `{nearest}`?", id.escape_debug()),
        None => format!("there is no {what} `{}`, nor any other", id.escape_debug()),
    };
    Failure::Usage(ids.iter().map(line).collect::<Vec<_>>().join("\n      "))
}
