//! A root that is not a resource.

use cascade_core::prelude::*;
use cascade_tests_resources::Disk;
use serde::{Deserialize, Serialize};

#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "disk.wipe", root = Disk)]
struct Wipe;

fn main() {}
