//! The effects of a plan in plain sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use cascade_core::{Plan, PlanSummary};
use iaas_model::Db;
use iaas_model::catalogue::{CATALOGUE, Entry, effect_words};
use indicatif::HumanCount;

use crate::failure::Failure;

/// What a person reads before a plan is confirmed.
pub(crate) struct Warning {
    sentences: Vec<String>,
    /// The affected instances that were running, each by resource and id.
    pub(crate) running: BTreeSet<(&'static str, String)>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences.join("\n"))
    }
}

impl Warning {
    /// First the effects on running instances, then the number of others.
    pub(crate) async fn of(db: &Db, plan: &Plan, summary: &PlanSummary) -> Result<Self, Failure> {
        let mut warning = Self { sentences: Vec::new(), running: BTreeSet::new() };
        let mut others = summary.instances;
        for entry in CATALOGUE.iter().filter(|entry| entry.runs) {
            let Some(resource) = summary.resources.get(entry.resource) else { continue };
            others -= resource.instances;
            for (effect, ids) in by_effect(plan, entry.resource) {
                let count = ids.len();
                let running = db.running(entry, ids).await?;
                warning.sentences.push(sentence(entry, effect, count, running.len()));
                warning.running.extend(running.into_iter().map(|id| (entry.resource, id)));
            }
        }
        if others > 0 {
            let also = if warning.sentences.is_empty() { "" } else { "other " };
            let things = if others == 1 { "thing" } else { "things" };
            warning
                .sentences
                .push(format!("{} {also}{things} will be removed or changed.", HumanCount(others as u64)));
        }
        Ok(warning)
    }
}

/// `10,000 VMs will be destroyed, 9,412 of them running.`
fn sentence(entry: &Entry, effect: &str, count: usize, running: usize) -> String {
    let (one, several) = entry.words;
    let noun = if count == 1 { one } else { several };
    let done = effect_words(effect);
    let them = match (running, count) {
        (0, _) => String::from("none of them running"),
        (1, 1) => String::from("and it is running"),
        (running, count) if running == count => String::from("all of them running"),
        (running, _) => format!("{} of them running", HumanCount(running as u64)),
    };
    format!("{} {noun} will be {done}, {them}.", HumanCount(count as u64))
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
