//! New network services.

use super::Writer;

impl Writer<'_> {
    /// An address of services, from a range of a network.
    pub fn vip(&self, id: &str, account: &str, l3: &str, range: &str, address: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO vip (id, account_id, l3_network_id, ip_range_id) VALUES (?1, ?2, ?3, ?4)",
            [id, account, l3, range],
        )?;
        self.used_ip(range, id, address)
    }

    /// An external address that leads to a NIC.
    pub fn eip(&self, id: &str, vip: &str, nic: Option<&str>) -> rusqlite::Result<()> {
        self.insert("INSERT INTO eip (id, vip_id, nic_id) VALUES (?1, ?2, ?3)", (id, vip, nic))
    }

    /// An external port that leads to a NIC.
    pub fn port_forwarding_rule(&self, id: &str, vip: &str, nic: Option<&str>) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO port_forwarding_rule (id, vip_id, nic_id) VALUES (?1, ?2, ?3)",
            (id, vip, nic),
        )
    }

    /// A list of clients that listeners accept.
    pub fn access_control_list(&self, id: &str, account: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO access_control_list (id, account_id) VALUES (?1, ?2)", [id, account])
    }

    /// A load balancer on these VIPs.
    pub fn load_balancer(&self, id: &str, account: &str, vips: &[&str]) -> rusqlite::Result<()> {
        self.insert("INSERT INTO load_balancer (id, account_id) VALUES (?1, ?2)", [id, account])?;
        vips.iter().try_for_each(|vip| {
            self.insert(
                "INSERT INTO load_balancer_vip_ref (load_balancer_id, vip_id) VALUES (?1, ?2)",
                [id, vip],
            )
        })
    }

    /// A listener of a load balancer, with its access control lists.
    pub fn listener(&self, id: &str, load_balancer: &str, lists: &[&str]) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO load_balancer_listener (id, load_balancer_id) VALUES (?1, ?2)",
            [id, load_balancer],
        )?;
        lists.iter().try_for_each(|list| {
            self.insert(
                "INSERT INTO listener_acl_ref (listener_id, access_control_list_id) VALUES (?1, ?2)",
                [id, list],
            )
        })
    }

    /// A certificate for listeners.
    pub fn certificate(&self, id: &str, account: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO certificate (id, account_id) VALUES (?1, ?2)", [id, account])
    }

    /// A security group.
    pub fn security_group(&self, id: &str, account: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO security_group (id, account_id) VALUES (?1, ?2)", [id, account])
    }

    /// Adds a NIC of a VM to a security group.
    pub fn join_security_group(&self, id: &str, nic: &str, vm: &str, group: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO vm_nic_security_group_ref (id, nic_id, vm_instance_id, security_group_id)
             VALUES (?1, ?2, ?3, ?4)",
            [id, nic, vm, group],
        )
    }
}
