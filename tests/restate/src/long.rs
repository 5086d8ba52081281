//! Effects that take longer than the server lets an invocation be silent. What the server allows is cut down here from
//! minutes to a second each, and effects take several times both together: as twenty minutes are to the server's defaults.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::http::send;
use crate::own::{self, Spec};
use crate::server::free_port;
use crate::site::{Site, check, ended, instances, told};
use crate::{Setting, ensure};

const IMPATIENT: &str = "[worker.invoker]\ninactivity-timeout = \"1s\"\nabort-timeout = \"1s\"\n";
const EFFECT: Duration = Duration::from_secs(4);
const ITEMS: usize = 40;

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let log = setting.directory.join("agent.log");
    let spec = Spec { latency: EFFECT, log: Some(&log), ..Spec::default() };
    let site = Site::start(setting, &spec, IMPATIENT).await?;
    let apply = site.client.apply(site.plan("Pool", &format!("long-{ITEMS}")).await?);
    let (run, aborted) = (tokio::spawn(apply.into_future()), aborted(setting, &site));
    println!(
        "without a worker's own timeouts, the server aborts effects of {EFFECT:?}: `{}`",
        aborted.await?
    );
    let report = ended(run).await?;
    ensure(report.is_complete(), || format!("{report}"))?;
    let repeats = check(&told(&log, &format!("long-{ITEMS}")), instances(ITEMS))?;
    ensure(repeats == 0, || format!("{repeats} calls came twice"))?;
    println!(
        "of a worker's, {} effects of {EFFECT:?} one below the other: each was called once",
        instances(ITEMS)
    );
    suspended(&site, &log).await
}

/// A service that says nothing of timeouts does not get to the end of such an effect: so the server's own are in force.
async fn aborted(setting: &Setting, site: &Site) -> Result<String, String> {
    let at = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let spec = Spec { latency: EFFECT, bare: true, ..Spec::default() };
    let _bare = own::start(&spec, &site.server.ingress(), at, &setting.directory.join("bare.log"))?;
    site.server.register(at).await?;
    let url = format!("{}/restate/send/BareRun/long/run", site.server.ingress());
    let (status, answer) = send("POST", &url, Some(json!(1))).await?;
    ensure(status < 300, || format!("{status} {answer}"))?;
    let (sql, since) = (
        "SELECT last_failure FROM sys_invocation WHERE target_service_name = 'BareStep' AND last_failure IS NOT NULL",
        Instant::now(),
    );
    loop {
        let rows = site.server.query(sql).await?;
        if let Some(failure) = rows.first().and_then(|row| row["last_failure"].as_str()) {
            return Ok(failure.chars().take(120).collect());
        }
        ensure(since.elapsed() < Duration::from_secs(30), || String::from("the server is patient"))?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A run itself, that the server may put away after a second: it waits for its steps without a worker.
async fn suspended(site: &Site, log: &Path) -> Result<(), String> {
    let url = format!("{}/services/Cascade", site.server.admin());
    let (status, answer) = send("PATCH", &url, Some(json!({ "inactivity_timeout": "1s" }))).await?;
    ensure(status < 300, || format!("{status} {answer}"))?;
    let apply = site.client.apply(site.plan("Pool", &format!("away-{ITEMS}")).await?);
    let id = apply.run_id().clone();
    let run = tokio::spawn(apply.into_future());
    let sql = format!(
        "SELECT status FROM sys_invocation WHERE target_service_key = '{id}' AND status = 'suspended'"
    );
    let mut seen = 0;
    while !run.is_finished() {
        seen += site.server.query(&sql).await?.len();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let report = ended(run).await?;
    ensure(report.is_complete(), || format!("{report}"))?;
    ensure(seen > 0, || String::from("the run was never put away"))?;
    let repeats = check(&told(log, &format!("away-{ITEMS}")), instances(ITEMS))?;
    ensure(repeats == 0, || format!("{repeats} calls came twice"))?;
    println!("a run that is put away while its steps take long goes on where it was: each was called once");
    Ok(())
}
