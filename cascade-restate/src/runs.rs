//! Lists runs from Restate's introspection.

use cascade_core::remote::PlanHeader;
use cascade_core::{NewRun, RunId, RunInfo, RunState, StuckStep};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::RestateError;
use crate::ingress::Ingress;
use crate::names::CASCADE;
use crate::wire::{ProgressRecord, RunAbout};

/// A run that Restate keeps.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RemoteRun {
    /// What every run has, in one process and on workers.
    #[serde(flatten)]
    pub info: RunInfo,
    /// The state of its invocation in Restate: `running`, `suspended`, `backing-off`, `completed`.
    pub status: String,
    /// Why it does not continue: the last failure that a worker reported. `None` if it does.
    pub trouble: Option<String>,
}

/// A row of Restate's table of invocations.
#[derive(Debug, Deserialize)]
struct Row {
    key: String,
    status: String,
    created: String,
    modified: String,
    trouble: Option<String>,
    result: Option<String>,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

/// The query for all runs. Times are in milliseconds since 1970.
const QUERY: &str = "SELECT target_service_key AS key, status, \
     CAST(to_unixtime(created_at) * 1000 AS VARCHAR) AS created, \
     CAST(to_unixtime(modified_at) * 1000 AS VARCHAR) AS modified, \
     last_failure AS trouble, completion_result AS result \
     FROM sys_invocation WHERE target_service_name = 'Cascade' AND target_handler_name = 'run'";

impl Client {
    /// All runs, the oldest first; `admin` is the address of Restate's admin API, as in `http://127.0.0.1:9070`.
    pub async fn runs(&self, admin: &str) -> Result<Vec<RemoteRun>, RestateError> {
        let mut runs = Vec::new();
        for row in query(admin, QUERY).await? {
            let run = RunId::from(row.key.as_str());
            let about = self.about(&run).await?;
            let progress = self.progress_record(&run).await?;
            runs.push(remote_run(run, row, about, &progress));
        }
        runs.sort_by(|a, b| (a.info.created, &a.info.run.id).cmp(&(b.info.created, &b.info.run.id)));
        Ok(runs)
    }

    /// One run, with the steps that were in flight when it last reported.
    pub async fn run(&self, run: &RunId, admin: &str) -> Result<(RemoteRun, Vec<StuckStep>), RestateError> {
        let named = run.as_str().replace('\'', "''");
        let rows = query(admin, &format!("{QUERY} AND target_service_key = '{named}'")).await?;
        let row = rows.into_iter().next().ok_or_else(|| self.unknown(run))?;
        let about = self.about(run).await?;
        let progress = self.progress_record(run).await?;
        let stuck = if progress.over { Vec::new() } else { self.stuck(run).await? };
        Ok((remote_run(run.clone(), row, about, &progress), stuck))
    }
}

async fn query(admin: &str, query: &str) -> Result<Vec<Row>, RestateError> {
    let admin = Ingress::new(admin)?;
    let rows: Rows = admin.post("/query", &serde_json::json!({ "query": query })).await?;
    Ok(rows.rows)
}

fn remote_run(run: RunId, row: Row, about: Option<RunAbout>, progress: &ProgressRecord) -> RemoteRun {
    let mut new = NewRun::new(run, "", "");
    let mut confirmed_by = None;
    let begun = about.is_some();
    if let Some(RunAbout { header, confirmed_by: by, .. }) = about {
        new.roots = header.root_names();
        let PlanHeader { operation, payload, root, roots, further_roots, instances, .. } = header;
        (new.operation, new.payload, new.root) = (operation, payload, root);
        (new.root_count, new.further_roots, new.instances) =
            (u64::from(roots), further_roots, instances as u64);
        confirmed_by = by;
    }
    let mut info = RunInfo::new(new, None);
    info.state = match (&*row.status, begun) {
        ("completed", _) if progress.complete => RunState::Complete,
        ("completed", _) => RunState::Incomplete,
        (_, true) => RunState::Unfinished,
        (_, false) => RunState::Preparing,
    };
    // The introspection writes some whole numbers with a fraction.
    let millis = |text: &str| text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or_default();
    (info.created, info.updated) = (millis(&row.created), millis(&row.modified));
    (info.ended, info.failed) = (progress.instances_ended as u64, progress.instances_failed as u64);
    info.confirmed_by = confirmed_by;
    let has_ended = info.state.has_ended();
    info.owner = (!has_ended).then(|| format!("{CASCADE} on Restate, {}", row.status));
    let failed = row.result.filter(|result| result != "success");
    let trouble = if has_ended { failed } else { row.trouble };
    RemoteRun { info, status: row.status, trouble }
}
