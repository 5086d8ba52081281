//! Two crates that know nothing of each other have a resource with one name, and an operation with one code. No
//! compiler sees both; building the graph names both places.

use cascade_core::FaultKind;
use cascade_core::prelude::*;
use cascade_tests_resources::{Suspend, Zone, ZoneId};

cascade_core::link!(cascade_tests_hosts, cascade_tests_other_hosts);

#[derive(Extension)]
struct ZoneCascade;

#[cascade(resource = Zone)]
impl ZoneCascade {
    #[on(Suspend)]
    async fn suspend(&self, _zones: &[ZoneId]) -> Result<(), StepError> {
        Ok(())
    }
}

/// The places of the fault of that kind.
fn places(kind: FaultKind) -> Vec<String> {
    let error = Cascade::linked().build().expect_err("the names clash");
    let faults = error.faults().iter().filter(|fault| fault.kind() == kind);
    faults.flat_map(|fault| fault.places().iter().map(|place| place.file.to_owned())).collect()
}

#[test]
fn two_resources_with_one_name_are_named_with_their_places() {
    let both = ["tests/crates/other-hosts/src/lib.rs", "tests/crates/resources/src/lib.rs"];
    assert_eq!(places(FaultKind::ResourceNameTwice), both);
}

#[test]
fn two_operations_with_one_code_are_named_with_their_places() {
    let both = ["tests/crates/other-hosts/src/lib.rs", "tests/crates/resources/src/lib.rs"];
    assert_eq!(places(FaultKind::OperationCodeTwice), both);
}
