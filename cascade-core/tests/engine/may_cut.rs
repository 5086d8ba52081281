//! Edges that are declared as ones whose order may be given up.

use cascade_core::{
    ApplyError, Cascade, Declaration, Delete, Drift, FaultKind, Found, Outcome, ResourceDescriptor, Rule,
    place,
};

use crate::support::{Cloud, Kind, block_on, descriptor, plan};

/// Two resources that remove each other. The order from the first to the second may be given up.
fn mutual(b_of_a: &str, a_of_b: &str) -> Cloud {
    Cloud::new()
        .kind("A", |it| {
            it.root("remove").under("B", "remove", a_of_b);
        })
        .kind("B", |it| {
            it.under("A", "remove", b_of_a);
            it.declared().may_cut(descriptor("A"));
        })
}

/// Without the declaration, the arc back to the root would be cut.
#[test]
fn a_cycle_is_cut_where_it_may_be_and_nobody_has_to_allow_that() {
    let plan = mutual("a>b", "b>a").plan("A a");
    let cut = plan.summary().unwrap().cut;
    assert_eq!((cut.len(), cut[0].to_string(), cut[0].may_cut), (1, String::from("A a → B b"), true));
    assert!(plan.to_string().contains("  A a → B b (declared with `may_cut`)\n"), "{plan}");
    assert_ne!(plan.digest().unwrap(), mutual("a>b", "").plan("A a").digest().unwrap());
    let deleted = mutual("a>b", "b>a").delete("A a");
    assert_eq!(deleted.calls, ["A.remove a", "B.remove b"]);
    assert!(deleted.report.is_complete());
}

/// Two cycles: in one of them, no arc may be cut.
#[test]
fn another_cut_still_has_to_be_allowed() {
    let cloud = || {
        mutual("a>b", "b>a").kind("C", |it| {
            it.under("A", "remove", "a>c1 a>c2").under("C", "remove", "c1>c2 c2>c1");
        })
    };
    assert_eq!(cloud().plan("A a").summary().unwrap().cut.len(), 2);
    let (cascade, notes) = cloud().build();
    let error = block_on(async {
        let plan = plan(&cascade, "A a").await.unwrap();
        cascade.apply(plan).await.unwrap_err()
    });
    let ApplyError::Cuts { cuts } = error else { panic!("{error}") };
    assert_eq!(cuts.iter().map(ToString::to_string).collect::<Vec<_>>(), ["C c2 → C c1"]);
    assert_eq!(notes.calls(), Vec::<String>::new());
}

/// An instance that is reached only along arcs that may be cut is part of a cycle of arcs that must be kept.
#[test]
fn a_cycle_behind_arcs_that_may_be_cut_is_cut_too() {
    let cut = Cloud::new()
        .kind("A", |it| {
            it.root("remove").under("D", "remove", "d>a");
        })
        .kind("C", |it| {
            it.under("A", "remove", "a>c").under("D", "remove", "d>c");
            it.declared().may_cut(descriptor("A"));
        })
        .kind("D", |it| {
            it.under("C", "remove", "c>d");
        })
        .plan("A a")
        .summary()
        .unwrap()
        .cut;
    let cut: Vec<String> = cut.iter().map(ToString::to_string).collect();
    assert_eq!(cut, ["A a → C c", "D d → C c"]);
}

