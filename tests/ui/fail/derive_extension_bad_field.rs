//! A field whose type cannot be provided, because it is not `Clone`.

use cascade_core::prelude::*;

struct Connection;

#[derive(Extension)]
struct VmCascade {
    connection: Connection,
}

fn main() {}
