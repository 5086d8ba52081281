//! Roots: of one resource or of several, and what methods are told about them.

use std::sync::{Arc, Mutex};

use cascade_core::{
    Cascade, Declaration, Delete, Found, MemoryJournal, Operation, Outcome, Plan, PlanError, Resource,
    RootSet, Rule, RunId, place,
};
use serde::{Deserialize, Serialize};

use crate::support::{Cloud, block_on, descriptor, plan};

#[derive(Resource)]
#[resource(id = String)]
struct Zone;

#[derive(Resource)]
#[resource(id = String)]
struct Host;

/// For each call: the method, whether the operation started at a zone, and whether it started at a host.
type Notes = Arc<Mutex<Vec<(&'static str, bool, bool)>>>;

fn declaration(resource: cascade_core::ResourceDescriptor) -> Declaration<Notes, String> {
    let mut declaration = Declaration::new(format!("{}s", resource.name()), resource, place!());
    declaration.effect("remove", place!(), |notes: &Notes, _, cx| {
        let note = ("remove", cx.started_at::<Zone>(), cx.started_at::<Host>());
        notes.lock().unwrap().push(note);
        Box::pin(async { Ok(Outcome::done()) })
    });
    declaration.rule(Rule::effect::<Delete>("remove", place!()));
    declaration
}

#[test]
fn finders_and_effects_are_told_where_the_operation_started() {
    let mut vm = declaration(cascade_core::ResourceDescriptor::runtime::<String>("Vm", place!()));
    let mut host = declaration(Host::DESCRIPTOR);
    for (child, parent) in [(&mut host, Zone::DESCRIPTOR), (&mut vm, Host::DESCRIPTOR)] {
        child.edge(parent.clone(), place!());
        child.finder("find", parent.clone(), None, place!(), |notes: &Notes, parents: &[String], cx| {
            let note = ("find", cx.started_at::<Zone>(), cx.started_at::<Host>());
            notes.lock().unwrap().push(note);
            let pairs = parents.iter().map(|parent| (parent.clone(), format!("{parent}x"))).collect();
            Box::pin(async { Ok(Found::Pairs(pairs)) })
        });
        child.rule(Rule::effect::<Delete>("remove", place!()).from(parent));
    }
    let notes = Notes::default();
    let mut builder = Cascade::builder();
    for declaration in [declaration(Zone::DESCRIPTOR), host, vm] {
        builder = builder.declare(Arc::clone(&notes), declaration);
    }
    let cascade = builder.build().unwrap();
    for (roots, at_zone, at_host) in
        [("Zone a", true, false), ("Host a", false, true), ("Vm a", false, false)]
    {
        let report = block_on(async { cascade.apply(plan(&cascade, roots).await.unwrap()).await.unwrap() });
        assert!(report.is_complete());
        let notes = std::mem::take(&mut *notes.lock().unwrap());
        assert!(
            notes.iter().all(|&(_, zone, host)| (zone, host) == (at_zone, at_host)),
            "{roots}: {notes:?}"
        );
        let finds = notes.iter().any(|&(method, ..)| method == "find");
        assert_eq!(finds, roots != "Vm a", "{notes:?}");
    }
}

/// Zones with hosts, and VMs on hosts. A VM is stopped, but destroyed if the operation starts at a zone.
fn cloud() -> Cloud {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.root("remove").under("Zone", "remove", "z1>h1 z2>h2");
        })
        .kind("Vm", |it| {
            it.root("destroy").leaf("Host", "stop", "h1>v1 h2>v2");
            let destroy = Rule::effect::<Delete>("destroy", place!()).from(descriptor("Host"));
            it.declared().rule(destroy.root(descriptor("Zone")));
        })
        .kind("Disk", |it| {
            it.root("wipe").under("Vm", "wipe", "v1>d1 v2>d2");
        })
}

fn delete_all(cascade: &Cascade, roots: &[(&str, &str)]) -> Result<Plan, PlanError> {
    let roots = roots.iter().fold(RootSet::new(), |all, (resource, id)| all.and_named(*resource, [*id]));
    block_on(cascade.plan_all(Delete, roots))
}

