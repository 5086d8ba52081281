//! The client's trace context reaches the steps on workers.

use crate::graph::instances;
use crate::site::Site;
use crate::worker::Spec;
use crate::{Environment, ensure};

const ITEMS: usize = 40;
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let site = Site::start(environment, &Spec { traced: true, ..Spec::default() }, "").await?;
    let apply = site.client.apply(site.plan("Pool", &format!("traced-{ITEMS}")).await?);
    let report = apply.trace("traceparent", PARENT).await.map_err(|error| error.to_string())?;
    ensure(report.is_complete(), || format!("{report}"))?;
    let output = std::fs::read_to_string(&site.output).map_err(|error| error.to_string())?;
    let context = format!("traceparent=\"{PARENT}\"");
    let of_steps: Vec<(&str, &str)> =
        output.lines().filter_map(|line| line.rsplit_once("removed instances=")).collect();
    let stray = of_steps.iter().find(|(spans, _)| !spans.contains(&context));
    ensure(stray.is_none(), || format!("a step has another trace context: {stray:?}"))?;
    let removed: usize = of_steps.iter().filter_map(|(_, count)| count.parse::<usize>().ok()).sum();
    ensure(removed == instances(ITEMS), || format!("{removed} of {} were logged", instances(ITEMS)))?;
    let steps = of_steps.len();
    println!("all {steps} steps on workers log with the client's traceparent");
    Ok(())
}
