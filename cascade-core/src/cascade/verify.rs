//! The receipt of a run: whether anything survived. Discovery decides, not the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures_util::{StreamExt, TryStreamExt};
use serde::Serialize;

use super::cascade::Cascade;
use super::resume::{Known, ResumeError};
use crate::affected::Affected;
use crate::discover::only_mask;
use crate::graph::{EdgeRoute, Method, Reach};
use crate::handler::{DynFound, FindContext, Parents, until_answered};
use crate::journal::{Recorded, restored};
use crate::model::{CallError, PhaseDeclaration, Printed, RunId};
use crate::plan::PlanError;

/// Survivors that are named, at most: the rest is counted.
const NAMED: usize = 100;

/// What finders and verify methods say of a run that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The run.
    pub run: RunId,
    /// About how many instances finders were asked what hangs off them.
    pub asked: usize,
    /// Of how many instances verify methods were asked whether they are still there.
    pub verified: usize,
    /// The roots that should have gone, and that no verify method could be asked about.
    pub roots_not_asked: Option<NotAsked>,
    /// How many instances are still there that should have gone.
    pub survivors: usize,
    /// The first of them, by resource and id.
    pub named: Vec<Survivor>,
}

/// Roots of which nobody says whether they are still there: nothing in the plan that they hang off was recorded, and
/// their resource has no verify method for the operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NotAsked {
    /// Their resource.
    pub resource: String,
    /// The operation, as its type is called.
    pub operation: String,
    /// How many they are.
    pub count: usize,
}

/// An instance that should have gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Survivor {
    /// Its resource.
    pub resource: String,
    /// Its id, as it prints.
    pub id: String,
    /// The resource of what it hangs off, if a finder found it; if several did, the first by name.
    pub parent: Option<String>,
    /// Whether the plan had it; else it has come since.
    pub planned: bool,
}

impl Receipt {
    /// Whether nothing survived, for all that was to be asked: also the roots.
    pub fn is_clean(&self) -> bool {
        self.survivors == 0 && self.roots_not_asked.is_none()
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, asked, verified, roots_not_asked, survivors, named } = self;
        let whom = format!("finders were asked about {asked} instances, verify methods about {verified}");
        if *survivors == 0 {
            let but = if roots_not_asked.is_some() { " below the roots" } else { "" };
            write!(f, "run {run}: nothing survived{but}: {whom}")?;
        } else {
            write!(f, "run {run}: {survivors} survived ({whom}):")?;
        }
        for Survivor { resource, id, parent, planned } in named {
            let under = parent.as_ref().map_or_else(String::new, |parent| format!(" under {parent}"));
            let since = if *planned { "" } else { ", which was not in the plan" };
            write!(f, "\n  {resource} {}{under}{since}", Printed(id))?;
        }
        let more = survivors - named.len();
        if more > 0 {
            write!(f, "\n  and {more} more")?;
        }
        let Some(NotAsked { resource, operation, count }) = roots_not_asked else { return Ok(()) };
        let (roots, them) = match count {
            1 => (String::from("the root itself is"), "it"),
            _ => (format!("{count} roots themselves are"), "them"),
        };
        write!(
            f,
            "\n  not asked: whether {roots} still there, for {resource} has no `#[verify({operation})]` for {them}"
        )
    }
}

/// A question to one finder, or to one verify method.
enum Question {
    /// What hangs off these parents?
    Below { edge: usize, route: EdgeRoute, parents: Vec<u32> },
    /// Which of these are still there?
    Themselves { method: Method, batch: Vec<u32> },
}

/// An instance that is still there, by resource and printed id; with that of its parent, if a finder found it.
struct SurvivorsFound {
    instance: (String, String),
    parent: Option<String>,
    planned: bool,
}

