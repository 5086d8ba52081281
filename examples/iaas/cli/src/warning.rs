//! The effects of a plan in plain sentences.

use std::collections::BTreeMap;

use cascade_core::{Plan, PlanSummary};
use iaas_model::Db;
use iaas_model::catalogue::{CATALOGUE, Entry, effect_words};
use indicatif::HumanCount;

use crate::failure::Failure;

/// First the effects on running instances, then the number of others.
pub(crate) async fn warning(db: &Db, plan: &Plan, summary: &PlanSummary) -> Result<String, Failure> {
    let mut sentences = Vec::new();
    let mut others = summary.instances;
    for entry in CATALOGUE.iter().filter(|entry| entry.runs) {
        let Some(resource) = summary.resources.get(entry.resource) else { continue };
        others -= resource.instances;
        for (effect, ids) in by_effect(plan, entry.resource) {
            sentences.push(sentence(db, entry, effect, ids).await?);
        }
    }
    if others > 0 {
        let also = if sentences.is_empty() { "" } else { "other " };
        let things = if others == 1 { "thing" } else { "things" };
        sentences.push(format!("{} {also}{things} will be removed or changed.", HumanCount(others as u64)));
    }
    Ok(sentences.join("\n"))
}

/// `10,000 VMs will be destroyed, 9,412 of them running.`
async fn sentence(db: &Db, entry: &'static Entry, effect: &str, ids: Vec<String>) -> Result<String, Failure> {
    let count = ids.len() as u64;
    let running = db.running(entry, ids).await?;
    let (one, several) = entry.words;
    let noun = if count == 1 { one } else { several };
    let done = effect_words(effect);
    let them = match (running, count) {
        (0, _) => String::from("none of them running"),
        (1, 1) => String::from("and it is running"),
        (running, count) if running == count => String::from("all of them running"),
        (running, _) => format!("{} of them running", HumanCount(running)),
    };
    Ok(format!("{} {noun} will be {done}, {them}.", HumanCount(count)))
}

/// The instances of a resource by effect.
fn by_effect<'p>(plan: &'p Plan, resource: &str) -> BTreeMap<&'p str, Vec<String>> {
    let mut by_effect: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for instance in plan.instances().filter(|instance| instance.resource() == resource) {
        for effect in instance.effects() {
            by_effect.entry(effect).or_default().push(instance.id());
        }
    }
    by_effect
}
