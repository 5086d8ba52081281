//! The graph of the proofs: a pool has groups, a group has items.

use std::time::Duration;

use cascade_core::{
    Cascade, Declaration, Delete, Found, Outcome, ResourceDescriptor, Rule, StepError, StepSettings, Veto,
    place,
};

use crate::agent::Agent;
use crate::world::Fact;

/// Items in a group.
pub(crate) const GROUP: usize = 20;

/// Steps of one extension at once, more than any proof needs.
const CONCURRENCY: usize = 1000;

/// The time limit of a step, longer than any proof holds one.
const TIMEOUT: Duration = Duration::from_mins(10);

/// The extensions that a program links.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Pools, groups, items.
    Whole,
    /// Pools and groups.
    WithoutItems,
    /// Pools, groups, items, and a label of each item.
    WithLabels,
    /// Pools, groups, items, with a check and an authorizer; and bundles, which remove their pools by cascades of their
    /// own.
    Guarded,
}

impl Version {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::WithoutItems => "without-items",
            Self::WithLabels => "with-labels",
            Self::Guarded => "guarded",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Whole, Self::WithoutItems, Self::WithLabels, Self::Guarded]
            .into_iter()
            .find(|version| version.name() == name)
    }
}

/// The graph, with `batch` items in one step.
pub(crate) fn graph(version: Version, batch: usize, agent: &Agent) -> Result<Cascade, String> {
    let settings = StepSettings::default().concurrency(CONCURRENCY).timeout(Some(TIMEOUT));
    let mut builder = Cascade::builder()
        .declare(agent.clone(), declared("Pool", None, settings))
        .declare(agent.clone(), declared("Group", Some(("Pool", groups)), settings.batch(10)));
    if version != Version::WithoutItems {
        let items = declared("Item", Some(("Group", items)), settings.batch(batch));
        let items = if version == Version::Guarded { with_check(items) } else { items };
        builder = builder.declare(agent.clone(), items);
    }
    if version == Version::Guarded {
        builder = builder.declare(agent.clone(), bundles(settings)).authorizer(agent.clone());
    }
    if version == Version::WithLabels {
        let labels = declared("Label", Some(("Item", labels)), settings.batch(100));
        builder = builder.declare(agent.clone(), labels);
    }
    builder.build().map_err(|error| error.to_string())
}

/// The number of instances of a pool with so many items: the items, their groups, and the pool.
pub(crate) fn instances(items: usize) -> usize {
    items + items.div_ceil(GROUP) + 1
}

/// The number of items that a pool's name gives: `pool-2000` has 2,000.
fn items_of(pool: &str) -> usize {
    pool.rsplit('-').next().and_then(|items| items.parse().ok()).unwrap_or_default()
}

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name.to_owned(), place!())
}

/// Returns the children of a parent.
type Children = fn(&str) -> Vec<String>;

fn groups(pool: &str) -> Vec<String> {
    (0..items_of(pool).div_ceil(GROUP)).map(|at| format!("{pool}/{at}")).collect()
}

fn items(group: &str) -> Vec<String> {
    (0..GROUP).map(|at| format!("{group}/{at}")).collect()
}

fn labels(item: &str) -> Vec<String> {
    vec![format!("{item}/label")]
}

/// A resource whose instances are removed with their parent, if it has one.
fn declared(
    name: &str,
    parent: Option<(&str, Children)>,
    settings: StepSettings,
) -> Declaration<Agent, String> {
    let mut declared = Declaration::<Agent, String>::new(format!("{name}Cascade"), resource(name), place!());
    declared.settings(settings);
    declared.effect("remove", place!(), |agent: &Agent, ids: &[String], cx| {
        Box::pin(async move {
            agent.remove(ids, cx).await?;
            Ok(Outcome::done())
        })
    });
    let rule = Rule::effect::<Delete>("remove", place!());
    let Some((parent, children)) = parent else {
        declared.rule(rule);
        return declared;
    };
    declared.edge(resource(parent), place!());
    let find = move |agent: &Agent, parents: &[String]| found(agent, parents, children);
    declared.finder(
        "under",
        resource(parent),
        None,
        place!(),
        move |agent: &Agent, parents: &[String], _| {
            let found = find(agent, parents);
            Box::pin(async { Ok(Found::Pairs(found)) })
        },
    );
    declared.rule(rule.from(resource(parent)));
    declared
}

/// The children of the parents, with the late ones among them.
fn found(agent: &Agent, parents: &[String], children: Children) -> Vec<(String, String)> {
    let known = parents
        .iter()
        .flat_map(|parent| children(parent).into_iter().map(move |child| (parent.clone(), child)));
    let late = agent.ids(Fact::Newcomer).into_iter().filter_map(|child| {
        let (parent, _) = child.rsplit_once('/')?;
        let parent = parents.iter().find(|known| *known == parent)?;
        Some((parent.clone(), child))
    });
    known.chain(late).collect()
}

/// Adds a check that objects to the removal of kept instances.
fn with_check(mut declared: Declaration<Agent, String>) -> Declaration<Agent, String> {
    declared.check::<Delete, _>("is_kept", place!(), |agent: &Agent, ids: &[String], _| {
        let kept = agent.ids(Fact::Kept);
        let vetoes = ids.iter().filter(|id| kept.contains(*id));
        let vetoes = vetoes.map(|id| Veto::new(id.clone(), "it is kept")).collect();
        Box::pin(async { Ok(vetoes) })
    });
    declared
}

/// `bundle-40` removes `pool-40` by a cascade of its own.
fn bundles(settings: StepSettings) -> Declaration<Agent, String> {
    let mut declared = Declaration::<Agent, String>::new("BundleCascade", resource("Bundle"), place!());
    declared.settings(settings);
    declared.effect("unpack", place!(), |_: &Agent, ids: &[String], cx| {
        Box::pin(async move {
            let cascade = cx.cascade();
            let pools = ids.iter().map(|id| id.replace("bundle", "pool"));
            let plan = cascade.plan_named(Delete, "Pool", pools).await.map_err(StepError::terminal)?;
            let report = cascade.apply(plan).await.map_err(StepError::terminal)?;
            if report.is_complete() {
                Ok(Outcome::done())
            } else {
                Err(StepError::terminal("the pool was not removed"))
            }
        })
    });
    declared.rule(Rule::effect::<Delete>("unpack", place!()));
    declared
}
