//! The extensions of VIPs and their services.

#![forbid(unsafe_code)]

mod access_control_list;
mod eip;
mod load_balancer;
mod port_forwarding_rule;
mod vip;
mod vm_nic_security_group_ref;
