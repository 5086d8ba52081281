//! The lint of rustc for dependencies that are not linked; its help names the fix.

#![deny(unused_crate_dependencies)]

use cascade_core as _;
use cascade_tests_resources as _;
use serde as _;

fn main() {}
