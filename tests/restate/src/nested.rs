//! A method on a worker that has started a cascade of its own, when the run around it is cancelled.

use std::path::Path;
use std::time::{Duration, Instant};

use cascade_core::{ReportSummary, RunId};
use serde_json::json;

use crate::http::send;
use crate::own::{Spec, Version};
use crate::site::{Site, ended, instances, told};
use crate::{Setting, ensure};

/// All at once, since they are on one worker; what they hang off comes after them.
const ITEMS: usize = 40;
const EFFECT: Duration = Duration::from_secs(4);

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let log = setting.directory.join("agent.log");
    let spec = Spec { version: Version::Guarded, latency: EFFECT, log: Some(&log), ..Spec::default() };
    let site = Site::start(setting, &spec, "").await?;
    let by_client = async |run: &RunId| site.client.cancel(run).await.map_err(|error| error.to_string());
    let by_restate = async |run: &RunId| {
        let sql = format!(
            "SELECT id FROM sys_invocation WHERE target_service_name = 'Cascade' AND target_handler_name = 'run' \
             AND target_service_key = '{run}'"
        );
        let rows = site.server.query(&sql).await?;
        let id = rows.first().and_then(|row| row["id"].as_str()).ok_or("the run is no invocation")?;
        let url = format!("{}/invocations/{id}/cancel", site.server.admin());
        let (status, answer) = send("PATCH", &url, Some(json!({}))).await?;
        ensure(status < 300, || format!("{status} {answer}"))
    };
    let one = cancelled(&site, &log, "client", by_client).await?;
    let two = cancelled(&site, &log, "restate", by_restate).await?;
    println!(
        "a run that is cancelled while a method's own cascade is under way: that ends with {} done and {} not started; \
         cancelled by Restate's own means: {} and {}",
        one.done, one.not_started, two.done, two.not_started
    );
    Ok(())
}

async fn cancelled(
    site: &Site,
    log: &Path,
    by: &str,
    cancel: impl AsyncFnOnce(&RunId) -> Result<(), String>,
) -> Result<ReportSummary, String> {
    let apply = site.client.apply(site.plan("Bundle", &format!("bundle-{by}-{ITEMS}")).await?);
    let id = apply.run_id().clone();
    let run = tokio::spawn(apply.into_future());
    let since = Instant::now();
    while !site.client.progress_now(&id).await.is_ok_and(|progress| progress.running > 0) {
        ensure(since.elapsed() < Duration::from_mins(1), || String::from("the run does not begin"))?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    cancel(&id).await?;
    let report = ended(run).await?.summary();
    ensure(report.cancelled, || format!("{report:?}"))?;
    let [nested] = report.nested.as_slice() else { return Err(format!("no nested report: {report:?}")) };
    let nested = nested.report.clone();
    let all = instances(ITEMS);
    ensure(nested.cancelled && nested.failed == 0 && nested.done + nested.not_started == all, || {
        format!("{nested:?}")
    })?;
    ensure(nested.not_started > 0, || String::from("all was done in spite of it"))?;
    let told = told(log, &format!("pool-{by}-{ITEMS}"));
    ensure(told.len() == nested.done, || format!("{} done, {nested:?}", told.len()))?;
    Ok(nested)
}
