//! The extensions of zones, clusters, hosts, VMs, virtual routers and their offerings.

#![forbid(unsafe_code)]

mod appliance_vm;
mod cluster;
mod destroy;
mod host;
mod host_allocated_cpu;
mod host_numa_node;
mod instance_offering;
mod migrate;
mod nics;
mod residents;
mod virtual_router_offering;
mod vm_instance;
mod vm_instance_numa_node;
mod zone;
