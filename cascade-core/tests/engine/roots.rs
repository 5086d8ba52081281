//! Methods can ask which resource the operation started from.

use std::sync::{Arc, Mutex};

use cascade_core::{Cascade, Declaration, Delete, Found, Outcome, Resource, Rule, place};

use crate::support::{block_on, plan};

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
