//! NUMA nodes of VMs.

use cascade_core::prelude::*;
use iaas_model::compute::{VmId, VmInstance, VmInstanceNumaNode, VmInstanceNumaNodeId};
use iaas_model::{Db, DbError};

#[derive(Extension)]
struct VmInstanceNumaNodeCascade {
    db: Db,
}

#[cascade(resource = "VmInstanceNumaNode", edges = [VmInstance], batch = 500)]
impl VmInstanceNumaNodeCascade {
    #[affected(by = VmInstance)]
    async fn of_vms(&self, vms: &[VmId]) -> Result<Vec<(VmId, VmInstanceNumaNodeId)>, DbError> {
        self.db
            .pairs(
                vms,
                "SELECT vm_instance_id, id FROM vm_instance_numa_node WHERE vm_instance_id IN rarray(?1)",
            )
            .await
    }

    /// The original does this at once only when forced, and otherwise leaves it to its clean-up.
    #[on(Delete, from = [VmInstance])]
    async fn remove(&self, nodes: &[VmInstanceNumaNodeId]) -> Result<(), DbError> {
        self.db.change(nodes, ["DELETE FROM vm_instance_numa_node WHERE id IN rarray(?1)"]).await
    }
}
