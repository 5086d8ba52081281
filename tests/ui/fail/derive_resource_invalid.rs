//! Resources without an id, with an unknown key, an empty name, a name of two lines, and a type parameter.

use cascade_core::prelude::*;

#[derive(Resource)]
struct WithoutId;

#[derive(Resource)]
#[resource(ids = u32)]
struct BadKey;

#[derive(Resource)]
#[resource(id = u32, name = "")]
struct Nameless;

#[derive(Resource)]
#[resource(id = u32, name = "two\nlines")]
struct TwoLines;

#[derive(Resource)]
#[resource(id = u32)]
struct Generic<T>(T);

fn main() {}
