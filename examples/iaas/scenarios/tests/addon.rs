//! TestCascadeDeletionAddon: another crate adds an edge to a resource that it does not own. This is a program of its
//! own, because it changes the graph.

use std::sync::atomic::{AtomicUsize, Ordering};

use cascade_core::prelude::*;
use iaas_model::compute::{Host, HostId, Zone, ZoneId};
use iaas_model::{Db, DbError};
use iaas_scenarios::{World, topology};

static CALLED: AtomicUsize = AtomicUsize::new(0);

#[derive(Extension)]
struct SpareHosts {
    db: Db,
}

/// Hosts that belong directly to a zone, without a cluster.
#[cascade(resource = "Host", edges = [Zone], addon)]
impl SpareHosts {
    #[affected(by = Zone)]
    async fn spare_in(&self, zones: &[ZoneId]) -> Result<Vec<(ZoneId, HostId)>, DbError> {
        let sql = "SELECT zone.id, host.id FROM zone JOIN host
            WHERE zone.id IN rarray(?1) AND host.cluster_id = '' AND host.deleted = 0";
        self.db.pairs(zones, sql).await
    }

    #[on(Delete, from = [Zone])]
    async fn return_to_pool(&self, hosts: &[HostId]) -> Result<(), DbError> {
        CALLED.fetch_add(hosts.len(), Ordering::SeqCst);
        self.db.change(hosts, ["DELETE FROM host WHERE id IN rarray(?1)"]).await
    }
}

#[tokio::test]
async fn an_add_on_adds_an_edge_to_a_resource() {
    let world = World::new(topology::t1);
    world.by_hand("INSERT INTO host (id, cluster_id) VALUES ('spare-1', '')");
    world.run(Delete, Zone::roots(["zone-1"])).await;
    assert_eq!(CALLED.load(Ordering::SeqCst), 1);
    assert_eq!(world.count("host"), 0);
}
