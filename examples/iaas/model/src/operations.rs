//! Operations beside `Delete`.

use cascade_core::Operation;
use serde::{Deserialize, Serialize};

use crate::compute::ClusterId;
use crate::network::L2Network;
use crate::storage::PrimaryStorage;

/// The hosts of a cluster stop using a primary storage: VMs with a volume on it stop, virtual routers move.
#[derive(Operation, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[operation(code = "primaryStorage.detach", root = PrimaryStorage)]
pub struct DetachPrimaryStorage {
    /// The cluster from which the storage is detached.
    pub cluster: ClusterId,
}

/// The hosts of a cluster leave a layer-2 network: VMs lose their NICs on it, virtual routers move.
#[derive(Operation, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[operation(code = "l2Network.detach", root = L2Network)]
pub struct DetachL2Network {
    /// The cluster from which the network is detached.
    pub cluster: ClusterId,
}
