//! Total operations: every extension decides them for each of its edges.

use cascade_core::prelude::*;
use cascade_core::{
    BuildError, Declaration, Declare, ExtensionDescriptor, Fault, FaultKind, Found, Graph,
    OperationDescriptor, Place, ResourceDescriptor, Rule,
};
use serde::{Deserialize, Serialize};

const fn at(line: u32) -> Place {
    Place::new("cloud", "cloud.rs", line)
}

/// An operation that every extension has to decide.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "archive", total)]
struct Archive;

#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "suspend")]
struct Suspend;

mod own {
    use cascade_core::Operation;
    use serde::{Deserialize, Serialize};

    /// Another operation of the name `Delete`.
    #[derive(Operation, Clone, Debug, Serialize, Deserialize)]
    #[operation(code = "own.delete")]
    pub(crate) struct Delete;
}

#[derive(Resource)]
#[resource(id = u64)]
struct Tenant;

#[derive(Resource)]
#[resource(id = u64)]
struct Team;

#[derive(Resource)]
#[resource(id = u64)]
struct ApiKey;

type Hand = Declaration<(), u64>;

/// A resource that an operation of each kind removes as the root.
fn parent(resource: ResourceDescriptor) -> Hand {
    let mut declared = Hand::new(format!("{}s", resource.name()), resource, at(1));
    declared.effect("remove", at(1), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    declared.rule(Rule::effect::<Delete>("remove", at(1)));
    declared.rule(Rule::effect::<Suspend>("remove", at(1)));
    declared
}

/// A parent that also knows `Archive`, so that the graph does.
fn archivable(resource: ResourceDescriptor) -> Hand {
    let mut declared = parent(resource);
    declared.rule(Rule::effect::<Archive>("remove", at(1)));
    declared
}

fn add_edge(declared: &mut Hand, parent: &ResourceDescriptor, line: u32) {
    declared.edge(parent.clone(), at(line));
    let method = format!("by_{}", parent.name());
    declared.finder(method, parent.clone(), None, at(line), |(), _: &[u64], _| {
        Box::pin(async { Ok(Found::Pairs(Vec::new())) })
    });
}

/// `ApiKey`, which depends on those parents and knows `Suspend` only.
fn suspended_keys(parents: &[ResourceDescriptor]) -> Hand {
    let mut keys = Hand::new("ApiKeys", ApiKey::DESCRIPTOR, at(20));
    keys.effect("revoke", at(20), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    for (parent, line) in parents.iter().zip(21..) {
        add_edge(&mut keys, parent, line);
        keys.rule(Rule::effect::<Suspend>("revoke", at(line)).from(parent.clone()));
    }
    keys
}

fn build<'d>(extensions: impl IntoIterator<Item = &'d ExtensionDescriptor>) -> Result<Graph, BuildError> {
    Graph::build(extensions.into_iter().cloned())
}

fn faults<'d>(extensions: impl IntoIterator<Item = &'d ExtensionDescriptor>) -> Vec<Fault> {
    build(extensions).err().map(|error| error.faults().to_vec()).unwrap_or_default()
}

