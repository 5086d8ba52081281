//! The attribute on a struct.

use cascade_core::prelude::*;
use cascade_tests_resources::VmInstance;

#[cascade(resource = VmInstance)]
#[derive(Extension)]
struct VmCascade;

fn main() {}
