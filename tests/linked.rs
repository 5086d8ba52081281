//! The linker collects the extensions of several crates in one program.

use cascade_core::prelude::*;
use cascade_tests_resources::{Host, L3Network, VmId, VmInstance, Zone, ZoneId};

cascade_core::link!(cascade_tests_hosts, cascade_tests_vms);
cascade_core::assert_handled!(Host, VmInstance, L3Network, Zone);

#[derive(Extension)]
struct ZoneCascade;

#[cascade(resource = Zone)]
impl ZoneCascade {
    #[on(Delete)]
    async fn remove(&self, _zones: &[ZoneId]) -> Result<(), StepError> {
        Ok(())
    }
}

#[derive(Extension)]
struct NetworkCascade;

#[cascade(resource = L3Network)]
impl NetworkCascade {}

#[tokio::test]
async fn extensions_of_all_linked_crates_run() {
    let cascade = Cascade::linked().build().expect("the linked extensions fit together");
    let plan = cascade.plan(Delete, Zone::roots(["zone-1"])).await.expect("every finder answers");
    assert_eq!(plan.ids::<VmInstance>(), [VmId::from("zone-1-host-vm")]);
    let report = cascade.apply(plan).await.expect("nothing objects");
    assert!(report.is_complete(), "{report}");
}

/// The order in which the linker collects extensions is arbitrary and must not affect the graph.
#[test]
fn edges_are_in_an_order_independent_of_the_linker() {
    let cascade = Cascade::linked().build().expect("the linked extensions fit together");
    let edges: Vec<String> = cascade
        .graph()
        .edges()
        .map(|edge| format!("{} -> {}", edge.parent.name(), edge.child.name()))
        .collect();
    assert_eq!(edges, ["Zone -> Host", "Host -> VmInstance", "L3Network -> VmInstance"]);
}
