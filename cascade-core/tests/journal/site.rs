//! A site of rooms, racks and machines in a database that outlives the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cascade_core::{
    Cascade, CascadeBuilder, Declaration, Delete, Found, Outcome, Phase, ResourceDescriptor, Rule,
    StepContext, StepError, StepSettings, place,
};

/// The resources; each depends on the previous one.
pub(crate) const LEVELS: [&str; 3] = ["Room", "Rack", "Machine"];

#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Existing instances, with their parents.
    pub(crate) there: BTreeMap<String, String>,
    /// Every ended call of an effect, in order: effect, id, idempotency key, whether the call knew that it may be a
    /// repeat.
    pub(crate) ended: Vec<(String, String, String, bool)>,
    /// Every started call of an effect, in order.
    pub(crate) begun: Vec<(String, String, String, bool)>,
    pub(crate) finder_calls: usize,
    pub(crate) failing: BTreeSet<String>,
    /// Further failures, for one method each: `close`, `remove`, `sweep`.
    pub(crate) failing_in: BTreeSet<(&'static str, String)>,
}

/// Clones share one site.
#[derive(Clone, Debug, Default)]
pub(crate) struct Site(Arc<Mutex<Tables>>);

impl Site {
    /// One room with this many racks of this many machines.
    pub(crate) fn new(racks: usize, machines: usize) -> Self {
        let site = Self::default();
        for rack in 0..racks {
            site.tables().there.insert(format!("rack-{rack}"), String::from("room"));
            for machine in 0..machines {
                site.tables().there.insert(format!("machine-{rack}-{machine}"), format!("rack-{rack}"));
            }
        }
        site.tables().there.insert(String::from("room"), String::new());
        site
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program of the site. Its begin method closes rooms, its cleanup method sweeps machines.
    pub(crate) fn builder(&self) -> CascadeBuilder {
        let declare = |builder: CascadeBuilder, level| builder.declare(self.clone(), declaration(level));
        (0..LEVELS.len()).fold(Cascade::builder(), declare)
    }

    async fn act(
        &self,
        effect: &'static str,
        ids: &[String],
        cx: &StepContext,
    ) -> Result<Outcome<String>, StepError> {
        for id in ids {
            let key = cx.idempotency_key(id)?;
            self.tables().begun.push((effect.to_owned(), id.clone(), key, cx.is_repeat()));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut tables = self.tables();
        let mut outcome = Outcome::done();
        for id in ids {
            let fails = tables.failing.contains(id) && cx.phase() == Phase::Effect;
            if fails || tables.failing_in.contains(&(effect, id.clone())) {
                outcome = outcome.fail(id.clone(), StepError::terminal("simulated failure"));
                continue;
            }
            if cx.phase() == Phase::Effect {
                let orphans: Vec<_> = tables.there.iter().filter(|(_, parent)| *parent == id).collect();
                assert!(
                    orphans.is_empty() || !tables.failing.is_empty() || !tables.failing_in.is_empty(),
                    "{id} is removed before {orphans:?}"
                );
                tables.there.remove(id);
            }
            let key = cx.idempotency_key(id)?;
            tables.ended.push((effect.to_owned(), id.clone(), key, cx.is_repeat()));
        }
        Ok(outcome)
    }
}

pub(crate) fn resource(level: usize) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(LEVELS[level], place!())
}

/// The extension of one resource.
pub(crate) fn declaration(level: usize) -> Declaration<Site, String> {
    let mut declared = Declaration::new(format!("{}s", LEVELS[level]), resource(level), place!());
    declared.settings(StepSettings::default().batch(3).concurrency(2));
    declared.effect("remove", place!(), |site: &Site, ids: &[String], cx: &StepContext| {
        Box::pin(site.act("remove", ids, cx))
    });
    declared.begin::<Delete, _>("close", place!(), |site: &Site, ids: &[String], cx: &StepContext| {
        Box::pin(site.act("close", ids, cx))
    });
    declared.cleanup::<Delete, _>("sweep", place!(), |site: &Site, ids: &[String], cx: &StepContext| {
        Box::pin(site.act("sweep", ids, cx))
    });
    declared.rule(Rule::effect::<Delete>("remove", place!()));
    if level > 0 {
        declared.edge(resource(level - 1), place!());
        declared.finder(
            "below",
            resource(level - 1),
            None,
            place!(),
            |site: &Site, parents: &[String], _| {
                let mut tables = site.tables();
                tables.finder_calls += 1;
                let below = tables.there.iter().filter(|(_, parent)| parents.contains(parent));
                let found = below.map(|(child, parent)| (parent.clone(), child.clone())).collect();
                Box::pin(async { Ok(Found::Pairs(found)) })
            },
        );
        declared.rule(Rule::effect::<Delete>("remove", place!()).from(resource(level - 1)));
    }
    declared
}
