//! A crate with an extension that is a dependency, but is not linked.

use cascade_tests_resources::{Host, VmInstance};

cascade_core::link!(cascade_tests_vms);
cascade_core::assert_handled!(VmInstance, Host);

fn main() {}
