//! Invalid answers, ids and methods give a clear error or the right result.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use cascade_core::{
    Cascade, Declaration, Delete, FailurePolicy, Found, Outcome, PlanError, ResourceDescriptor, ResourceId,
    Rule, StepError, StepSettings, place,
};
use serde::{Deserialize, Serialize};

use crate::support::{Cloud, Deleted, Kind, Notes, block_on, descriptor, plan};

/// Plans a zone whose finder gives this answer.
fn answering<Id: ResourceId>(found: Vec<(u64, Id)>) -> Result<cascade_core::Plan, PlanError> {
    answering_as(move || Found::Pairs(found.clone()))
}

fn answering_as<Id: ResourceId>(
    found: impl Fn() -> Found<u64, Id> + Send + Sync + 'static,
) -> Result<cascade_core::Plan, PlanError> {
    let zone = || ResourceDescriptor::runtime::<u64>("Zone", place!());
    let host = ResourceDescriptor::runtime::<Id>("Host", place!());
    let mut zones = Declaration::<(), u64>::new("ZoneCascade", zone(), place!());
    zones.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    zones.rule(Rule::effect::<Delete>("remove", place!()));
    let mut hosts = Declaration::<(), Id>::new("HostCascade", host, place!());
    hosts.edge(zone(), place!());
    hosts.finder("in_zones", zone(), None, place!(), move |(), _: &[u64], _| {
        let found = found();
        Box::pin(async { Ok(found) })
    });
    hosts.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    hosts.rule(Rule::effect::<Delete>("remove", place!()).from(zone()));
    let cascade = Cascade::builder().declare((), zones).declare((), hosts).build().unwrap();
    block_on(cascade.plan_named(Delete, "Zone", ["1"]))
}

#[test]
fn a_child_that_is_found_twice_is_one_instance() {
    let found = answering(vec![(1, 7_u64), (1, 7), (1, 8)]).unwrap();
    assert_eq!(found.summary().unwrap().resources["Host"].instances, 2);
}

#[test]
fn an_unknown_parent_is_a_finder_error() {
    let error = answering(vec![(1, 7_u64), (2, 8)]).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the finder `HostCascade::in_zones` ("), "{text}");
    assert!(
        text.ends_with(
            "which finds Host under Zone, failed: it answered with the parent Zone `2`, which it was not asked about"
        ),
        "{text}"
    );
}

#[test]
fn a_wrong_number_of_lists_is_a_finder_error() {
    for parents in [0, 2] {
        let lists = move || Found::PerParent((0..parents).map(|_| [7_u64]).collect());
        let text = answering_as(lists).unwrap_err().to_string();
        assert!(text.starts_with("the finder `HostCascade::in_zones` ("), "{text}");
        let fault =
            format!("failed: it answered with the children of {parents} parents, but was asked about 1");
        assert!(text.ends_with(&fault), "{text}");
    }
    let found = answering_as(|| Found::PerParent([[7_u64, 7, 8]].into_iter().collect())).unwrap();
    assert_eq!(found.summary().unwrap().resources["Host"].instances, 2);
}

#[test]
fn a_million_children_are_a_million_instances() {
    let found = answering((0..1_000_000_u64).map(|host| (1, host)).collect()).unwrap();
    assert_eq!(found.len(), 1_000_001);
}

#[test]
fn ids_are_escaped_in_text_and_documents() {
    let ids = ["new\nline", "\"quoted\"", "🦀", "", "tab\t", "a\u{202e}b"];
    let huge = "x".repeat(100_000);
    let ids: Vec<String> = ids.into_iter().map(ToOwned::to_owned).chain([huge]).collect();
    let pairs = ids.iter().map(|id| (1, id.clone())).collect();
    let found = answering(pairs).unwrap();
    assert_eq!(found.to_string().lines().count(), 3, "{found}");
    let json: serde_json::Value = serde_json::from_str(&serde_json::to_string(&found).unwrap()).unwrap();
    let mut kept: Vec<&str> =
        json["affected"]["Host"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    kept.sort_unstable();
    let mut expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(kept, expected);
}

/// An id that is ordered by length and compared by text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct ByLength(String);

impl Ord for ByLength {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len())
    }
}

