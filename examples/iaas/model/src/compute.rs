//! Compute: zones, clusters, hosts, VMs and virtual routers.

use cascade_core::Resource;

use crate::id::string_id;
use crate::table::Stored;

/// A data centre, which fails as a unit.
#[derive(Debug, Resource)]
#[resource(id = ZoneId)]
pub struct Zone;

string_id! {
    /// Names a [`Zone`].
    ZoneId
}

impl Stored for Zone {
    const TABLE: &'static str = "zone";
    const SOFT_DELETED: bool = true;
}

/// Hosts of one hypervisor, with the same storages and networks attached.
#[derive(Debug, Resource)]
#[resource(id = ClusterId)]
pub struct Cluster;

string_id! {
    /// Names a [`Cluster`].
    ClusterId
}

impl Stored for Cluster {
    const TABLE: &'static str = "cluster";
    const SOFT_DELETED: bool = true;
}

/// A hypervisor machine.
#[derive(Debug, Resource)]
#[resource(id = HostId)]
pub struct Host;

string_id! {
    /// Names a [`Host`].
    HostId
}

impl Stored for Host {
    const TABLE: &'static str = "host";
    const SOFT_DELETED: bool = true;
}

/// A CPU of a host that is pinned to a VM.
#[derive(Debug, Resource)]
#[resource(id = HostAllocatedCpuId)]
pub struct HostAllocatedCpu;

string_id! {
    /// Names a [`HostAllocatedCpu`].
    HostAllocatedCpuId
}

impl Stored for HostAllocatedCpu {
    const TABLE: &'static str = "host_allocated_cpu";
    const SOFT_DELETED: bool = false;
}

/// A NUMA node of a host.
#[derive(Debug, Resource)]
#[resource(id = HostNumaNodeId)]
pub struct HostNumaNode;

string_id! {
    /// Names a [`HostNumaNode`].
    HostNumaNodeId
}

impl Stored for HostNumaNode {
    const TABLE: &'static str = "host_numa_node";
    const SOFT_DELETED: bool = false;
}

/// A size of VMs.
#[derive(Debug, Resource)]
#[resource(id = InstanceOfferingId)]
pub struct InstanceOffering;

string_id! {
    /// Names a [`InstanceOffering`].
    InstanceOfferingId
}

impl Stored for InstanceOffering {
    const TABLE: &'static str = "instance_offering";
    const SOFT_DELETED: bool = true;
}

/// A user's virtual machine.
#[derive(Debug, Resource)]
#[resource(id = VmId)]
pub struct VmInstance;

string_id! {
    /// Names a [`VmInstance`].
    VmId
}

impl Stored for VmInstance {
    const TABLE: &'static str = "vm_instance";
    const SOFT_DELETED: bool = true;
}

/// A NUMA node of a VM.
#[derive(Debug, Resource)]
#[resource(id = VmInstanceNumaNodeId)]
pub struct VmInstanceNumaNode;

string_id! {
    /// Names a [`VmInstanceNumaNode`].
    VmInstanceNumaNodeId
}

impl Stored for VmInstanceNumaNode {
    const TABLE: &'static str = "vm_instance_numa_node";
    const SOFT_DELETED: bool = false;
}

/// A virtual machine of the cloud itself: a virtual router.
#[derive(Debug, Resource)]
#[resource(id = ApplianceVmId)]
pub struct ApplianceVm;

string_id! {
    /// Names a [`ApplianceVm`].
    ApplianceVmId
}

impl Stored for ApplianceVm {
    const TABLE: &'static str = "appliance_vm";
    const SOFT_DELETED: bool = true;
}

/// A template of virtual routers: two networks and an image.
#[derive(Debug, Resource)]
#[resource(id = VirtualRouterOfferingId)]
pub struct VirtualRouterOffering;

string_id! {
    /// Names a [`VirtualRouterOffering`].
    VirtualRouterOfferingId
}

impl Stored for VirtualRouterOffering {
    const TABLE: &'static str = "virtual_router_offering";
    const SOFT_DELETED: bool = true;
}
