//! The receipt of a run: whether anything survived. Discovery decides, not the log.

use std::collections::BTreeSet;
use std::fmt;

use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

use crate::affected::Affected;
use crate::call::{CallError, until_answered};
use crate::cascade::Cascade;
use crate::context::FindContext;
use crate::journal::{Recorded, RunId, restored};
use crate::outcome::{DynFound, Parents};
use crate::plan::{PlanError, Printed};
use crate::resume::{Known, ResumeError};
use crate::route::{EdgeRoute, Reach};

/// Survivors that are named, at most: the rest is counted.
const NAMED: usize = 100;

/// What finders say of a run that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The run.
    pub run: RunId,
    /// About how many instances finders were asked what hangs off them.
    pub asked: usize,
    /// How many instances still hang off them that should have gone.
    pub survivors: usize,
    /// The first of them, by resource and id.
    pub named: Vec<Survivor>,
}

/// An instance that should have gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Survivor {
    /// Its resource.
    pub resource: String,
    /// Its id, as it prints.
    pub id: String,
    /// The resource of what it hangs off.
    pub parent: String,
    /// Whether the plan had it; else it has come since.
    pub planned: bool,
}

impl Receipt {
    /// Whether nothing survived.
    pub fn is_clean(&self) -> bool {
        self.survivors == 0
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { run, asked, survivors, named } = self;
        if *survivors == 0 {
            return write!(f, "run {run}: nothing survived: finders were asked about {asked} instances");
        }
        write!(f, "run {run}: {survivors} survived, of what hung off {asked} instances:")?;
        for Survivor { resource, id, parent, planned } in named {
            let since = if *planned { "" } else { ", which was not in the plan" };
            write!(f, "\n  {resource} {} under {parent}{since}", Printed(id))?;
        }
        let more = survivors - named.len();
        if more > 0 { write!(f, "\n  and {more} more") } else { Ok(()) }
    }
}

/// A question to one finder.
struct Question {
    edge: usize,
    route: EdgeRoute,
    parents: Vec<u32>,
}

impl Cascade {
    /// Asks the finders again what hangs off the instances that a run recorded as parents of what goes: nothing
    /// should. The roots themselves hang off nothing in the plan, and are only seen where they also hang off others.
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
        let answers = futures::stream::iter(questions(&affected, self.engine.find.batch))
            .map(|question| self.ask_again(&affected, question))
            .buffer_unordered(self.engine.find.concurrency);
        let survivors: BTreeSet<Survivor> = answers
            .try_fold(BTreeSet::new(), |mut all, some| async {
                all.extend(some);
                Ok(all)
            })
            .await?;
        let (count, named) = (survivors.len(), survivors.into_iter().take(NAMED).collect());
        Ok(Receipt { run: run.clone(), asked, survivors: count, named })
    }

    async fn ask_again(&self, affected: &Affected, question: Question) -> Result<Vec<Survivor>, PlanError> {
        let Question { edge: at, route, parents } = question;
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
}

fn expanded(affected: &Affected, resource: usize) -> impl Iterator<Item = u32> {
    let column = &affected.columns[resource];
    (0..column.len() as u32).filter(|&index| column.is_expanded(index))
}

/// What is asked: along each edge whose children go.
fn questions(affected: &Affected, batch: usize) -> Vec<Question> {
    let mut questions = Vec::new();
    for (at, edge) in affected.graph.edges.iter().enumerate() {
        let goes =
            |route: &EdgeRoute| matches!(route.reach, Reach::Effect { leaf: false, .. } | Reach::Taken);
        let Some(route) = affected.route.edges[at].filter(goes) else { continue };
        let parents: Vec<u32> = expanded(affected, edge.parent).collect();
        let batches = parents.chunks(batch);
        questions.extend(batches.map(|parents| Question { edge: at, route, parents: parents.to_vec() }));
    }
    questions
}

fn survivors(
    affected: &Affected,
    edge: usize,
    route: EdgeRoute,
    asked: &[u32],
    found: &dyn DynFound,
) -> Result<Vec<Survivor>, CallError> {
    let edge = &affected.graph.edges[edge];
    let named = found.parents(&*affected.columns[edge.parent].ids, asked).map_err(CallError::Fault)?;
    let children = found.known_children(&*affected.columns[edge.child].ids);
    let printed: Vec<String> = (0..found.len()).map(|position| found.printed_child(position)).collect();
    // Along a shared edge, a child stays as long as an owner of it does.
    let stays = |owner: u32| owner == Parents::STRANGER || !affected.columns[edge.parent].is_expanded(owner);
    let kept: BTreeSet<&String> = match &named {
        Some(named) if route.shared => {
            let owned = named.indices.iter().zip(&printed).filter(|(owner, _)| stays(**owner));
            owned.map(|(_, child)| child).collect()
        }
        _ => BTreeSet::new(),
    };
    let left = printed.iter().zip(children).filter(|(child, _)| !kept.contains(child));
    Ok(left
        .map(|(id, known)| Survivor {
            resource: affected.resource_name(edge.child).to_owned(),
            id: id.clone(),
            parent: affected.resource_name(edge.parent).to_owned(),
            planned: known.is_some(),
        })
        .collect())
}