#[test]
fn each_root_resource_has_its_own_rules() {
    let (cascade, _) = cloud().build();
    let plan = delete_all(&cascade, &[("Host", "h2"), ("Zone", "z1")]).unwrap();
    insta::assert_snapshot!(plan, @r"
    Delete Host h2; Zone z1: 6 instances of 4 resources
    Host          1  remove  (dependents of the 2 removed)
    └── Vm        2  destroy 1, stop 1  (dependents of the 1 removed)
        └── Disk  1  wipe
    Zone          1  remove
    └── Host      1  remove  (continued above)
    ");
    assert_eq!(plan.effects_named("Vm", "v1"), Ok(Some(vec!["destroy"])));
    assert_eq!(plan.effects_named("Vm", "v2"), Ok(Some(vec!["stop"])));
    assert_eq!(plan.contains_named("Disk", "d2"), Ok(false), "the operation goes through v1 alone");
}

#[test]
fn the_order_of_the_roots_does_not_matter() {
    let (cascade, _) = cloud().build();
    let plan = delete_all(&cascade, &[("Host", "h2"), ("Zone", "z1"), ("Host", "h1")]).unwrap();
    let other =
        delete_all(&cascade, &[("Zone", "z1"), ("Host", "h1"), ("Host", "h2"), ("Host", "h1")]).unwrap();
    assert_eq!(plan.digest().unwrap(), other.digest().unwrap());
    let tree = |plan: &Plan| plan.to_string().split_once('\n').map(|(_, tree)| tree.to_owned());
    assert_eq!(tree(&plan), tree(&other));
    insta::assert_snapshot!(plan.why_named("Vm", "v1").unwrap().unwrap(), @r"
    Vm v1: destroy, stop
      Host h1 → Vm v1: stop
      Zone z1 → Host h1 → Vm v1: destroy
    ");
}

/// A pool that two hosts own, one of them in a zone.
fn shared_pool() -> Cloud {
    Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.root("remove").under("Zone", "remove", "z1>h1");
        })
        .kind("Pool", |it| {
            it.effect("remove").edge_naming_all("Host", "h1>p h2>p");
            let shared = Rule::effect::<Delete>("remove", place!()).with_last_owner();
            it.declared().rule(shared.from(descriptor("Host")));
        })
}

#[test]
fn a_shared_child_is_removed_if_owners_of_all_roots_are() {
    let contains = |roots: &[(&str, &str)]| {
        delete_all(&shared_pool().build().0, roots).unwrap().contains_named("Pool", "p")
    };
    assert_eq!(contains(&[("Zone", "z1")]), Ok(false));
    assert_eq!(contains(&[("Host", "h2")]), Ok(false));
    assert_eq!(contains(&[("Zone", "z1"), ("Host", "h2")]), Ok(true));
}

/// One owner is reached from each root. The finder names both owners to each.
#[test]
fn every_path_to_a_shared_child_starts_at_a_root() {
    let (cascade, _) = shared_pool().build();
    let plan = delete_all(&cascade, &[("Zone", "z1"), ("Host", "h2")]).unwrap();
    insta::assert_snapshot!(plan.why_named("Pool", "p").unwrap().unwrap(), @r"
    Pool p: remove
      Host h2 → Pool p: remove
      Zone z1 → Host h1 → Pool p: remove
    ");
}

/// An arc that is followed for two root resources.
#[test]
fn a_new_cut_is_listed_once() {
    let (cascade, notes) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.under("Zone", "remove", "z>v1").under("Host", "remove", "h>v1").under("Vm", "remove", "v1>v2");
        })
        .build();
    let plan = delete_all(&cascade, &[("Zone", "z"), ("Host", "h")]).unwrap();
    notes.relink("Vm", "Vm", "v1>v2 v2>v1");
    let difference = block_on(cascade.difference(&plan)).unwrap();
    assert_eq!((difference.cuts, difference.listed.len()), (1, 1), "{difference}");
}

/// The cut is known from the other root resource.
#[test]
fn a_cut_that_a_further_root_resource_shares_is_not_new() {
    let (cascade, notes) = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Host", |it| {
            it.root("remove");
        })
        .kind("Vm", |it| {
            it.under("Zone", "remove", "z>v1").under("Host", "remove", "");
            it.under("Vm", "remove", "v1>v2 v2>v1");
        })
        .build();
    let plan = delete_all(&cascade, &[("Zone", "z"), ("Host", "h")]).unwrap();
    assert_eq!(plan.summary().unwrap().cut.len(), 1);
    notes.relink("Vm", "Host", "h>v1");
    let difference = block_on(cascade.difference(&plan)).unwrap();
    assert!(difference.is_empty(), "{difference}");
}

