//! What may be said on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// A whole small cloud: preview what a delete would take with it, then do it.
///
/// The cloud is kept in a file, which is created and filled on first use.
#[derive(Debug, Parser)]
#[command(name = "iaas", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The file that the cloud is kept in.
    #[arg(long, global = true, value_name = "FILE", default_value = "iaas.db")]
    pub(crate) db: PathBuf,
    /// The file that runs are kept in [default: beside the cloud, with `.runs` behind its name].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// How long a process may give no sign of life before others may go on with its runs.
    #[arg(long, global = true, value_name = "TIME", default_value = "15s", hide = true,
        value_parser = humantime::parse_duration)]
    pub(crate) lease: Duration,
    #[command(flatten)]
    pub(crate) agents: AgentArgs,
    #[command(flatten)]
    pub(crate) restate: RestateArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Runs on workers, which Restate calls.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "More than one machine")]
pub(crate) struct RestateArgs {
    /// Run on the workers that are registered with Restate; the address is that of its ingress, as in
    /// `http://127.0.0.1:8080`.
    #[arg(long = "restate", global = true, value_name = "URL")]
    pub(crate) ingress: Option<String>,
    /// Where Restate's admin API is: it tells which runs there are.
    #[arg(
        long = "restate-admin",
        global = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:9070"
    )]
    pub(crate) admin: String,
}

/// How the simulated agents behave.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Simulated agents")]
pub(crate) struct AgentArgs {
    /// How long an agent takes to do something, as in `20ms` or `2s`.
    #[arg(long = "agent-latency", global = true, value_name = "TIME", default_value = "2ms",
        value_parser = humantime::parse_duration)]
    pub(crate) latency: Duration,
    /// How many of the things that agents are told fail, from 0 to 1.
    #[arg(long = "agent-failure-rate", global = true, value_name = "RATE", default_value_t = 0.0,
        value_parser = rate)]
    pub(crate) failure_rate: f64,
    /// What decides which of them fail: the same seed, the same failures.
    #[arg(long = "agent-seed", global = true, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Append a line to this file for each thing that an agent has done.
    #[arg(long = "agent-log", global = true, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(rate) if (0.0..=1.0).contains(&rate) => Ok(rate),
        _ => Err(String::from("a rate is a number from 0 to 1, as in 0.05")),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a cloud and fill it.
    Seed(SeedArgs),
    /// Show how many of each resource there are.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete instances of a resource, with all that depends on them.
    Delete {
        /// The resource, as in `Zone`; `iaas graph` lists them.
        #[arg(value_name = "RESOURCE")]
        resource: String,
        /// The instances, as in `zone-1`.
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        #[command(flatten)]
        how: How,
    },
    /// Detach something from a cluster.
    #[command(subcommand)]
    Detach(Detach),
    /// Show what hangs off what: the flattened tree of each resource.
    Graph,
    /// List what was begun, and how far it came.
    Runs(RunsArgs),
    /// Show one run: its steps, its failures, and who confirmed it.
    Run(RunArgs),
    /// Carry out steps of runs that Restate keeps, until stopped.
    Worker(WorkerArgs),
    /// Go on with a run that was broken off; without an id, with all of them.
    ///
    /// It asks nothing: the run was confirmed. What has ended is not done again.
    Resume(ResumeArgs),
}

impl Command {
    /// Whether standard output is for one JSON document.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Show { json } => *json,
            Self::Delete { how, .. } => how.json,
            Self::Detach(Detach::PrimaryStorage(args) | Detach::L2Network(args)) => args.how.json,
            Self::Runs(args) => args.json,
            Self::Run(args) => args.json,
            Self::Resume(args) => args.json,
            Self::Seed(_) | Self::Graph | Self::Worker(_) => false,
        }
    }
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WorkerArgs {
    /// Where Restate reaches it. Several workers on one machine may listen on the same address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9080")]
    pub(crate) listen: SocketAddr,
    /// Restate's ingress. The worker reads plans there, and from no address that a request names.
    #[arg(long = "ingress", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) plans_from: String,
    /// How many steps it carries out at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    pub(crate) steps: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunsArgs {
    /// First forget those that ended longer ago than this, as in `30d`.
    #[arg(long, value_name = "AGE", value_parser = crate::runs::age)]
    pub(crate) forget: Option<Duration>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The run, as `iaas runs` lists it.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Also look whether anything survived that should have gone.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    /// The run, as `iaas runs` lists it.
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Go on also where the resources have changed and more is to be done than was confirmed, if the new plan has this
    /// digest: that of the difference which was shown.
    #[arg(long, value_name = "DIGEST", requires = "id")]
    pub(crate) accept: Option<String>,
    /// Print one JSON document and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SeedArgs {
    /// How many VMs users have.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pub(crate) vms: usize,
    /// In how many zones.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = at_least_one)]
    pub(crate) zones: usize,
    /// Replace the file if it is there, and with it the runs beside it.
    #[arg(long)]
    pub(crate) force: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(String::from("a cloud has one zone or more")),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Detach {
    /// The hosts of the cluster stop using the storage: VMs with a volume on it stop, virtual routers move.
    PrimaryStorage(DetachArgs),
    /// The hosts of the cluster leave the network: VMs lose their NICs on it, virtual routers move.
    L2Network(DetachArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DetachArgs {
    /// What is detached.
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// The cluster that it is detached from.
    #[arg(long, value_name = "ID")]
    pub(crate) cluster: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// How an operation is carried out.
#[derive(Clone, Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct How {
    /// Only show what would be done.
    #[arg(long)]
    pub(crate) plan_only: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Go on in spite of vetoes, and leave behind what fails.
    #[arg(long)]
    pub(crate) force: bool,
    /// On workers: the id that the run gets. A run that has it already is waited for, and none is started.
    #[arg(long, value_name = "ID", requires = "ingress")]
    pub(crate) run_as: Option<String>,
    /// Also write the plan as a page for a browser, for the one who approves it.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print one JSON document and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}
