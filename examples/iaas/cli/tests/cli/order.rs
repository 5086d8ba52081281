//! What hangs off what, read from the inventory before a run; and whether two logs that know nothing of the journal kept
//! to it: the agents' own, and one that the inventory keeps of the rows that went.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::Cloud;

/// A row of the inventory: its table and its id.
pub(crate) type Row = (String, String);

/// A cloud far away that the zone's hosts and networks have to do with: hosts unmount its volumes, and networks have
/// bridges on its hosts. So parents tell agents something too, and not only what hangs off them.
const FAR_AWAY: &str = "
    INSERT INTO zone (id) VALUES ('zone-far');
    INSERT INTO cluster (id, zone_id) VALUES ('cluster-far', 'zone-far');
    INSERT INTO host (id, cluster_id) VALUES ('host-far', 'cluster-far');
    INSERT INTO l2_network_cluster_ref SELECT id, 'cluster-far' FROM l2_network;
    INSERT INTO primary_storage (id, zone_id) VALUES ('storage-far', 'zone-far');
    INSERT INTO volume (id, kind, account_id, primary_storage_id, host_id)
        SELECT 'volume-of-' || id, 'Data', 'account-admin', 'storage-far', id FROM host WHERE id <> 'host-far';
    CREATE TABLE trace (number INTEGER PRIMARY KEY, tab TEXT NOT NULL, id TEXT NOT NULL);";

/// Tables whose rows are marked by an effect, and removed by the clean-up.
const MARKED: [&str; 12] = [
    "zone",
    "cluster",
    "host",
    "vm_instance",
    "appliance_vm",
    "virtual_router_offering",
    "primary_storage",
    "volume",
    "volume_snapshot",
    "l2_network",
    "l3_network",
    "ip_range",
];

/// Tables whose rows are removed by an effect.
const REMOVED: [&str; 9] = [
    "host_allocated_cpu",
    "host_numa_node",
    "vm_instance_numa_node",
    "vm_nic_security_group_ref",
    "vtep",
    "remote_vtep",
    "vip",
    "eip",
    "port_forwarding_rule",
];

/// Children and parents, with the question that answers their ids.
const EDGES: [(&str, &str, &str); 30] = [
    ("cluster", "zone", "SELECT id, zone_id FROM cluster"),
    ("primary_storage", "zone", "SELECT id, zone_id FROM primary_storage"),
    ("l2_network", "zone", "SELECT id, zone_id FROM l2_network"),
    ("host", "cluster", "SELECT id, cluster_id FROM host"),
    ("host_allocated_cpu", "host", "SELECT id, host_id FROM host_allocated_cpu"),
    ("host_numa_node", "host", "SELECT id, host_id FROM host_numa_node"),
    ("vm_instance", "host", "SELECT id, ifnull(host_id, last_host_id) FROM vm_instance"),
    ("appliance_vm", "host", "SELECT id, ifnull(host_id, last_host_id) FROM appliance_vm"),
    ("vm_instance_numa_node", "vm_instance", "SELECT id, vm_instance_id FROM vm_instance_numa_node"),
    ("vm_nic_security_group_ref", "vm_instance", "SELECT id, vm_instance_id FROM vm_nic_security_group_ref"),
    ("vm_instance", "l3_network", "SELECT owner_id, l3_network_id FROM nic"),
    ("appliance_vm", "l3_network", "SELECT owner_id, l3_network_id FROM nic"),
    (
        "vm_instance",
        "ip_range",
        "SELECT owner_id, ip_range_id FROM used_ip JOIN nic ON nic.id = used_ip.user_id",
    ),
    (
        "appliance_vm",
        "ip_range",
        "SELECT owner_id, ip_range_id FROM used_ip JOIN nic ON nic.id = used_ip.user_id",
    ),
    (
        "vm_instance",
        "primary_storage",
        "SELECT owner_id, primary_storage_id FROM volume WHERE kind = 'Root' AND owner_id IS NOT NULL",
    ),
    (
        "appliance_vm",
        "primary_storage",
        "SELECT owner_id, primary_storage_id FROM volume WHERE kind = 'Root' AND owner_id IS NOT NULL",
    ),
    ("volume", "primary_storage", "SELECT id, primary_storage_id FROM volume"),
    ("volume_snapshot", "volume", "SELECT id, volume_id FROM volume_snapshot"),
    ("l3_network", "l2_network", "SELECT id, l2_network_id FROM l3_network"),
    (
        "l3_network",
        "l2_network",
        "SELECT l3.id, pool_id FROM l3_network AS l3 JOIN l2_network AS l2 ON l2.id = l2_network_id
            WHERE pool_id IS NOT NULL",
    ),
    ("vtep", "l2_network", "SELECT id, l2_network_id FROM vtep"),
    ("remote_vtep", "l2_network", "SELECT id, l2_network_id FROM remote_vtep"),
    ("virtual_router_offering", "l3_network", "SELECT id, management_l3_id FROM virtual_router_offering"),
    ("virtual_router_offering", "l3_network", "SELECT id, public_l3_id FROM virtual_router_offering"),
    ("ip_range", "l3_network", "SELECT id, l3_network_id FROM ip_range"),
    ("vip", "l3_network", "SELECT id, l3_network_id FROM vip"),
    ("vip", "ip_range", "SELECT id, ip_range_id FROM vip"),
    ("eip", "vip", "SELECT id, vip_id FROM eip"),
    ("port_forwarding_rule", "vip", "SELECT id, vip_id FROM port_forwarding_rule"),
    ("load_balancer", "vip", "SELECT load_balancer_id, vip_id FROM load_balancer_vip_ref"),
];

