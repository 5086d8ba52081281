//! The crate with the extension of `Host` is a dependency of this program, but no code names it, so that it is not
//! linked. The build of the graph reports the edge to `Host`, and how to fix it.

use cascade_core::FaultKind;
use cascade_core::prelude::*;

cascade_core::link!(cascade_tests_vms);

#[test]
fn an_edge_to_a_resource_that_is_not_linked_is_a_fault_whose_help_names_link() {
    let error = Cascade::linked().build().expect_err("`Host` has no extension here");
    let unknown: Vec<_> =
        error.faults().iter().filter(|fault| fault.kind() == FaultKind::UnknownResource).collect();
    assert!(unknown.iter().any(|fault| fault.message().contains("`Host`")), "{error}");
    assert!(unknown.iter().all(|fault| fault.help().contains("cascade_core::link!")), "{error}");
}
