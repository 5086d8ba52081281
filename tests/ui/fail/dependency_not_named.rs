//! What a program says that denies dependencies it does not name: the fix, in rustc's own words.

#![deny(unused_crate_dependencies)]

use cascade_core as _;
use cascade_tests_resources as _;
use serde as _;

fn main() {}