impl Cascade {
    /// Asks again what is left of what a run should have taken away, whatever its log says: the finders what hangs off
    /// the instances that it recorded as parents, and the verify methods (`#[verify(Delete)]`) which of the instances
    /// themselves are still there.
    ///
    /// The roots hang off nothing in the plan. Whether they are still there is for a verify method to say; where there
    /// is none, the receipt says that nobody was asked, and is not [clean](Receipt::is_clean).
    pub async fn verify(&self, run: &RunId) -> Result<Receipt, ResumeError> {
        let journal = self.journal()?;
        let info = journal.run(run).await?;
        let mut recorded = Recorded::read(&*journal, run).await?;
        let Some(start) = recorded.start.clone() else {
            return Err(ResumeError::NeverStarted { run: run.clone() });
        };
        let Known { operation, route } = Known::of(&self.engine, &info, &recorded)?;
        let affected = restored(&self.engine.graph, operation, route, start.roots, &mut recorded);
        let affected = affected.map_err(|what| ResumeError::Unfit { run: run.clone(), what })?;
        let asked = (0..affected.columns.len()).map(|at| expanded(&affected, at).count()).sum();
        let (themselves, verified) = themselves(&affected);
        let themselves = themselves.into_iter().map(|(method, batch)| Question::Themselves { method, batch });
        let questions = below(&affected, self.engine.find.batch).into_iter().chain(themselves);
        let answers = futures_util::stream::iter(questions)
            .map(|question| self.ask(&affected, question))
            .buffer_unordered(self.engine.find.concurrency);
        let survivors = answers
            .try_fold(BTreeMap::new(), |mut all, some| async {
                for found in some {
                    merge(&mut all, found);
                }
                Ok(all)
            })
            .await?;
        Ok(Receipt {
            run: run.clone(),
            asked,
            verified: verified.len(),
            roots_not_asked: roots_not_asked(&affected, &verified),
            survivors: survivors.len(),
            named: survivors.into_values().take(NAMED).collect(),
        })
    }

    async fn ask(&self, affected: &Affected, question: Question) -> Result<Vec<SurvivorsFound>, PlanError> {
        match question {
            Question::Below { edge, route, parents } => self.ask_below(affected, edge, route, parents).await,
            Question::Themselves { method, batch } => self.ask_themselves(affected, method, batch).await,
        }
    }

    async fn ask_below(
        &self,
        affected: &Affected,
        at: usize,
        route: EdgeRoute,
        parents: Vec<u32>,
    ) -> Result<Vec<SurvivorsFound>, PlanError> {
        let edge = &affected.graph.edges[at];
        let extension = &*self.engine.extensions[edge.extension];
        let cx = FindContext::of(affected);
        let ids = affected.columns[edge.parent].ids.select(&parents);
        let settings = extension.descriptor().settings;
        let found = until_answered(settings, || extension.find(route.finder, &ids, &cx)).await;
        let survivors = found.and_then(|found| survivors(affected, at, route, &parents, &*found));
        survivors.map_err(|error| {
            let finder = &extension.descriptor().finders[route.finder];
            PlanError::Finder {
                finder: format!("{}::{}", extension.descriptor().name, finder.method),
                parent: affected.resource_name(edge.parent).to_owned(),
                child: affected.resource_name(edge.child).to_owned(),
                place: finder.place,
                source: Box::new(error),
            }
        })
    }

    async fn ask_themselves(
        &self,
        affected: &Affected,
        method: Method,
        batch: Vec<u32>,
    ) -> Result<Vec<SurvivorsFound>, PlanError> {
        let Method { resource, extension, index } = method;
        let extension = &*self.engine.extensions[extension];
        let cx = FindContext::of(affected);
        let ids = affected.columns[resource].ids.select(&batch);
        let settings = extension.descriptor().settings;
        let left = until_answered(settings, || extension.verify(index, &ids, &cx)).await;
        let stranger = |id| CallError::Fault(format!("it answered `{id}`, which it was not asked about"));
        let left = left.and_then(|left| left.map_err(stranger)).map_err(|error| {
            let declared = &extension.descriptor().verifies[index];
            PlanError::Verify {
                method: format!("{}::{}", extension.descriptor().name, declared.method),
                resource: affected.resource_name(resource).to_owned(),
                place: declared.place,
                source: Box::new(error),
            }
        })?;
        let name = affected.resource_name(resource);
        let printed = |position: usize| affected.display(resource, batch[position]).to_string();
        let found = left.into_iter().map(|(position, ())| SurvivorsFound {
            instance: (name.to_owned(), printed(position)),
            parent: None,
            planned: true,
        });
        Ok(found.collect())
    }
}

/// One instance is one survivor, however often it was found.
fn merge(all: &mut BTreeMap<(String, String), Survivor>, found: SurvivorsFound) {
    let SurvivorsFound { instance, parent, planned } = found;
    let (resource, id) = instance.clone();
    let survivor =
        all.entry(instance).or_insert_with(|| Survivor { resource, id, parent: parent.clone(), planned });
    survivor.planned |= planned;
    survivor.parent = match (survivor.parent.take(), parent) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    };
}

fn expanded(affected: &Affected, resource: usize) -> impl Iterator<Item = u32> {
    let column = &affected.columns[resource];
    (0..column.len() as u32).filter(|&index| column.is_expanded(index))
}