/// Of the arcs that may be cut, no more are cut than necessary.
#[test]
fn only_arcs_that_close_a_cycle_are_cut() {
    let folders = |links: &str| {
        let cloud = Cloud::new()
            .kind("Zone", |it| {
                it.root("remove");
            })
            .kind("Folder", |it| {
                it.under("Zone", "remove", "z>a").under("Folder", "remove", links);
                it.declared().may_cut(descriptor("Folder"));
            });
        let cut = cloud.plan("Zone z").summary().unwrap().cut;
        cut.iter().map(|cut| format!("{}>{}", cut.parent.text, cut.child.text)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(folders("a>b b>c a>c"), "");
    assert_eq!(folders("a>b b>c c>a"), "c>a");
    assert_eq!(folders("a>b a>d b>c c>b d>c"), "c>b");
    assert_eq!(folders("a>c c>b b>a b>c"), "b>a b>c");
}

#[test]
fn a_plan_of_now_with_a_further_cut_that_is_declared_runs() {
    for drift in [Drift::Refuse, Drift::Follow] {
        let cloud = || {
            mutual("a>b", "").kind("C", |it| {
                it.under("A", "remove", "a>c");
            })
        };
        let (cascade, notes) = cloud().build();
        let report = block_on(async {
            let plan = plan(&cascade, "A a").await.unwrap();
            if drift == Drift::Follow {
                notes.relink_at("C.remove c", "A", "B", "b>a");
            } else {
                notes.relink("A", "B", "b>a");
            }
            cascade.apply(plan).drift(drift).await.unwrap()
        });
        assert!(report.is_complete(), "{report}");
        assert_eq!(notes.calls().len(), 3, "{:?}", notes.calls());
    }
}

/// The faults of a cloud with this resource beside two that remove each other.
fn faults(declare: impl FnOnce(&mut Kind)) -> Vec<String> {
    let error = mutual("", "").kind("Extra", declare).try_build().unwrap_err();
    error
        .faults()
        .iter()
        .map(|fault| format!("{}: {}\n{}", fault.kind().code(), fault.message(), fault.help()))
        .collect()
}

#[test]
fn an_edge_that_closes_no_cycle_is_a_fault() {
    let found = faults(|it| {
        it.under("A", "remove", "").declared().may_cut(descriptor("A"));
    });
    let fault = "C022: the order along the edge from `A` to `Extra` may be given up, but `A` never depends on `Extra`, so \
                 the edge closes no cycle\nremove the call of `may_cut` for `A`";
    assert_eq!(found, [fault]);
}

/// `Delete` follows one edge and `Stop` the other.
#[test]
fn a_cycle_of_two_operations_is_none() {
    let build = |stops: bool| {
        let rule = |stop: bool| {
            if stop { Rule::ignore::<Delete>(place!()) } else { Rule::effect::<Delete>("remove", place!()) }
        };
        let cloud = Cloud::new()
            .kind("A", |it| {
                it.root("remove").edge("B", "");
                it.declared().rule(rule(stops).from(descriptor("B")));
            })
            .kind("B", |it| {
                it.under("A", "remove", "");
                it.declared().may_cut(descriptor("A"));
            });
        cloud.try_build().map(drop)
    };
    assert!(build(false).is_ok());
    assert_eq!(build(true).unwrap_err().faults()[0].kind(), FaultKind::MayCut);
}

#[test]
fn an_edge_that_is_not_declared_is_a_fault() {
    let found = faults(|it| {
        it.under("A", "remove", "").declared().may_cut(descriptor("AA"));
    });
    let fault = "C020: `may_cut` of `ExtraCascade` is for the edge from `AA`, which is not declared\ndid you mean `A`?";
    assert_eq!(found, [fault]);
}

fn folder() -> ResourceDescriptor {
    ResourceDescriptor::runtime::<u64>("Folder", place!())
}

/// A resource that depends on itself.
fn folders(declare: impl FnOnce(&mut Declaration<(), u64>)) -> Declaration<(), u64> {
    let mut declared = Declaration::<(), u64>::new("Folders", folder(), place!());
    declared
        .effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }))
        .rule(Rule::effect::<Delete>("remove", place!()));
    declare(&mut declared);
    declared
}

fn with_edge(declared: &mut Declaration<(), u64>, may_cut: bool) {
    let mut edge = declared.edge_with(folder(), place!());
    edge.finder("inside", |(), _: &[u64], _| Box::pin(async { Ok(Found::Children(Vec::new())) }));
    edge.on::<Delete>("remove");
    if may_cut {
        edge.may_cut();
    }
}

#[test]
fn an_edge_may_be_named_before_it_is_declared() {
    let before = folders(|it| {
        it.may_cut(folder());
        with_edge(it, false);
    });
    let after = folders(|it| with_edge(it, true));
    for declared in [before, after] {
        assert!(declared.descriptor().edges[0].may_cut);
    }
    assert!(!folders(|it| with_edge(it, false)).descriptor().edges[0].may_cut);
}

#[test]
fn the_version_and_the_documents_of_a_graph_have_it_where_it_is_declared() {
    let graph = |may_cut: bool| {
        let cascade = Cascade::builder().declare((), folders(|it| with_edge(it, may_cut))).build().unwrap();
        let (version, document) = (cascade.graph().version(), cascade.graph().document());
        (version, serde_json::to_string(&document).unwrap(), document.to_markdown())
    };
    let (with, without) = (graph(true), graph(false));
    assert_ne!(with.0, without.0);
    assert!(with.1.contains("\"may_cut\":true") && !without.1.contains("\"may_cut\":"));
    assert!(with.2.contains("; its order may be given up in cycles\n") && !without.2.contains("given up"));
}
