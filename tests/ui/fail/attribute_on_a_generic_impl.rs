//! The attribute on a generic `impl`.

use cascade_core::prelude::*;
use cascade_tests_resources::VmInstance;

struct VmCascade<T>(T);

#[cascade(resource = VmInstance)]
impl<T> VmCascade<T> {}

fn main() {}