/// What is asked along each edge whose children go.
fn below(affected: &Affected, batch: usize) -> Vec<Question> {
    let mut questions = Vec::new();
    for (at, edge) in affected.graph.edges.iter().enumerate() {
        let goes =
            |route: &EdgeRoute| matches!(route.reach, Reach::Effect { leaf: false, .. } | Reach::WithParent);
        let Some(route) = affected.route.edges[at].filter(goes) else { continue };
        let parents: Vec<u32> = expanded(affected, edge.parent).collect();
        let batches = parents.chunks(batch);
        questions.extend(batches.map(|parents| Question::Below {
            edge: at,
            route,
            parents: parents.to_vec(),
        }));
    }
    questions
}

/// A verify method, and a batch of what it is asked about.
type Themselves = (Method, Vec<u32>);

/// The instances that verify methods are asked about: by resource and index, whether one is.
pub(crate) struct Verified(Vec<Vec<bool>>);

impl Verified {
    pub(crate) fn has(&self, resource: usize, index: u32) -> bool {
        self.0[resource].get(index as usize).copied().unwrap_or(false)
    }

    fn len(&self) -> usize {
        self.0.iter().flatten().filter(|&&is| is).count()
    }

    fn add(&mut self, affected: &Affected, resource: usize, instances: &[u32]) {
        let verified = &mut self.0[resource];
        verified.resize(affected.columns[resource].len(), false);
        for &index in instances {
            verified[index as usize] = true;
        }
    }
}

/// The verify methods with what they are asked about, batch by batch; and all of that.
pub(crate) fn themselves(affected: &Affected) -> (Vec<Themselves>, Verified) {
    let (mut questions, mut asked) = (Vec::new(), Verified(vec![Vec::new(); affected.columns.len()]));
    for (resource, node) in affected.graph.resources.iter().enumerate() {
        for &extension in &node.extensions {
            let declared = &affected.graph.extensions[extension];
            for (index, phase) in declared.verifies.iter().enumerate() {
                if phase.operation.code() != affected.operation.descriptor().code() {
                    continue;
                }
                let method = Method { resource, extension, index };
                let instances = meant(affected, method, phase);
                let batches = instances.chunks(declared.settings.batch);
                questions.extend(batches.map(|batch| (method, batch.to_vec())));
                asked.add(affected, resource, &instances);
            }
        }
    }
    (questions, asked)
}

/// The instances that a verify method is asked about: those that go, unless it is only for some effects.
fn meant(affected: &Affected, method: Method, phase: &PhaseDeclaration) -> Vec<u32> {
    let Method { resource, extension, .. } = method;
    let only = only_mask(affected, resource, extension, phase);
    let is_meant = |&index: &u32| match only {
        Some(mask) => affected.effects(resource, index) & mask != 0,
        None => affected.is_going(resource, index),
    };
    affected.instances(resource).filter(is_meant).collect()
}

fn roots_not_asked(affected: &Affected, verified: &Verified) -> Option<NotAsked> {
    let root = affected.route.root;
    let is_open = |&index: &u32| affected.is_going(root, index) && !verified.has(root, index);
    let count = (0..affected.roots).filter(is_open).count();
    (count > 0).then(|| NotAsked {
        resource: affected.resource_name(root).to_owned(),
        operation: affected.operation.descriptor().name().to_owned(),
        count,
    })
}

fn survivors(
    affected: &Affected,
    edge: usize,
    route: EdgeRoute,
    asked: &[u32],
    found: &dyn DynFound,
) -> Result<Vec<SurvivorsFound>, CallError> {
    let edge = &affected.graph.edges[edge];
    let named = found.parents(&*affected.columns[edge.parent].ids, asked).map_err(CallError::Fault)?;
    let children = found.known_children(&*affected.columns[edge.child].ids);
    let printed: Vec<String> = (0..found.len()).map(|position| found.printed_child(position)).collect();
    // Along a shared edge, a child stays as long as an owner of it does.
    let stays =
        |owner: u32| owner == Parents::UNKNOWN_PARENT || !affected.columns[edge.parent].is_expanded(owner);
    let kept: BTreeSet<&String> = match &named {
        Some(named) if route.shared => {
            let owned = named.indices.iter().zip(&printed).filter(|(owner, _)| stays(**owner));
            owned.map(|(_, child)| child).collect()
        }
        _ => BTreeSet::new(),
    };
    let left = printed.iter().zip(children).filter(|(child, _)| !kept.contains(child));
    Ok(left
        .map(|(id, known)| SurvivorsFound {
            instance: (affected.resource_name(edge.child).to_owned(), id.clone()),
            parent: Some(affected.resource_name(edge.parent).to_owned()),
            planned: known.is_some(),
        })
        .collect())
}
