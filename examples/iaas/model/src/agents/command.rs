//! The commands of agents.

use std::fmt;

/// A command. Ids are text: agents do not know the types of the inventory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Stop a VM or a router.
    StopVm(String),
    /// Start a VM on a host.
    StartVm(String, String),
    /// Destroy a VM or a router.
    DestroyVm(String),
    /// Move a running VM to another host.
    MigrateVm(String, String),
    /// Remove a NIC from its VM or router.
    DetachNic(String),
    /// Delete a volume from its storage.
    DeleteVolume(String),
    /// Delete a snapshot from its storage.
    DeleteSnapshot(String),
    /// Unmount a volume from the host that mounts it.
    UnmountVolume(String, String),
    /// Delete the copy of an image from a backup storage.
    DeleteImage(String, String),
    /// Delete the bridge of a layer-2 network from a host.
    DeleteBridge(String, String),
    /// Delete a tunnel endpoint.
    DeleteVtep(String),
    /// Disconnect an SDN controller.
    Disconnect(String),
    /// Remove a network service from its router: an EIP, a port, a load balancer.
    ReleaseService(String),
}

impl Command {
    /// The name of the command. A log line consists of it and the ids.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::StopVm(_) => "stop-vm",
            Self::StartVm(..) => "start-vm",
            Self::DestroyVm(_) => "destroy-vm",
            Self::MigrateVm(..) => "migrate-vm",
            Self::DetachNic(_) => "detach-nic",
            Self::DeleteVolume(_) => "delete-volume",
            Self::DeleteSnapshot(_) => "delete-snapshot",
            Self::UnmountVolume(..) => "unmount-volume",
            Self::DeleteImage(..) => "delete-image",
            Self::DeleteBridge(..) => "delete-bridge",
            Self::DeleteVtep(_) => "delete-vtep",
            Self::Disconnect(_) => "disconnect",
            Self::ReleaseService(_) => "release-service",
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.verb())?;
        match self {
            Self::StopVm(id)
            | Self::DestroyVm(id)
            | Self::DetachNic(id)
            | Self::DeleteVolume(id)
            | Self::DeleteSnapshot(id)
            | Self::DeleteVtep(id)
            | Self::Disconnect(id)
            | Self::ReleaseService(id) => f.write_str(id),
            Self::StartVm(id, host)
            | Self::MigrateVm(id, host)
            | Self::UnmountVolume(id, host)
            | Self::DeleteBridge(id, host) => write!(f, "{id} {host}"),
            Self::DeleteImage(id, storage) => write!(f, "{id} {storage}"),
        }
    }
}
