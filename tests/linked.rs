//! Extensions from several crates come together in one program, by the linker.

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
async fn extensions_of_all_crates_are_linked() {
    let cascade = Cascade::linked().build().expect("the linked extensions fit together");
    let plan = cascade.plan(Delete, Zone::roots(["zone-1"])).await.expect("every finder answers");
    assert_eq!(plan.ids::<VmInstance>(), [VmId::from("zone-1-host-vm")]);
    let report = cascade.apply(plan).await.expect("nothing objects");
    assert!(report.is_complete(), "{report}");
}

/// The linker has an order of its own, which must not show.
#[test]
fn the_graph_is_the_same_whatever_the_link_order() {
    let cascade = Cascade::linked().build().expect("the linked extensions fit together");
    let edges: Vec<String> = cascade
        .graph()
        .edges()
        .map(|edge| format!("{} -> {}", edge.parent.name(), edge.child.name()))
        .collect();
    assert_eq!(edges, ["Zone -> Host", "Host -> VmInstance", "L3Network -> VmInstance"]);
}
