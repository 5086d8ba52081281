//! The command-line arguments.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cascade_core::Drift;
use clap::{Parser, Subcommand};

/// A small example cloud: preview what an operation affects, then run it.
///
/// The cloud is stored in a file, which is created and filled on first use.
#[derive(Debug, Parser)]
#[command(name = "iaas", version, max_term_width = 100)]
pub(crate) struct Args {
    /// The file that stores the cloud.
    #[arg(long, global = true, value_name = "FILE", default_value = "iaas.db")]
    pub(crate) db: PathBuf,
    /// The file that stores runs [default: the file of the cloud with the suffix `.runs`].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// How long a process may be silent before another process may resume its runs.
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

/// Runs on workers that Restate calls.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "More than one machine")]
pub(crate) struct RestateArgs {
    /// Run on the workers that are registered with Restate. URL is Restate's ingress, as in `http://127.0.0.1:8080`.
    #[arg(long = "restate", global = true, value_name = "URL")]
    pub(crate) ingress: Option<String>,
    /// The address of Restate's admin API, which lists the runs.
    #[arg(
        long = "restate-admin",
        global = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:9070"
    )]
    pub(crate) admin: String,
}

/// The behaviour of the simulated agents.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Simulated agents")]
pub(crate) struct AgentArgs {
    /// The time that an agent needs for a command, as in `20ms` or `2s`.
    #[arg(long = "agent-latency", global = true, value_name = "TIME", default_value = "2ms",
        value_parser = humantime::parse_duration)]
    pub(crate) latency: Duration,
    /// The fraction of agent commands that fail, from 0 to 1.
    #[arg(long = "agent-failure-rate", global = true, value_name = "RATE", default_value_t = 0.0,
        value_parser = rate)]
    pub(crate) failure_rate: f64,
    /// The seed that selects the failing commands: equal seeds give equal failures.
    #[arg(long = "agent-seed", global = true, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Append a line to this file for each command that an agent has carried out.
    #[arg(long = "agent-log", global = true, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

/// An instance that an operation starts from.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) resource: String,
    pub(crate) id: String,
}

fn instance(text: &str) -> Result<Root, String> {
    match text.split_once('/') {
        Some((resource, id)) => Ok(Root { resource: resource.to_owned(), id: id.to_owned() }),
        None => Err(String::from("an instance is a resource and an id, as in Host/host-9")),
    }
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
    /// Show the number of instances of each resource.
    Show {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Delete instances of a resource, with everything that depends on them.
    Delete {
        /// The resource, as in `Zone`; `iaas graph` lists them.
        #[arg(value_name = "RESOURCE")]
        resource: String,
        /// The instances, as in `zone-1`, or as JSON.
        #[arg(value_name = "ID", required = true)]
        ids: Vec<String>,
        /// A further instance to delete in the same plan, as in `Host/host-9`.
        #[arg(long, value_name = "RESOURCE/ID", value_parser = instance)]
        also: Vec<Root>,
        #[command(flatten)]
        how: How,
    },
    /// Detach something from a cluster.
    #[command(subcommand)]
    Detach(Detach),
    /// Show the dependencies: a flattened tree for each resource.
    Graph,
    /// List runs and their progress.
    Runs(RunsArgs),
    /// Show one run: its steps, its failures, and who confirmed it.
    Run(RunArgs),
    /// Carry out steps of Restate's runs, until stopped.
    Worker(WorkerArgs),
    /// Resume an interrupted run; without an id, all interrupted runs.
    ///
    /// This does not ask for confirmation, because the run was confirmed. Steps that have ended are not repeated.
    Resume(ResumeArgs),
}

impl Command {
    /// Whether standard output is reserved for one JSON document.
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
    /// The address on which Restate reaches the worker. Several workers on one machine may share it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9080")]
    pub(crate) listen: SocketAddr,
    /// Restate's ingress. The worker reads plans there, and from no address that a request names.
    #[arg(long = "ingress", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) plans_from: String,
    /// The maximum number of steps at once.
    #[arg(long, value_name = "NUMBER", default_value_t = 64)]
    pub(crate) steps: usize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunsArgs {
    /// First forget runs that ended longer ago than this, as in `30d`.
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
    /// Also check that everything that should be gone is gone.
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
    /// Continue although the resources have changed and the new plan does more than was confirmed. DIGEST is the
    /// digest that the refusal has shown.
    #[arg(long, value_name = "DIGEST", requires = "id")]
    pub(crate) accept: Option<String>,
    /// Print one JSON document and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SeedArgs {
    /// The number of user VMs.
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    pub(crate) vms: usize,
    /// The number of zones.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = at_least_one)]
    pub(crate) zones: usize,
    /// Replace an existing file, and delete its runs.
    #[arg(long)]
    pub(crate) force: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(String::from("a cloud has at least one zone")),
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
    /// The instances to detach.
    #[arg(value_name = "ID", required = true)]
    pub(crate) ids: Vec<String>,
    /// The cluster from which to detach them.
    #[arg(long, value_name = "ID")]
    pub(crate) cluster: String,
    #[command(flatten)]
    pub(crate) how: How,
}

/// How a run handles changes of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DriftMode {
    // Refuses what adds to the plan, and leaves alone what has gone.
    Refuse,
    // Refuses every change.
    Exact,
    // Takes along what is new.
    Follow,
    // Carries out the plan as it was shown.
    Ignore,
}

impl From<DriftMode> for Drift {
    fn from(mode: DriftMode) -> Self {
        match mode {
            DriftMode::Refuse => Self::Refuse,
            DriftMode::Exact => Self::Exact,
            DriftMode::Follow => Self::Follow,
            DriftMode::Ignore => Self::Ignore,
        }
    }
}

/// How to carry out an operation.
#[derive(Clone, Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct How {
    /// Show the plan and change nothing.
    #[arg(long)]
    pub(crate) plan_only: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Ignore vetoes, and continue after failures.
    #[arg(long)]
    pub(crate) force: bool,
    /// Give up the order of the cycles that the plan lists. --force does not include this.
    #[arg(long)]
    pub(crate) allow_cuts: bool,
    /// What to do if the cloud has changed since the plan was made.
    #[arg(long, value_name = "MODE", value_enum, default_value_t = DriftMode::Refuse)]
    pub(crate) drift: DriftMode,
    /// With workers: the id of the run. If a run with this id exists, wait for it and start none.
    #[arg(long, value_name = "ID", requires = "ingress")]
    pub(crate) run_as: Option<String>,
    /// Also write the plan to an HTML page, for its approver.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Print one JSON document and nothing else.
    #[arg(long)]
    pub(crate) json: bool,
}
