//! New networks, ranges, NICs and tunnels.

use super::Writer;

/// A new layer-2 network.
#[derive(Clone, Copy, Debug)]
pub struct L2<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its owner.
    pub account: &'a str,
    /// Its zone.
    pub zone: &'a str,
    /// `NoVlan`, `Vlan`, `VxlanPool` or `Vxlan`.
    pub kind: &'a str,
    /// The pool of a VXLAN network.
    pub pool: Option<&'a str>,
    /// The clusters to which it is attached.
    pub clusters: &'a [&'a str],
}

/// A new NIC.
#[derive(Clone, Copy, Debug)]
pub struct Nic<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its VM or router.
    pub owner: &'a str,
    /// Its network.
    pub l3: &'a str,
    /// Its role in a router; `None` in a VM.
    pub role: Option<NicRole>,
    /// Its addresses with their ranges, the main one first.
    pub addresses: &'a [(&'a str, &'a str)],
}

/// The role of a router's NIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NicRole {
    /// The guest network, which the router serves.
    Guest,
    /// The public network.
    Public,
    /// The management network.
    Management,
    /// An additional network, which the router does not need.
    Additional,
}

impl NicRole {
    fn name(self) -> &'static str {
        match self {
            Self::Guest => "Guest",
            Self::Public => "Public",
            Self::Management => "Management",
            Self::Additional => "Additional",
        }
    }
}

impl Writer<'_> {
    /// A layer-2 network, attached to clusters.
    pub fn l2_network(&self, l2: &L2<'_>) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO l2_network (id, account_id, zone_id, kind, pool_id) VALUES (?1, ?2, ?3, ?4, ?5)",
            (l2.id, l2.account, l2.zone, l2.kind, l2.pool),
        )?;
        l2.clusters.iter().try_for_each(|cluster| {
            self.insert(
                "INSERT INTO l2_network_cluster_ref (l2_network_id, cluster_id) VALUES (?1, ?2)",
                [l2.id, cluster],
            )
        })
    }

    /// A layer-3 network.
    pub fn l3_network(&self, id: &str, account: &str, l2: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO l3_network (id, account_id, l2_network_id) VALUES (?1, ?2, ?3)",
            [id, account, l2],
        )?;
        self.insert("INSERT INTO l3_network_service_ref (l3_network_id, service) VALUES (?1, 'DHCP')", [id])
    }

    /// A range of addresses of IP version 4 or 6.
    pub fn ip_range(&self, id: &str, l3: &str, version: u8) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO ip_range (id, l3_network_id, version) VALUES (?1, ?2, ?3)",
            (id, l3, version),
        )
    }

    /// A range whose addresses are for services, and not for NICs.
    pub fn address_pool(&self, id: &str, l3: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO ip_range (id, l3_network_id, version, kind) VALUES (?1, ?2, 4, 'AddressPool')",
            [id, l3],
        )
    }

    /// A NIC with its addresses.
    pub fn nic(&self, nic: &Nic<'_>) -> rusqlite::Result<()> {
        let main = nic.addresses.first().map(|(_, address)| *address);
        self.insert(
            "INSERT INTO nic (id, owner_id, l3_network_id, address, role) VALUES (?1, ?2, ?3, ?4, ?5)",
            (nic.id, nic.owner, nic.l3, main, nic.role.map(NicRole::name)),
        )?;
        nic.addresses.iter().try_for_each(|(range, address)| self.used_ip(range, nic.id, address))
    }

    /// An address in use by a NIC or a VIP.
    pub(super) fn used_ip(&self, range: &str, user: &str, address: &str) -> rusqlite::Result<()> {
        let id = format!("{user}/{address}");
        self.insert(
            "INSERT INTO used_ip (id, ip_range_id, user_id, address) VALUES (?1, ?2, ?3, ?4)",
            (id, range, user, address),
        )
    }

    /// An SDN controller.
    pub fn sdn_controller(&self, id: &str, account: &str) -> rusqlite::Result<()> {
        self.insert("INSERT INTO sdn_controller (id, account_id) VALUES (?1, ?2)", [id, account])
    }

    /// A tunnel endpoint of a host in a pool.
    pub fn vtep(&self, id: &str, pool: &str, cluster: &str, host: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO vtep (id, l2_network_id, cluster_id, host_id) VALUES (?1, ?2, ?3, ?4)",
            [id, pool, cluster, host],
        )
    }

    /// A tunnel endpoint outside of the cloud, for the hosts of a cluster.
    pub fn remote_vtep(&self, id: &str, pool: &str, cluster: &str) -> rusqlite::Result<()> {
        self.insert(
            "INSERT INTO remote_vtep (id, l2_network_id, cluster_id) VALUES (?1, ?2, ?3)",
            [id, pool, cluster],
        )
    }
}