impl PartialOrd for ByLength {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ByLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[test]
fn ids_with_inconsistent_order_and_equality_stay_distinct() {
    let pairs = |ids: &[&str]| ids.iter().map(|id| (1, ByLength((*id).to_owned()))).collect();
    let found = answering(pairs(&["aa", "bb", "c", "aa"])).unwrap();
    assert_eq!(found.summary().unwrap().resources["Host"].instances, 3);
}

/// Deletes a zone with the declared effect.
fn acting(declare: impl FnOnce(&mut Kind)) -> Deleted {
    Cloud::new()
        .kind("Zone", |it| {
            declare(it);
            it.declared().rule(Rule::effect::<Delete>("remove", place!()));
        })
        .delete("Zone z1 z2")
}

fn check_failure(declare: impl FnOnce(&mut Kind), error: &str) {
    let expected = [format!("Zone z1 failed: remove: {error}"), format!("Zone z2 failed: remove: {error}")];
    assert_eq!(acting(declare).verdicts(), expected);
}

#[test]
fn methods_that_fail_panic_or_hang_are_failed_steps() {
    check_failure(
        |it| {
            it.declared().effect("remove", place!(), |_: &Notes, _: &[String], _| panic!("at once"));
        },
        "panicked: at once",
    );
    check_failure(
        |it| {
            it.declared().effect("remove", place!(), |_: &Notes, _: &[String], _| {
                Box::pin(async {
                    tokio::task::yield_now().await;
                    panic!("later")
                })
            });
        },
        "panicked: later",
    );
    check_failure(
        |it| {
            it.settings(StepSettings::default().timeout(Some(Duration::from_secs(30))).retries(1));
            it.declared()
                .effect("remove", place!(), |_: &Notes, _: &[String], _| Box::pin(std::future::pending()));
        },
        "no answer within the timeout of 30s",
    );
    check_failure(
        |it| {
            it.declared().effect("remove", place!(), |_: &Notes, _: &[String], _| {
                Box::pin(async { Err(StepError::terminal("the database is gone")) })
            });
        },
        "the database is gone",
    );
    check_failure(
        |it| {
            it.declared().effect("remove", place!(), |_: &Notes, _: &[String], _| {
                Box::pin(async { Ok(Outcome::done().fail("z9", "not mine")) })
            });
        },
        "it answered about `z9`, which was not in its batch",
    );
}

#[test]
fn a_failure_that_is_reported_twice_counts_once() {
    let deleted = acting(|it| {
        it.declared().effect("remove", place!(), |_: &Notes, _: &[String], _| {
            Box::pin(async { Ok(Outcome::done().fail("z1", "first").fail("z1", "second")) })
        });
    });
    let summary = deleted.report.summary();
    assert_eq!((summary.done, summary.failed), (1, 1));
}

fn zone_with_hosts() -> Cloud {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z>h1 z>h2");
        })
}

