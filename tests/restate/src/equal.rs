//! Two workers and a server do what one process does.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde_json::Value;

use crate::cloud::{Cloud, document};
use crate::server::{Server, free_port};
use crate::{Setting, ensure};

const VMS: usize = 2000;

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let one = Cloud::seed(&setting.iaas, setting.directory.join("one"), VMS)?;
    let two = one.copy(setting.directory.join("two"))?;
    let agents = ["--agent-latency", "5ms"];
    let delete = ["delete", "Zone", "zone-1", "--yes", "--json"];
    let alone = one.run(&[&agents as &[&str], &["--agent-log", "agents.log"], &delete].concat())?;

    let server = Server::start(&setting.server, &setting.directory).await?;
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let (ingress, admin) = (server.ingress(), server.admin());
    let worker = |name| two.worker(name, &ingress, listen, &agents);
    let _workers = [worker("worker-1")?, worker("worker-2")?];
    server.register(listen).await?;
    let restate = ["--restate", &ingress, "--restate-admin", &admin];
    let shown = [&restate as &[&str], &["delete", "Zone", "zone-1", "--plan-only", "--json"]].concat();
    let planned_alone = document(&one_plan(setting, &one)?)?;
    let planned_together = document(&two.run(&shown)?)?;
    ensure(planned_alone == planned_together, || String::from("the plans differ"))?;
    let together = two.run(&[&restate as &[&str], &delete].concat())?;

    show(&server).await?;
    let (alone, together) = (document(&alone)?, document(&together)?);
    ensure(alone == together, || format!("the reports differ:\n{alone}\n{together}"))?;
    ensure(one.rows()? == two.rows()?, || String::from("the inventories differ"))?;
    let told = |cloud: &Cloud| cloud.agents().into_iter().collect::<BTreeSet<_>>();
    ensure(told(&one) == told(&two), || String::from("agents were told other things"))?;
    ensure(two.agents().len() == told(&two).len(), || String::from("an agent was told something twice"))?;
    println!(
        "{VMS} VMs, effects of 5 ms: {} instances done, {} commands to agents; plan, report, inventory and commands are \
         those of one process",
        together["done"],
        told(&two).len()
    );
    Ok(())
}

/// The run and its steps, as Restate's introspection has them. What only asks leaves nothing there.
async fn show(server: &Server) -> Result<(), String> {
    let sql = "SELECT target_service_name AS service, target_handler_name AS handler, status, count(*) AS calls \
               FROM sys_invocation GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    println!("| service | handler | status | invocations |\n| --- | --- | --- | --- |");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for row in server.query(sql).await? {
        let (service, handler) = (text(&row["service"]), text(&row["handler"]));
        let asks = service == "Cascade" && handler != "run";
        ensure(!asks, || format!("{} calls of {handler} are kept", row["calls"]))?;
        println!("| {service} | {handler} | {} | {} |", text(&row["status"]), row["calls"]);
    }
    Ok(())
}

/// What one process plans for the same cloud, before it was deleted.
fn one_plan(setting: &Setting, one: &Cloud) -> Result<String, String> {
    let fresh = Cloud::seed(&one.iaas, setting.directory.join("plan"), VMS)?;
    fresh.run(&["delete", "Zone", "zone-1", "--plan-only", "--json"])
}
