//! Extensions that are no structs, or generic.

use cascade_core::prelude::*;

#[derive(Extension)]
enum Many {}

#[derive(Extension)]
struct Generic<T> {
    field: T,
}

fn main() {}
