//! Operations without a code, with an empty code, and with an unknown key.

use cascade_core::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
struct WithoutCode;

#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "")]
struct EmptyCode;

#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "host.move", roots = cascade_tests_resources::Host)]
struct BadKey;

fn main() {}