#[test]
fn plan_errors_explain_the_problem() {
    let check = |roots: &str, expected: &str| {
        let (cascade, _) = zone_with_hosts().build();
        assert_eq!(block_on(plan(&cascade, roots)).unwrap_err().to_string(), expected);
    };
    check("Zoen z", "there is no resource `Zoen`: did you mean `Zone`?");
    check("Elephant e", "there is no resource `Elephant`");
    check("Zone", "no root instance was given: name at least one Zone to start from");
    let (cascade, _) = zone_with_hosts().build();
    let error = block_on(plan(&cascade, "Host h1")).unwrap_err().to_string();
    assert!(error.starts_with("Host has no rule for Delete as the root: write `#[on(Delete)]`"), "{error}");

    let mut disks =
        Declaration::<(), u64>::new("Disks", ResourceDescriptor::runtime::<u64>("Disk", place!()), place!());
    disks.effect("wipe", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    disks.rule(Rule::effect::<Delete>("wipe", place!()));
    let cascade = Cascade::builder().declare((), disks).build().unwrap();
    let error = block_on(plan(&cascade, "Disk seven")).unwrap_err().to_string();
    assert!(error.starts_with("`seven` is not an id of Disk (expected u64): "), "{error}");
}

#[test]
fn zero_and_huge_limits_work() {
    let centuries = Duration::from_hours(24 * 365 * 300);
    let (cascade, _) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove").settings(StepSettings::default().timeout(Some(centuries)));
        })
        .kind("Host", |it| {
            it.under("Zone", "remove", "z>h1 z>h2");
            it.settings(StepSettings::default().timeout(Some(Duration::MAX)));
        })
        .build_with(|builder| builder.concurrency(0).finder_batch(0).finder_concurrency(0));
    let report = block_on(async {
        let plan = plan(&cascade, "Zone z").await.unwrap();
        cascade.apply(plan).await.unwrap()
    });
    assert!(report.is_complete());
}

#[test]
fn a_panicking_listener_does_not_affect_the_run() {
    let deleted = zone_with_hosts()
        .delete_with("Zone z", |apply| apply.on_event(|_| std::panic::resume_unwind(Box::new(()))));
    assert!(deleted.report.is_complete());
}

/// Counts the calls in progress.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn a_dropped_run_drops_its_calls() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let (cascade, _) = Cloud::new()
        .kind("Zone", |it| {
            it.settings(StepSettings::default().batch(1).concurrency(3));
            it.declared().effect("remove", place!(), move |_: &Notes, _: &[String], _| {
                let under_way = UnderWay::new(&counted);
                Box::pin(async move {
                    let _under_way = under_way;
                    std::future::pending().await
                })
            });
            it.declared().rule(Rule::effect::<Delete>("remove", place!()));
        })
        .build();
    block_on(async {
        let plan = plan(&cascade, "Zone z1 z2 z3 z4 z5").await.unwrap();
        let run = cascade.apply(plan).into_future();
        assert!(tokio::time::timeout(Duration::from_secs(1), run).await.is_err());
        assert_eq!(count.load(SeqCst), 0, "the run dropped all calls");
    });
}

/// Only methods that wait need a runtime.
#[test]
fn methods_that_answer_at_once_need_no_runtime() {
    let (cascade, _) = zone_with_hosts().build();
    let mut planning = std::pin::pin!(plan(&cascade, "Zone z"));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(answer) = planning.as_mut().poll(&mut cx) else { panic!("the future waits") };
    assert_eq!(answer.unwrap().len(), 3);
}

/// The timeout of a method that waits needs the clock of a runtime.
#[test]
fn a_waiting_method_without_a_runtime_is_an_error() {
    let resource = |name: &str| ResourceDescriptor::runtime::<u64>(name.to_owned(), place!());
    let mut zones = Declaration::<(), u64>::new("ZoneCascade", resource("Zone"), place!());
    zones.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    zones.rule(Rule::effect::<Delete>("remove", place!()));
    let mut hosts = Declaration::<(), u64>::new("HostCascade", resource("Host"), place!());
    hosts.edge(resource("Zone"), place!());
    hosts.finder("in_zones", resource("Zone"), None, place!(), |(), _: &[u64], _| {
        Box::pin(std::future::pending::<Result<Found<u64, u64>, _>>())
    });
    hosts.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    hosts.rule(Rule::effect::<Delete>("remove", place!()).from(resource("Zone")));
    let cascade = Cascade::builder().declare((), zones).declare((), hosts).build().unwrap();
    let mut planning = std::pin::pin!(cascade.plan_named(Delete, "Zone", ["1"]));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(answer) = planning.as_mut().poll(&mut cx) else { panic!("the future waits") };
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("there is no reactor running"), "{error}");
}

