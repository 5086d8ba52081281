//! NUMA nodes of VMs.

use cascade_core::prelude::*;
use iaas_model::compute::{VmId, VmInstance, VmInstanceNumaNode, VmInstanceNumaNodeId};
use iaas_model::{Db, DbError, policy};

#[derive(Extension)]
struct VmInstanceNumaNodeCascade {
    db: Db,
}

#[cascade(resource = "VmInstanceNumaNode", edges = [VmInstance], batch = 500)]
impl VmInstanceNumaNodeCascade {
    /// A VM with delayed deletion keeps its nodes.
    #[affected(by = VmInstance)]
    async fn of_vms(
        &self,
        vms: &[VmId],
        cx: &FindContext,
    ) -> Result<Vec<(VmId, VmInstanceNumaNodeId)>, DbError> {
        let all = "SELECT vm_instance_id, id FROM vm_instance_numa_node WHERE vm_instance_id IN rarray(?1)";
        let of_direct = "SELECT node.vm_instance_id, node.id
            FROM vm_instance_numa_node AS node JOIN vm_instance AS vm ON vm.id = node.vm_instance_id
            WHERE node.vm_instance_id IN rarray(?1) AND vm.deletion_policy = 'Direct'";
        self.db.pairs(vms, if policy::is_asked_for(cx) { of_direct } else { all }).await
    }

    /// The original does this in its effect only if forced, and otherwise in its cleanup.
    #[on(Delete, from = [VmInstance])]
    async fn remove(&self, nodes: &[VmInstanceNumaNodeId]) -> Result<(), DbError> {
        self.db.change(nodes, ["DELETE FROM vm_instance_numa_node WHERE id IN rarray(?1)"]).await
    }
}
