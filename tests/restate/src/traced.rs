//! The client's trace is that of the steps on workers.

use crate::own::Spec;
use crate::site::{Site, instances};
use crate::{Setting, ensure};

const ITEMS: usize = 40;
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let site = Site::start(setting, &Spec { traced: true, ..Spec::default() }, "").await?;
    let apply = site.client.apply(site.plan("Pool", &format!("traced-{ITEMS}")).await?);
    let report = apply.trace("traceparent", PARENT).await.map_err(|error| error.to_string())?;
    ensure(report.is_complete(), || format!("{report}"))?;
    let said = std::fs::read_to_string(&site.output).map_err(|error| error.to_string())?;
    let context = format!("traceparent=\"{PARENT}\"");
    let of_steps: Vec<(&str, &str)> =
        said.lines().filter_map(|line| line.rsplit_once("removed instances=")).collect();
    let stray = of_steps.iter().find(|(spans, _)| !spans.contains(&context));
    ensure(stray.is_none(), || format!("a step is in another trace: {stray:?}"))?;
    let removed: usize = of_steps.iter().filter_map(|(_, count)| count.parse::<usize>().ok()).sum();
    ensure(removed == instances(ITEMS), || format!("{removed} of {} were heard of", instances(ITEMS)))?;
    let steps = of_steps.len();
    println!("the client's traceparent is that of all {steps} steps on workers, in what their methods log");
    Ok(())
}