/// What the inventory says before anything runs.
pub(crate) struct Before {
    /// For each row all that it hangs off, at whatever remove.
    above: BTreeMap<Row, BTreeSet<Row>>,
    /// The pool of each network that has one.
    pools: BTreeMap<String, String>,
}

/// How many pairs of entries were looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairs {
    pub(crate) agents: usize,
    pub(crate) inventory: usize,
}

impl Before {
    /// Makes ready a cloud that was just seeded, and reads it.
    pub(crate) fn prepare(cloud: &Cloud) -> Self {
        cloud.by_hand(FAR_AWAY);
        for table in MARKED {
            cloud.by_hand(&format!(
                "CREATE TRIGGER trace_{table} AFTER UPDATE OF deleted ON {table} WHEN NEW.deleted = 1
                BEGIN INSERT INTO trace (tab, id) VALUES ('{table}', NEW.id); END"
            ));
        }
        for table in REMOVED {
            cloud.by_hand(&format!(
                "CREATE TRIGGER trace_{table} AFTER DELETE ON {table}
                BEGIN INSERT INTO trace (tab, id) VALUES ('{table}', OLD.id); END"
            ));
        }
        let mut parents: BTreeMap<Row, BTreeSet<Row>> = BTreeMap::new();
        for (child_table, parent_table, sql) in EDGES {
            for (child, parent) in pairs(cloud, sql) {
                let row = (child_table.to_owned(), child);
                parents.entry(row).or_default().insert((parent_table.to_owned(), parent));
            }
        }
        let above = parents.keys().map(|row| (row.clone(), reach(&parents, row))).collect();
        let pools = pairs(cloud, "SELECT id, pool_id FROM l2_network WHERE pool_id IS NOT NULL");
        Self { above, pools: pools.into_iter().collect() }
    }

    /// The row whose step told an agent that.
    pub(crate) fn subject(&self, command: &str) -> Row {
        let mut words = command.split(' ');
        let verb = words.next().unwrap_or_default();
        let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (table, id) = match verb {
            "destroy-vm" if first.starts_with("router") => ("appliance_vm", first),
            "destroy-vm" => ("vm_instance", first),
            "delete-vtep" => ("vtep", first),
            "release-service" if first.starts_with("eip") => ("eip", first),
            "release-service" if first.starts_with("port") => ("port_forwarding_rule", first),
            "release-service" => ("load_balancer", first),
            "unmount-volume" => ("host", second),
            // With a pool go its networks.
            "delete-bridge" => ("l2_network", self.pools.get(first).map_or(first, String::as_str)),
            _ => panic!("whose command is `{command}`?"),
        };
        (table.to_owned(), id.to_owned())
    }

    /// In both logs, the last entry of what hangs off something comes before the first entry of that.
    pub(crate) fn check(&self, cloud: &Cloud, commands: &[String], seed: u64) -> Pairs {
        let told: Vec<Row> = commands.iter().map(|command| self.subject(command)).collect();
        let went = pairs(cloud, "SELECT tab, id FROM trace ORDER BY number");
        Pairs { agents: self.check_log(&told, seed), inventory: self.check_log(&went, seed) }
    }

    fn check_log(&self, log: &[Row], seed: u64) -> usize {
        let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
        for (at, row) in log.iter().enumerate() {
            first.entry(row).or_insert(at);
            last.insert(row, at);
        }
        let mut pairs = 0;
        for (child, last) in last {
            for parent in self.above.get(child).into_iter().flatten() {
                let Some(first) = first.get(parent) else { continue };
                assert!(last < *first, "seed {seed}: {parent:?} went before {child:?}, which hangs off it");
                pairs += 1;
            }
        }
        pairs
    }
}

fn reach(parents: &BTreeMap<Row, BTreeSet<Row>>, from: &Row) -> BTreeSet<Row> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(row) = open.pop() {
        open.extend(
            parents.get(row).into_iter().flatten().filter(|parent| reached.insert((*parent).clone())),
        );
    }
    reached
}

fn pairs(cloud: &Cloud, sql: &str) -> Vec<(String, String)> {
    let connection = cloud.connection();
    let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<rusqlite::Result<_>>().unwrap_or_else(|error| panic!("{sql}: {error}"))
}
