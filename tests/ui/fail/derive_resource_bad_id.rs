//! An id type that does not implement `Display`.

use cascade_core::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
struct HostId(String);

#[derive(Resource)]
#[resource(id = HostId)]
struct Host;

fn main() {}
