//! A field that a program cannot provide: it cannot be cloned.

use cascade_core::prelude::*;

struct Connection;

#[derive(Extension)]
struct VmCascade {
    connection: Connection,
}

fn main() {}
