//! Hand-written methods can be added to an annotated extension: both kinds are called on the same value.

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{Declare, FaultKind, Rule, place};

#[derive(Resource)]
#[resource(id = u64)]
struct Host;

#[derive(Resource)]
#[resource(id = String)]
struct Vm;

type Log = Arc<Mutex<Vec<String>>>;

#[derive(Extension)]
struct Hosts {
    log: Log,
}

#[cascade(resource = Host)]
impl Hosts {
    #[on(Delete)]
    async fn remove(&self, hosts: &[u64]) -> Result<(), StepError> {
        self.log.lock().unwrap().push(format!("remove {hosts:?}"));
        Ok(())
    }
}

#[derive(Extension)]
struct Vms {
    log: Log,
}

/// Deletes VMs.
#[cascade(resource = Vm, edges = [Host])]
impl Vms {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[u64]) -> Result<Vec<(u64, String)>, StepError> {
        Ok(hosts.iter().map(|host| (*host, format!("vm-{host}"))).collect())
    }

    /// They keep their disks.
    #[on(Delete, from = [Host])]
    async fn stop(&self, vms: &[String]) -> Result<(), StepError> {
        self.log.lock().unwrap().push(format!("stop {vms:?}"));
        Ok(())
    }
}

#[tokio::test]
async fn methods_can_be_added_to_an_annotated_declaration() {
    let log = Log::default();
    let mut vms = Vms::declare();
    vms.begin::<Delete, _>("prepare", place!(), |vms: &Vms, ids: &[String], _| {
        Box::pin(async move {
            vms.log.lock().unwrap().push(format!("prepare {ids:?}"));
            Ok(Outcome::done())
        })
    });
    let descriptor = vms.descriptor();
    assert_eq!(descriptor.docs, "Deletes VMs.");
    let effects: Vec<_> = descriptor.effects.iter().map(|effect| (&*effect.method, &*effect.docs)).collect();
    assert_eq!(effects, [("stop", "They keep their disks.")]);

    let cascade = Cascade::builder()
        .register(Hosts { log: Arc::clone(&log) })
        .declare(Vms { log: Arc::clone(&log) }, vms)
        .build()
        .unwrap();
    let plan = cascade.plan(Delete, Host::roots([1_u64])).await.unwrap();
    assert!(cascade.apply(plan).await.unwrap().is_complete());
    assert_eq!(*log.lock().unwrap(), ["prepare [\"vm-1\"]", "stop [\"vm-1\"]", "remove [1]"]);
}

/// The help of each fault, for two extensions.
fn helps(
    hosts: cascade_core::Declaration<Hosts, u64>,
    vms: cascade_core::Declaration<Vms, String>,
) -> Vec<String> {
    let log = Log::default();
    let builder = Cascade::builder().declare(Hosts { log: Arc::clone(&log) }, hosts);
    let error = builder.declare(Vms { log }, vms).build().unwrap_err();
    error.faults().iter().map(|fault| fault.help().to_owned()).collect()
}

#[test]
fn the_help_for_a_call_on_an_annotated_declaration_names_calls() {
    let mut vms = Vms::declare();
    let rule = Rule::effect::<Delete>("evacuate", place!()).root(Host::DESCRIPTOR);
    vms.rule(rule.from(Host::DESCRIPTOR));
    assert_eq!(helps(Hosts::declare(), vms), ["declare it: `declaration.effect(\"evacuate\", place!(), …)`"]);
}

#[test]
fn the_help_for_an_annotated_extension_names_the_attribute() {
    let log = Log::default();
    let more = Hosts { log: Arc::clone(&log) };
    let error = Cascade::builder().register(Hosts { log }).register(more).build().unwrap_err();
    let claimed = error.faults().iter().find(|fault| fault.kind() == FaultKind::ResourceClaimedTwice);
    assert_eq!(
        claimed.map(cascade_core::Fault::help),
        Some("keep one, and mark those that only add edges with `#[cascade(…, addon)]`")
    );
}

/// A folder.
#[derive(Resource)]
#[resource(id = u64)]
struct Folder;

#[derive(Extension)]
struct Folders;

#[cascade(resource = Folder, edges = [Folder], may_cut = [Folder])]
impl Folders {
    #[affected(by = Folder)]
    async fn inside(&self, folders: &[u64]) -> Result<Vec<(u64, u64)>, StepError> {
        Ok(folders.iter().map(|folder| (*folder, 3 - folder)).collect())
    }

    #[on(Delete)]
    #[on(Delete, from = [Folder])]
    async fn remove(&self, _folders: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

#[tokio::test]
async fn the_attribute_or_a_call_declares_that_an_edge_may_be_cut() {
    assert!(Folders::declare().descriptor().edges[0].may_cut);
    let cascade = Cascade::builder().register(Folders).build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Folder::roots([1_u64])).await.expect("finders answer");
    assert_eq!(plan.summary().expect("ids can be written").cut.len(), 1);
    assert!(cascade.apply(plan).await.expect("nobody has to allow the cut").is_complete());

    let mut hosts = Vms::declare();
    assert!(!hosts.descriptor().edges[0].may_cut);
    hosts.may_cut(Host::DESCRIPTOR);
    assert!(hosts.descriptor().edges[0].may_cut);
}

/// A reference to a folder, told apart by its role.
#[derive(Resource)]
#[resource(id = u64)]
struct Link;

#[derive(Extension)]
struct Links;

#[cascade(resource = Link, edges = [Folder, target: Folder], exclusive = target, ignore(Delete, from = [Folder]))]
impl Links {
    #[affected(by = Folder)]
    async fn inside(&self, _folders: &[u64]) -> Result<Vec<(u64, u64)>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = target)]
    async fn to(&self, folders: &[u64]) -> Result<Vec<(u64, u64)>, StepError> {
        Ok(folders.iter().map(|folder| (*folder, *folder)).collect())
    }

    #[on(Delete, from = [target])]
    async fn remove(&self, _links: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

#[test]
fn the_attribute_or_a_call_declares_that_steps_are_exclusive_but_not_both() {
    let of = |declared: &cascade_core::ExtensionDescriptor| -> Vec<bool> {
        declared.edges.iter().map(|edge| edge.exclusive).collect()
    };
    let mut links = Links::declare();
    assert_eq!(of(links.descriptor()), [false, true]);
    links.exclusive(Folder::DESCRIPTOR);
    let cascade = Cascade::builder().register(Folders).declare(Links, links).build();
    let error = cascade.expect_err("two edges are exclusive");
    let faults: Vec<&str> = error.faults().iter().map(cascade_core::Fault::message).collect();
    let expected =
        "`exclusive` is called twice on `Links`, but its steps can be exclusive for one parent only";
    assert_eq!(faults, [expected]);

    let mut hosts = Vms::declare();
    hosts.exclusive(Host::DESCRIPTOR);
    assert!(of(hosts.descriptor())[0]);
}