/// A chain of folders, each in the previous one.
#[test]
fn a_long_chain_does_not_overflow_the_stack() {
    let length = 100_000_u64;
    let folder = || ResourceDescriptor::runtime::<u64>("Folder", place!());
    let mut folders = Declaration::<(), u64>::new("FolderCascade", folder(), place!());
    folders.edge(folder(), place!());
    folders.finder("inside", folder(), None, place!(), move |(), parents: &[u64], _| {
        let pairs = parents.iter().filter(|at| **at < length).map(|at| (*at, at + 1)).collect();
        Box::pin(async { Ok(Found::Pairs(pairs)) })
    });
    folders.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    folders.rule(Rule::effect::<Delete>("remove", place!()));
    folders.rule(Rule::effect::<Delete>("remove", place!()).from(folder()));
    let cascade = Cascade::builder().declare((), folders).build().unwrap();
    let report = block_on(async {
        let plan = cascade.plan_named(Delete, "Folder", ["0"]).await.unwrap();
        assert_eq!(plan.len() as u64, length + 1);
        cascade.apply(plan).policy(FailurePolicy::Isolate).await.unwrap()
    });
    assert!(report.is_complete());
}

/// Layers of resources, each with an edge to every resource of the layer above, and one instance each.
fn mesh(layers: usize, width: usize) -> Cloud {
    let name = |layer: usize, at: usize| format!("L{layer:03}x{at}");
    let mut cloud = Cloud::new().kind(&name(0, 0), |it| {
        it.root("remove");
    });
    for layer in 1..=layers {
        for at in 0..width {
            cloud = cloud.kind(&name(layer, at), |it| {
                let above = if layer == 1 { 1 } else { width };
                for parent in 0..above {
                    let pair = format!("i{parent}>i{at}");
                    it.under(&name(layer - 1, parent), "remove", &pair);
                }
            });
        }
    }
    cloud
}

/// 8^10 paths: each edge is asked once, and the tree unfolds only on demand.
#[test]
fn the_cost_of_a_full_mesh_grows_with_its_edges() {
    let (cascade, notes) = mesh(10, 8).build();
    let edges = cascade.graph().edges().len();
    assert_eq!(edges, 8 + 9 * 64);
    let tree = cascade.graph().tree("L000x0").unwrap();
    let root = tree.root();
    let first: Vec<_> = root.children().collect();
    assert_eq!(first.len(), 8);
    assert_eq!(first[0].children().count(), 8);
    let found = block_on(plan(&cascade, "L000x0 i0")).unwrap();
    assert_eq!(found.len(), 81);
    assert_eq!(notes.finder_calls(), edges);
    assert!(found.to_string().lines().count() < 2 * edges);
}

#[test]
fn two_hundred_layers_are_planned_and_applied() {
    let deleted = mesh(200, 2).delete("L000x0 i0");
    assert!(deleted.report.is_complete());
    assert_eq!(deleted.report.summary().done, 401);
    assert_eq!(deleted.calls.last().unwrap(), "L000x0.remove i0");
}

/// Two resources that depend on each other, and one that depends on itself.
#[test]
fn a_branch_of_the_tree_ends_at_a_repeated_resource() {
    let (cascade, _) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Cluster", |it| {
            it.under("Zone", "remove", "").under("PrimaryStorage", "detach", "");
        })
        .kind("PrimaryStorage", |it| {
            it.under("Zone", "remove", "").leaf("Cluster", "detach", "");
        })
        .kind("Volume", |it| {
            it.under("PrimaryStorage", "remove", "").under("Volume", "remove", "");
        })
        .build();
    insta::assert_snapshot!("tree_along_all_edges", cascade.graph().tree("Zone").unwrap());
    insta::assert_snapshot!("tree_of_delete", cascade.graph().tree_of::<Delete>("Zone").unwrap());
    assert!(cascade.graph().tree("Zoen").is_none());
    assert_eq!(descriptor("Zone").name(), "Zone");
}
