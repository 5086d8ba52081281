//! An operation that is started from a resource that it does not name as a root.

use cascade_core::prelude::*;
use cascade_tests_resources::{DetachHost, Host, Zone};

async fn start(cascade: &Cascade) {
    let operation = || DetachHost { cluster: String::from("cluster-1") };
    let _ = cascade.plan(operation(), Host::roots(["host-1"])).await;
    let _ = cascade.plan(Delete, Zone::roots(["zone-1"])).await;
    let _ = cascade.plan(operation(), Zone::roots(["zone-1"])).await;
}

fn main() {
    let _ = start;
}
