//! What can be done to the cloud besides deleting from it.

use cascade_core::Operation;
use serde::{Deserialize, Serialize};

use crate::compute::ClusterId;
use crate::network::L2Network;
use crate::storage::PrimaryStorage;

/// The hosts of a cluster stop using a primary storage: whatever runs there from it stops or moves.
#[derive(Operation, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[operation(code = "primaryStorage.detach", root = PrimaryStorage)]
pub struct DetachPrimaryStorage {
    /// The cluster that the storage is detached from.
    pub cluster: ClusterId,
}

/// The hosts of a cluster leave a layer-2 network: whatever runs there loses its NICs on it.
#[derive(Operation, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[operation(code = "l2Network.detach", root = L2Network)]
pub struct DetachL2Network {
    /// The cluster that the network is detached from.
    pub cluster: ClusterId,
}
