//! Two workers and a server do the same as one process.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cloud::{Cloud, document, report};
use crate::port::Port;
use crate::server::Server;
use crate::{Environment, ensure};

const VMS: usize = 2000;

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let one = Cloud::seed(&environment.iaas, environment.directory.join("one"), VMS)?;
    let two = one.copy(environment.directory.join("two"))?;
    let agents = ["--agent-latency", "5ms"];
    let show = ["delete", "Zone", "zone-1", "--plan-only", "--json"];
    let delete = ["delete", "Zone", "zone-1", "--yes", "--json"];
    let planned_alone = document(&one.run(&show)?)?;
    let alone = one.run(&[&agents as &[&str], &["--agent-log", "agents.log"], &delete].concat())?;

    let server = Server::start(&environment.server, &environment.directory).await?;
    let (ingress, admin, port) = (server.ingress(), server.admin(), Port::reserve()?);
    let worker = |name| two.worker(name, &ingress, port.address(), &agents);
    let _workers = [worker("worker-1")?, worker("worker-2")?];
    server.register(&port).await?;
    let restate = ["--restate", &ingress, "--restate-admin", &admin];
    let planned_together = document(&two.run(&[&restate as &[&str], &show].concat())?)?;
    ensure(planned_alone == planned_together, || String::from("the plans differ"))?;
    let together = two.run(&[&restate as &[&str], &delete].concat())?;

    show_invocations(&server).await?;
    let (alone, together) = (report(&alone)?, report(&together)?);
    ensure(alone == together, || format!("the reports differ:\n{alone}\n{together}"))?;
    ensure(one.rows()? == two.rows()?, || String::from("the inventories differ"))?;
    let commands = |cloud: &Cloud| cloud.commands().into_iter().collect::<BTreeSet<_>>();
    ensure(commands(&one) == commands(&two), || String::from("agents received other commands"))?;
    ensure(two.commands().len() == commands(&two).len(), || String::from("a command was repeated"))?;
    println!(
        "{VMS} VMs, effects of 5 ms: {} instances done, {} commands to agents; plan, report, inventory and commands are \
         those of one process",
        together["done"],
        commands(&two).len()
    );
    Ok(())
}

/// Prints the run and its steps from Restate's introspection. Questions about a run must leave nothing there.
async fn show_invocations(server: &Server) -> Result<(), String> {
    let sql = "SELECT target_service_name AS service, target_handler_name AS handler, status, count(*) AS calls \
               FROM sys_invocation GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";
    println!("| service | handler | status | invocations |\n| --- | --- | --- | --- |");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    for row in server.query(sql).await? {
        let (service, handler) = (text(&row["service"]), text(&row["handler"]));
        let is_question = service == "Cascade" && handler != "run";
        ensure(!is_question, || format!("Restate keeps {} calls of {handler}", row["calls"]))?;
        println!("| {service} | {handler} | {} | {} |", text(&row["status"]), row["calls"]);
    }
    Ok(())
}
