//! Two unrelated crates declare resources with the same name and operations with the same code. The compiler cannot see
//! the conflict; the build of the graph reports it with both places.

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

/// The files of the fault of that kind.
fn places(kind: FaultKind) -> Vec<String> {
    let error = Cascade::linked().build().expect_err("the names clash");
    let faults = error.faults().iter().filter(|fault| fault.kind() == kind);
    faults.flat_map(|fault| fault.places().iter().map(|place| place.file.to_owned())).collect()
}

#[test]
fn the_fault_for_a_duplicate_resource_name_has_both_places() {
    let both = ["tests/crates/other-hosts/src/lib.rs", "tests/crates/resources/src/lib.rs"];
    assert_eq!(places(FaultKind::ResourceNameTwice), both);
}

#[test]
fn the_fault_for_a_duplicate_operation_code_has_both_places() {
    let both = ["tests/crates/other-hosts/src/lib.rs", "tests/crates/resources/src/lib.rs"];
    assert_eq!(places(FaultKind::OperationCodeTwice), both);
}
