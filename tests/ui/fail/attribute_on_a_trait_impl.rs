//! The attribute on the `impl` of a trait.

use cascade_core::prelude::*;
use cascade_tests_resources::VmInstance;

#[derive(Extension)]
struct VmCascade;

trait Marker {}

#[cascade(resource = VmInstance)]
impl Marker for VmCascade {}

fn main() {}