#[test]
fn a_restrict_rule_refuses_nothing_that_another_root_removes() {
    let restricted = Cloud::new()
        .kind("Zone", |it| {
            it.root("remove");
        })
        .kind("Lease", |it| {
            it.root("end").edge("Zone", "z>l");
            it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Zone")));
        });
    let (cascade, _) = restricted.build();
    assert_eq!(delete_all(&cascade, &[("Zone", "z")]).unwrap().vetoes().len(), 1);
    assert!(delete_all(&cascade, &[("Zone", "z"), ("Lease", "l")]).unwrap().vetoes().is_empty());
}

/// An application and the project that it belongs to: each alone is restricted by the other.
#[test]
fn roots_that_restrict_each_other_are_removed_together_in_order() {
    let argo = || {
        Cloud::new()
            .kind("Project", |it| {
                it.root("remove").edge("Application", "app>project");
                it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Application")));
            })
            .kind("Application", |it| {
                it.root("remove").edge("Project", "project>app");
                it.declared().rule(Rule::restrict::<Delete>(place!()).from(descriptor("Project")));
            })
            .kind("Pod", |it| {
                it.under("Application", "kill", "app>pod");
            })
    };
    let (cascade, notes) = argo().build();
    for alone in [("Project", "project"), ("Application", "app")] {
        assert_eq!(delete_all(&cascade, &[alone]).unwrap().vetoes().len(), 1);
    }
    let plan = delete_all(&cascade, &[("Project", "project"), ("Application", "app")]).unwrap();
    assert!(plan.vetoes().is_empty() && plan.summary().unwrap().cut.is_empty(), "{plan}");
    assert!(block_on(async { cascade.apply(plan).await }).unwrap().is_complete());
    let calls = notes.calls();
    assert_eq!(calls.len(), 3);
    let at = |call: &str| calls.iter().position(|made| made == call).unwrap();
    assert!(at("Pod.kill pod") < at("Application.remove app"), "{calls:?}");
}

#[test]
fn the_journal_has_the_roots_of_each_resource() {
    let journal = MemoryJournal::new();
    let (cascade, _) = cloud().build_with(|builder| builder.journal(journal.clone()));
    let plan = delete_all(&cascade, &[("Host", "h2"), ("Zone", "z1")]).unwrap();
    let run = RunId::from("run-1");
    assert!(block_on(async { cascade.apply(plan).run_as(run.clone()).await }).unwrap().is_complete());
    let info = block_on(cascade.runs()).unwrap().remove(0);
    assert_eq!((info.run.root.as_str(), info.run.root_count), ("Host", 1));
    let further: Vec<(&str, u64)> =
        info.run.further_roots.iter().map(|roots| (roots.resource.as_str(), roots.count)).collect();
    assert_eq!(further, [("Zone", 1)]);
    let receipt = block_on(cascade.verify(&run)).unwrap();
    let not_asked: Vec<&str> = receipt.roots_not_asked.iter().map(|roots| roots.resource.as_str()).collect();
    assert_eq!(not_asked, ["Host", "Zone"]);
}

/// An operation that starts at zones only.
#[derive(cascade_core::Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "roots.drain", root = Zone)]
struct Drain;

#[test]
fn a_set_of_roots_that_cannot_be_planned_is_an_error_that_names_the_resource() {
    let (cascade, notes) = cloud()
        .kind("Label", |it| {
            it.under("Zone", "remove", "z1>l1");
        })
        .build();
    let error = |roots: &[(&str, &str)]| delete_all(&cascade, roots).unwrap_err().to_string();
    assert!(
        error(&[("Zone", "z1"), ("Label", "l1")]).starts_with("Label has no rule for Delete as the root")
    );
    assert_eq!(error(&[("Zone", "z1"), ("Hots", "h1")]), "there is no resource `Hots`: did you mean `Host`?");
    assert!(error(&[]).starts_with("no roots were given"));
    let none = RootSet::new().and_named("Zone", ["z1"]).and_named("Host", [] as [&str; 0]);
    let none = block_on(cascade.plan_all(Delete, none)).unwrap_err();
    assert_eq!(none.to_string(), "no root instance was given: name at least one Host to start from");
    let drained = RootSet::<Drain>::new().and(Zone::roots(["z1"])).and_named("Host", ["h1"]);
    assert!(matches!(block_on(cascade.plan_all(Drain, drained)), Err(PlanError::UnknownResource { .. })));
    assert_eq!(Drain::CODE, "roots.drain");
    assert_eq!(notes.finder_calls(), 0);
}
