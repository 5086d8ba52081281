//! An extension that is an enum, and a generic one.

use cascade_core::prelude::*;

#[derive(Extension)]
enum Many {}

#[derive(Extension)]
struct Generic<T> {
    field: T,
}

fn main() {}