/// The text of the faults. A place in this file has no line, so that the text does not change with the file.
fn text(faults: &[Fault]) -> String {
    let without_line = |line: &str| match line.split_once("total.rs:") {
        Some((before, _)) => format!("{before}total.rs"),
        None => line.to_owned(),
    };
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    text.join("\n").lines().map(without_line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_resource_that_knows_only_another_operation_does_not_build() {
    let (tenants, keys) = (parent(Tenant::DESCRIPTOR), suspended_keys(&[Tenant::DESCRIPTOR]));
    insta::assert_snapshot!("forgotten_by_hand", text(&faults([tenants.descriptor(), keys.descriptor()])));
    let error = Cascade::builder().declare((), tenants).declare((), keys).build().unwrap_err();
    assert_eq!(error.faults().len(), 1, "{error}");
    assert_eq!(error.faults()[0].kind(), FaultKind::Undecided);
}

#[test]
fn each_undecided_edge_is_a_fault_at_that_edge_until_it_is_decided() {
    let all = ["A", "B", "C"].map(|name| ResourceDescriptor::runtime::<u64>(name, at(2)));
    for (is_addon, count) in [(false, 1), (false, 3), (true, 1), (true, 3)] {
        let used = &all[..count];
        let mut keys = suspended_keys(used);
        let mut extensions: Vec<Hand> = all.iter().cloned().map(parent).collect();
        if is_addon {
            keys.addon();
            extensions.push(parent(ApiKey::DESCRIPTOR));
        }
        let others = || extensions.iter().map(Declaration::descriptor);
        let found = faults(others().chain([keys.descriptor()]));
        let expected: Vec<_> = used
            .iter()
            .zip(21..)
            .map(|(parent, line)| (FaultKind::Undecided, vec![at(line)], parent.name().to_owned()))
            .collect();
        let told: Vec<_> = found
            .iter()
            .map(|fault| (fault.kind(), fault.places().to_vec(), named_parent(fault.message())))
            .collect();
        assert_eq!(told, expected, "add-on: {is_addon}");

        let ignore = used.iter().cloned().fold(Rule::ignore::<Delete>(at(30)), Rule::from);
        keys.rule(ignore);
        assert_eq!(faults(others().chain([keys.descriptor()])), [], "add-on: {is_addon}");
    }
}

/// The parent in a message "… from `A`, …".
fn named_parent(message: &str) -> String {
    let rest = message.split_once("from `").map_or("", |(_, rest)| rest);
    rest.split('`').next().unwrap_or_default().to_owned()
}

#[test]
fn a_rule_for_some_roots_does_not_decide_a_total_operation() {
    let tenants = parent(Tenant::DESCRIPTOR);
    let mut keys = suspended_keys(&[Tenant::DESCRIPTOR]);
    keys.rule(Rule::effect::<Delete>("revoke", at(22)).from(Tenant::DESCRIPTOR).root(Tenant::DESCRIPTOR));
    insta::assert_snapshot!("for_some_roots", text(&faults([tenants.descriptor(), keys.descriptor()])));
}

#[test]
fn an_operation_that_no_rule_mentions_is_not_asked_for() {
    let mut tenants = parent(Tenant::DESCRIPTOR);
    let mut keys = suspended_keys(&[Tenant::DESCRIPTOR]);
    keys.rule(Rule::ignore::<Delete>(at(22)).from(Tenant::DESCRIPTOR));
    assert_eq!(faults([tenants.descriptor(), keys.descriptor()]), []);
    // From the first rule on, wherever it is, the operation is known.
    tenants.rule(Rule::effect::<Archive>("remove", at(3)));
    assert_eq!(faults([tenants.descriptor(), keys.descriptor()]).len(), 1);
}

#[test]
fn an_operation_that_is_not_total_may_stay_unmentioned() {
    let mut keys = Hand::new("ApiKeys", ApiKey::DESCRIPTOR, at(20));
    add_edge(&mut keys, &Tenant::DESCRIPTOR, 21);
    keys.rule(Rule::ignore::<Delete>(at(22)).from(Tenant::DESCRIPTOR));
    let tenants = parent(Tenant::DESCRIPTOR);
    let mut owner = Hand::new("Owner", ApiKey::DESCRIPTOR, at(40));
    keys.addon();
    owner.docs("It has no edge, so that nothing is to be decided.");
    assert_eq!(faults([tenants.descriptor(), keys.descriptor(), owner.descriptor()]), []);
}

#[derive(Extension)]
struct Keys;

/// Decides `Delete` only.
#[cascade(resource = ApiKey, edges = [Tenant, Team], ignore(Delete, from = [Team]))]
impl Keys {
    #[affected(by = Tenant)]
    async fn of_tenants(&self, _tenants: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[affected(by = Team)]
    async fn of_teams(&self, _teams: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }

    #[on(Delete, from = [Tenant])]
    async fn revoke(&self, _keys: &[u64]) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Extension)]
struct KeysOfKeys;

/// An add-on, whose edge is that of a resource to itself.
#[cascade(resource = ApiKey, edges = [ApiKey], addon, ignore(Delete, from = [ApiKey]))]
impl KeysOfKeys {
    #[affected(by = ApiKey)]
    async fn derived(&self, _keys: &[u64]) -> Result<Vec<u64>, StepError> {
        Ok(Vec::new())
    }
}

#[test]
fn the_help_for_an_annotated_extension_is_in_terms_of_the_attribute() {
    let (tenants, teams) = (archivable(Tenant::DESCRIPTOR), parent(Team::DESCRIPTOR));
    let (keys, addon) = (Keys::declare(), KeysOfKeys::declare());
    let found = faults([tenants.descriptor(), teams.descriptor(), keys.descriptor(), addon.descriptor()]);
    insta::assert_snapshot!("forgotten_by_attribute", text(&found));
}

#[test]
fn the_help_for_an_edge_that_is_added_by_hand_is_in_terms_of_its_call() {
    let (tenants, teams) = (parent(Tenant::DESCRIPTOR), parent(Team::DESCRIPTOR));
    let mut keys = Keys::declare();
    keys.edge(ResourceDescriptor::runtime::<u64>("Vault", at(50)), at(51));
    let vaults = parent(ResourceDescriptor::runtime::<u64>("Vault", at(50)));
    let found = faults([tenants.descriptor(), teams.descriptor(), vaults.descriptor(), keys.descriptor()]);
    assert_eq!(found.len(), 1);
    assert!(found[0].help().contains(".rule(Rule::ignore::<Delete>(place!()).from(parent))"), "{}", found[0]);
    assert!(!found[0].help().contains("ignore(Delete, from"), "{}", found[0]);
}

mod renamed {
    use cascade_core::Delete as Remove;
    use cascade_core::prelude::{Extension, StepError, cascade};

    use super::{ApiKey, Tenant};

    #[derive(Extension)]
    pub(crate) struct Keys;

    #[cascade(resource = ApiKey, edges = [Tenant])]
    impl Keys {
        #[affected(by = Tenant)]
        async fn of_tenants(&self, _tenants: &[u64]) -> Result<Vec<u64>, StepError> {
            Ok(Vec::new())
        }

        #[on(Remove, from = [Tenant])]
        async fn revoke(&self, _keys: &[u64]) -> Result<(), StepError> {
            Ok(())
        }
    }
}

#[test]
fn delete_under_another_name_decides_delete() {
    let (tenants, keys) = (parent(Tenant::DESCRIPTOR), renamed::Keys::declare());
    assert_eq!(faults([tenants.descriptor(), keys.descriptor()]), []);
}

mod namesake {
    use cascade_core::prelude::{Extension, StepError, cascade};

    use super::own::Delete;
    use super::{ApiKey, Tenant};

    #[derive(Extension)]
    pub(crate) struct Keys;

    #[cascade(resource = ApiKey, edges = [Tenant])]
    impl Keys {
        #[affected(by = Tenant)]
        async fn of_tenants(&self, _tenants: &[u64]) -> Result<Vec<u64>, StepError> {
            Ok(Vec::new())
        }

        #[on(Delete, from = [Tenant])]
        async fn revoke(&self, _keys: &[u64]) -> Result<(), StepError> {
            Ok(())
        }
    }
}

#[test]
fn another_operation_of_the_name_delete_does_not_decide_delete() {
    let (tenants, keys) = (parent(Tenant::DESCRIPTOR), namesake::Keys::declare());
    insta::assert_snapshot!("namesake", text(&faults([tenants.descriptor(), keys.descriptor()])));
    let mut by_hand = suspended_keys(&[Tenant::DESCRIPTOR]);
    by_hand.rule(Rule::ignore::<own::Delete>(at(22)).from(Tenant::DESCRIPTOR));
    let found = faults([tenants.descriptor(), by_hand.descriptor()]);
    assert_eq!(found.len(), 1, "{found:?}");
    by_hand.rule(Rule::ignore::<Delete>(at(23)).from(Tenant::DESCRIPTOR));
    assert_eq!(faults([tenants.descriptor(), by_hand.descriptor()]), []);
}

#[test]
fn the_descriptor_says_whether_an_operation_is_total() {
    assert!(Delete::DESCRIPTOR.is_total());
    assert!(Archive::DESCRIPTOR.is_total());
    assert!(!Suspend::DESCRIPTOR.is_total());
    assert!(!own::Delete::DESCRIPTOR.is_total());
}

/// `Suspend` as a total operation.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TotalSuspend;

impl Operation for TotalSuspend {
    const CODE: &'static str = "suspend";
    const DESCRIPTOR: OperationDescriptor =
        OperationDescriptor::of::<Self>("Suspend", Self::CODE, Vec::new, at(90)).total();
}

/// Totality decides which graphs are valid, not what a valid graph does.
#[test]
fn the_version_of_a_graph_does_not_depend_on_totality() {
    let version = |suspend: Rule| {
        let mut tenants = Hand::new("Tenants", Tenant::DESCRIPTOR, at(1));
        tenants.effect("remove", at(1), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
        tenants.rule(suspend);
        build([tenants.descriptor()]).map(|graph| graph.version()).map_err(|error| error.to_string())
    };
    let suspend = version(Rule::effect::<Suspend>("remove", at(1)));
    assert!(suspend.is_ok(), "{suspend:?}");
    assert_eq!(suspend, version(Rule::effect::<TotalSuspend>("remove", at(1))));
}

#[test]
fn documents_of_the_graph_say_which_operations_are_total() -> Result<(), Box<dyn std::error::Error>> {
    let document = build([archivable(Tenant::DESCRIPTOR).descriptor()])?.document();
    let total: Vec<_> = document.operations.iter().map(|one| (one.code.as_str(), one.total)).collect();
    assert_eq!(total, [("archive", true), ("delete", true), ("suspend", false)]);
    let json = document.to_json()?;
    assert_eq!(serde_json::from_str::<cascade_core::document::Document>(&json)?, document);
    // A document of a version without total operations can be read.
    let older = json.replace("      \"total\": true,\n", "").replace("      \"total\": false,\n", "");
    assert_ne!(json, older);
    let read: cascade_core::document::Document = serde_json::from_str(&older)?;
    assert!(read.operations.iter().all(|operation| !operation.total));
    assert!(document.to_markdown().contains("Archive (total)"));
    Ok(())
}
