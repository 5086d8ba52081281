//! The crate with the extension of `Host` is a dependency of this program, but nobody names it. Then it is not there,
//! and an edge to `Host` leads nowhere: building the graph says so, and what to do.

use cascade_core::FaultKind;
use cascade_core::prelude::*;

cascade_core::link!(cascade_tests_vms);

#[test]
fn an_edge_to_what_is_not_linked_is_a_fault_with_its_mend() {
    let error = Cascade::linked().build().expect_err("`Host` has no extension here");
    let unknown: Vec<_> =
        error.faults().iter().filter(|fault| fault.kind() == FaultKind::UnknownResource).collect();
    assert!(unknown.iter().any(|fault| fault.message().contains("`Host`")), "{error}");
    assert!(unknown.iter().all(|fault| fault.help().contains("cascade_core::link!")), "{error}");
}
