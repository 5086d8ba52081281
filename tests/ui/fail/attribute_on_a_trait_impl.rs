//! The attribute goes on an inherent `impl`.

use cascade_core::prelude::*;
use cascade_tests_resources::VmInstance;

#[derive(Extension)]
struct VmCascade;

trait Marker {}

#[cascade(resource = VmInstance)]
impl Marker for VmCascade {}

fn main() {}
