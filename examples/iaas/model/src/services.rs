//! Network services: external addresses, and their targets.

use cascade_core::Resource;

use crate::id::string_id;
use crate::table::Stored;

/// An address of services.
#[derive(Debug, Resource)]
#[resource(id = VipId)]
pub struct Vip;

string_id! {
    /// Names a [`Vip`].
    VipId
}

impl Stored for Vip {
    const TABLE: &'static str = "vip";
    const SOFT_DELETED: bool = false;
}

/// An external address that leads to one NIC.
#[derive(Debug, Resource)]
#[resource(id = EipId)]
pub struct Eip;

string_id! {
    /// Names a [`Eip`].
    EipId
}

impl Stored for Eip {
    const TABLE: &'static str = "eip";
    const SOFT_DELETED: bool = false;
}

/// An external port that leads to one NIC.
#[derive(Debug, Resource)]
#[resource(id = PortForwardingRuleId)]
pub struct PortForwardingRule;

string_id! {
    /// Names a [`PortForwardingRule`].
    PortForwardingRuleId
}

impl Stored for PortForwardingRule {
    const TABLE: &'static str = "port_forwarding_rule";
    const SOFT_DELETED: bool = false;
}

/// Listeners on VIPs that distribute connections.
#[derive(Debug, Resource)]
#[resource(id = LoadBalancerId)]
pub struct LoadBalancer;

string_id! {
    /// Names a [`LoadBalancer`].
    LoadBalancerId
}

impl Stored for LoadBalancer {
    const TABLE: &'static str = "load_balancer";
    const SOFT_DELETED: bool = false;
}

/// The clients that its listeners accept.
#[derive(Debug, Resource)]
#[resource(id = AccessControlListId)]
pub struct AccessControlList;

string_id! {
    /// Names a [`AccessControlList`].
    AccessControlListId
}

impl Stored for AccessControlList {
    const TABLE: &'static str = "access_control_list";
    const SOFT_DELETED: bool = false;
}

/// A NIC of a VM in a security group.
#[derive(Debug, Resource)]
#[resource(id = VmNicSecurityGroupRefId)]
pub struct VmNicSecurityGroupRef;

string_id! {
    /// Names a [`VmNicSecurityGroupRef`].
    VmNicSecurityGroupRefId
}

impl Stored for VmNicSecurityGroupRef {
    const TABLE: &'static str = "vm_nic_security_group_ref";
    const SOFT_DELETED: bool = false;
}
