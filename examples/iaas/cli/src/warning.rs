//! What a plan means, in plain words.

use std::collections::BTreeMap;

use cascade_core::{Plan, PlanSummary};
use iaas_model::Db;
use iaas_model::catalogue::{CATALOGUE, Entry, in_words};
use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// One instance, as a plan serialises it.
#[derive(Deserialize)]
struct Instance {
    id: String,
    effects: Vec<String>,
}

/// Says first what happens to what runs, then how much else there is.
pub(crate) async fn warning(db: &Db, plan: &Plan, summary: &PlanSummary) -> Result<String, Failure> {
    let mut document = serde_json::to_value(plan).map_err(Failure::failed)?;
    let mut sentences = Vec::new();
    let mut others = summary.instances;
    for entry in CATALOGUE.iter().filter(|entry| entry.runs) {
        let Some(resource) = summary.resources.get(entry.resource) else { continue };
        others -= resource.instances;
        for (effect, ids) in by_effect(document["affected"][entry.resource].take())? {
            sentences.push(sentence(db, entry, &effect, ids).await?);
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
    let done = in_words(effect);
    let them = match (running, count) {
        (0, _) => String::from("none of them running"),
        (1, 1) => String::from("and it is running"),
        (running, count) if running == count => String::from("all of them running"),
        (running, _) => format!("{} of them running", HumanCount(running)),
    };
    Ok(format!("{} {noun} will be {done}, {them}.", HumanCount(count)))
}

/// The instances of a resource by what happens to them.
fn by_effect(affected: Value) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let instances: Vec<Instance> = serde_json::from_value(affected).map_err(Failure::failed)?;
    let mut by_effect: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Instance { id, effects } in instances {
        for effect in effects {
            by_effect.entry(effect).or_default().push(id.clone());
        }
    }
    Ok(by_effect)
}
