//! An annotated type without `#[derive(Extension)]`.

use cascade_core::prelude::*;
use cascade_tests_resources::VmInstance;

struct VmCascade;

#[cascade(resource = VmInstance)]
impl VmCascade {}

fn main() {}
