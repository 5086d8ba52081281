//! The resources and operations that the tests share, in a crate of their own, as a team would keep them.

use cascade_core::prelude::*;
use serde::{Deserialize, Serialize};

/// Defines ids over `String`.
macro_rules! ids {
    ($($id:ident)+) => {$(
        /// The name of an instance.
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

/// A place with hosts and storages.
#[derive(Debug, Resource)]
#[resource(id = ZoneId)]
pub struct Zone;

/// A machine.
#[derive(Debug, Resource)]
#[resource(id = HostId)]
pub struct Host;

/// What keeps the volumes.
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

/// A folder, that may be in a folder.
#[derive(Debug, Resource)]
#[resource(id = FolderId)]
pub struct Folder;

/// A resource whose name is not that of its type.
#[derive(Debug, Resource)]
#[resource(id = VmId, name = "OldVm")]
pub struct LegacyVm;

/// Not a resource.
#[derive(Debug)]
pub struct Disk;

/// Take a host out of its cluster.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "host.detach", root = Host)]
pub struct DetachHost {
    /// The cluster.
    pub cluster: String,
}

/// Stop everything for a while.
#[derive(Operation, Clone, Debug, Serialize, Deserialize)]
#[operation(code = "suspend")]
pub struct Suspend;

/// What goes wrong.
#[derive(Debug)]
pub struct Error;

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it went wrong")
    }
}

impl std::error::Error for Error {}
