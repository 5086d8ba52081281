//! One table with the pairs of all edges, and extensions over it that are declared in a few lines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cascade_core::prelude::*;
use cascade_core::{
    Apply, CascadeBuilder, Declaration, Found, Plan, Report, ResourceDescriptor, Rule, StepError, place,
};

/// An edge as `Parent>Child`, the id of the parent, the id of the child.
pub(crate) type Pair = (&'static str, String, String);

pub(crate) fn pair(edge: &'static str, parent: &str, child: &str) -> Pair {
    (edge, parent.to_owned(), child.to_owned())
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) pairs: Vec<Pair>,
    /// The calls of effects, in order, as `effect id`.
    log: Vec<String>,
    fails: BTreeSet<String>,
    slow: BTreeSet<String>,
    late: BTreeMap<String, Pair>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Scene(Arc<Mutex<Tables>>);

impl Scene {
    pub(crate) fn new(pairs: &[(&'static str, &str, &str)]) -> Self {
        let scene = Self::default();
        scene.tables().pairs = pairs.iter().map(|(edge, parent, child)| pair(edge, parent, child)).collect();
        scene
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `step` fails.
    pub(crate) fn failing(self, step: &str) -> Self {
        self.tables().fails.insert(step.to_owned());
        self
    }

    /// `step` takes 30 ms.
    pub(crate) fn slow(self, step: &str) -> Self {
        self.tables().slow.insert(step.to_owned());
        self
    }

    /// When `step` ends, `child` depends on `parent`.
    pub(crate) fn late(self, step: &str, edge: &'static str, parent: &str, child: &str) -> Self {
        self.tables().late.insert(step.to_owned(), pair(edge, parent, child));
        self
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.tables().log.clone()
    }

    pub(crate) fn did(&self, step: &str) -> bool {
        self.tables().log.iter().any(|line| line == step)
    }

    /// The position of `step` in the log.
    pub(crate) fn at(&self, step: &str) -> usize {
        let log = self.log();
        log.iter().position(|line| line == step).unwrap_or_else(|| panic!("no `{step}` in {log:?}"))
    }

    pub(crate) fn note(&self, effect: &str, ids: &[String]) {
        self.tables().log.extend(ids.iter().map(|id| format!("{effect} {id}")));
    }

    pub(crate) fn builder(&self, parts: impl IntoIterator<Item = Part>) -> CascadeBuilder {
        let declare = |builder: CascadeBuilder, part: Part| builder.declare(self.clone(), part.0);
        parts.into_iter().fold(Cascade::builder(), declare)
    }

    pub(crate) fn cascade(&self, parts: impl IntoIterator<Item = Part>) -> Cascade {
        self.builder(parts).build().expect("the graph has no faults")
    }

    /// The children of these parents.
    fn below(&self, edge: &str, finds: Finds, parents: &[String]) -> Found<String, String> {
        let tables = self.tables();
        let along = || tables.pairs.iter().filter(|(name, ..)| *name == edge);
        let asked: BTreeSet<&String> =
            along().filter(|(_, parent, _)| parents.contains(parent)).map(|(.., child)| child).collect();
        match finds {
            Finds::ChildrenAlone => Found::Children(asked.into_iter().cloned().collect()),
            Finds::Pairs => {
                let found = along().filter(|(_, parent, _)| parents.contains(parent));
                Found::Pairs(found.map(|(_, parent, child)| (parent.clone(), child.clone())).collect())
            }
            Finds::EveryOwner => {
                let found = along().filter(|(.., child)| asked.contains(child));
                Found::Pairs(found.map(|(_, parent, child)| (parent.clone(), child.clone())).collect())
            }
        }
    }

    async fn step(&self, effect: &str, id: &str) -> Result<(), StepError> {
        let step = format!("{effect} {id}");
        let slow = self.tables().slow.contains(&step);
        if slow {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        let mut tables = self.tables();
        tables.log.push(step.clone());
        if tables.fails.contains(&step) {
            return Err(StepError::terminal("no"));
        }
        let late = tables.late.remove(&step);
        tables.pairs.extend(late);
        if effect == "remove" {
            tables.pairs.retain(|(.., child)| child != id);
        }
        Ok(())
    }
}

/// How a finder names the parents of its children.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Finds {
    Pairs,
    ChildrenAlone,
    EveryOwner,
}

pub(crate) fn resource(name: &'static str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name, place!())
}

/// The rule of most edges.
pub(crate) fn remove() -> Rule {
    Rule::effect::<Delete>("remove", place!())
}

/// An extension under declaration.
pub(crate) struct Part(pub(crate) Declaration<Scene, String>);

impl Part {
    /// An extension without effects.
    pub(crate) fn bare(name: &'static str) -> Self {
        Self(Declaration::new(format!("{name}s"), resource(name), place!()))
    }

    /// An extension that can be removed.
    pub(crate) fn new(name: &'static str) -> Self {
        let mut part = Self::bare(name).effect("remove");
        part.0.rule(remove());
        part
    }

    pub(crate) fn effect(mut self, name: &'static str) -> Self {
        self.0.effect(name, place!(), move |scene: &Scene, ids, _| {
            Box::pin(async move {
                let mut outcome = Outcome::done();
                for id in ids {
                    if let Err(error) = scene.step(name, id).await {
                        outcome = outcome.fail(id.clone(), error);
                    }
                }
                Ok(outcome)
            })
        });
        self
    }

    /// An edge to the parent in `edge`, with this rule.
    pub(crate) fn below(self, edge: &'static str, rule: Rule) -> Self {
        self.found(edge, rule, Finds::Pairs)
    }

    pub(crate) fn found(mut self, edge: &'static str, rule: Rule, finds: Finds) -> Self {
        let (parent, _) = edge.split_once('>').expect("an edge is `Parent>Child`");
        self.0.edge(resource(parent), place!());
        self.0.finder(
            "find",
            resource(parent),
            None,
            place!(),
            move |scene: &Scene, parents: &[String], _| {
                Box::pin(async move { Ok(scene.below(edge, finds, parents)) })
            },
        );
        self.0.rule(rule.from(resource(parent)));
        self
    }

    pub(crate) fn after(mut self, other: &'static str) -> Self {
        self.0.after(resource(other), place!());
        self
    }
}

pub(crate) async fn plan(cascade: &Cascade, resource: &str, root: &str) -> Plan {
    cascade.plan_named(Delete, resource, [root]).await.expect("finders answer")
}

/// Deletes the zone `zone`.
pub(crate) async fn delete_zone(cascade: &Cascade, set: impl FnOnce(Apply) -> Apply) -> Report {
    let plan = plan(cascade, "Zone", "zone").await;
    set(cascade.apply(plan)).await.expect("the plan can be applied")
}

/// The verdict on `instance`, given as `Resource id`.
pub(crate) fn verdict(report: &Report, instance: &str) -> String {
    let mut verdicts = report.verdicts();
    let found = verdicts.find(|(it, _)| it.to_string() == instance);
    found.map(|(_, verdict)| format!("{verdict:?}")).expect("the instance is in the plan")
}
