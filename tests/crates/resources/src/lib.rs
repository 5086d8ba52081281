//! The resources and operations that the tests share, in a crate of their own, as in a real project.

use cascade_core::prelude::*;
use serde::{Deserialize, Serialize};

/// Defines id types that wrap a `String`.
macro_rules! ids {
    ($($id:ident)+) => {$(
        /// The id of an instance.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $id(pub String);

        impl std::fmt::Display for $id {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $id {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    )+};
}

ids!(ZoneId HostId StorageId NetworkId VmId FolderId);

/// A data centre with hosts and storages.
#[derive(Debug, Resource)]
#[resource(id = ZoneId)]
pub struct Zone;

/// A physical machine.
#[derive(Debug, Resource)]
#[resource(id = HostId)]
pub struct Host;

/// A storage for volumes.
#[derive(Debug, Resource)]
#[resource(id = StorageId)]
pub struct PrimaryStorage;

/// A network.
#[derive(Debug, Resource)]
#[resource(id = NetworkId)]
pub struct L3Network;

/// A virtual machine.
#[derive(Debug, Resource)]
#[resource(id = VmId)]
pub struct VmInstance;

/// A folder, which can be in another folder.
#[derive(Debug, Resource)]
#[resource(id = FolderId)]
pub struct Folder;

/// A resource whose name differs from the name of its type.
#[derive(Debug, Resource)]
#[resource(id = VmId, name = "OldVm")]
pub struct LegacyVm;

/// Not a resource.
#[derive(Debug)]
pub struct Disk;

/// Removes a host from its cluster.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "host.detach", root = Host)]
pub struct DetachHost {
    /// The cluster.
    pub cluster: String,
}

/// Stops an instance and everything that depends on it.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "suspend")]
pub struct Suspend;

/// The error of the methods.
#[derive(Debug)]
pub struct Error;

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the call failed")
    }
}

impl std::error::Error for Error {}
