//! Tuples as ids: they have no `Display`.

use cascade_core::prelude::*;
use cascade_core::{ResourceDescriptor, place};

#[derive(Resource)]
#[resource(id = (u64, String))]
struct Membership;

#[derive(Resource)]
#[resource(id = (u64, u8, String))]
struct Grant;

fn main() {
    let _ = Membership::roots([(7, String::from("admin"))]);
    let _ = ResourceDescriptor::runtime::<(u64, u64)>("Link", place!());
}
