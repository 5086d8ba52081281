//! A handler crate that is a dependency, and never named: its extensions are not in the program.

use cascade_tests_resources::{Host, VmInstance};

cascade_core::link!(cascade_tests_vms);
cascade_core::assert_handled!(VmInstance, Host);

fn main() {}
