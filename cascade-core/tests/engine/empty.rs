//! A program without extensions.

use cascade_core::{BuildError, Cascade, Fault, FaultKind};

/// The only fault.
fn fault(error: &BuildError) -> &Fault {
    assert_eq!(error.faults().len(), 1, "{error}");
    assert_eq!(error.faults()[0].kind(), FaultKind::Empty);
    &error.faults()[0]
}

#[test]
fn a_builder_without_extensions_is_a_fault_whose_help_names_the_ways_to_add_some() {
    let error = Cascade::builder().build().unwrap_err();
    let fault = fault(&error);
    assert_eq!(fault.message(), "the builder has no extension");
    assert!(fault.help().contains("`.register(…)`"), "{error}");
    // Without the feature, there is no such function.
    assert_eq!(fault.help().contains("`Cascade::linked()`"), cfg!(feature = "inventory"), "{error}");
}

/// No extension is linked into this program.
#[cfg(feature = "inventory")]
#[test]
fn a_program_without_linked_extensions_is_a_fault_whose_help_names_link() {
    let error = Cascade::linked().build().unwrap_err();
    assert_eq!(fault(&error).message(), "no extension is linked into this program");
    assert!(fault(&error).help().contains("`cascade_core::link!(your_crate);`"), "{error}");
}
