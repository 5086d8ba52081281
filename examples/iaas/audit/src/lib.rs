//! Audits a deletion by two logs that are independent of the engine: the agents' log, and the inventory's log of
//! removed rows. The dependencies are read from the inventory before the deletion.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

/// A row of the inventory: its table and its id.
pub type Row = (String, String);

/// A second zone that refers to instances of the deleted zone: hosts unmount its volumes, and networks have bridges on
/// its hosts. So parents send commands to agents too, and not only their dependents.
const FAR_AWAY: &str = "
    INSERT INTO zone (id) VALUES ('zone-far');
    INSERT INTO cluster (id, zone_id) VALUES ('cluster-far', 'zone-far');
    INSERT INTO host (id, cluster_id) VALUES ('host-far', 'cluster-far');
    INSERT INTO l2_network_cluster_ref SELECT id, 'cluster-far' FROM l2_network;
    INSERT INTO primary_storage (id, zone_id) VALUES ('storage-far', 'zone-far');
    INSERT INTO volume (id, kind, account_id, primary_storage_id, host_id)
        SELECT 'volume-of-' || id, 'Data', 'account-admin', 'storage-far', id FROM host WHERE id <> 'host-far';
    CREATE TABLE trace (number INTEGER PRIMARY KEY, tab TEXT NOT NULL, id TEXT NOT NULL);";

/// Tables whose rows are marked by an effect, and removed by the cleanup.
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

/// Children and parents, with the query for the ids of both.
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

/// A violation that the audit found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The inventory cannot be read.
    #[error("the inventory cannot be read: {0}")]
    Inventory(#[from] rusqlite::Error),
    /// The audit does not know the step of a command.
    #[error("the step of `{command}` is unknown: add it to `Before::step`")]
    Stranger {
        /// The command.
        command: String,
    },
    /// An instance was removed before its dependent.
    #[error("{} {} was removed before {} {}, which depends on it", parent.0, parent.1, child.0, child.1)]
    Order {
        /// The instance that was removed too early.
        parent: Row,
        /// Its dependent.
        child: Row,
    },
    /// A step sent a command after its end.
    #[error("`{command}` was repeated after its step had ended")]
    Again {
        /// The command.
        command: String,
    },
}

/// The step of a command: an effect on one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The row.
    pub row: Row,
    /// The row's resource.
    pub resource: &'static str,
    /// The effect.
    pub effect: &'static str,
}

/// The instances whose steps have ended, by resource and effect.
pub type Ended = BTreeMap<(String, String), BTreeSet<String>>;

/// The content of the inventory before the deletion.
#[derive(Clone, Debug)]
pub struct Before {
    /// For each row, all its direct and indirect parents.
    above: BTreeMap<Row, BTreeSet<Row>>,
    /// The pool of each network that has one.
    pools: BTreeMap<String, String>,
}

/// The number of compared pairs of log entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairs {
    /// In the agents' log.
    pub agents: usize,
    /// In the inventory's log.
    pub inventory: usize,
}

impl Before {
    /// Prepares a new cloud for the audit, and reads it.
    pub fn prepare(inventory: &Connection) -> Result<Self, AuditError> {
        inventory.execute_batch(FAR_AWAY)?;
        for table in MARKED {
            inventory.execute_batch(&format!(
                "CREATE TRIGGER trace_{table} AFTER UPDATE OF deleted ON {table} WHEN NEW.deleted = 1
                BEGIN INSERT INTO trace (tab, id) VALUES ('{table}', NEW.id); END"
            ))?;
        }
        for table in REMOVED {
            inventory.execute_batch(&format!(
                "CREATE TRIGGER trace_{table} AFTER DELETE ON {table}
                BEGIN INSERT INTO trace (tab, id) VALUES ('{table}', OLD.id); END"
            ))?;
        }
        let mut parents: BTreeMap<Row, BTreeSet<Row>> = BTreeMap::new();
        for (child_table, parent_table, sql) in EDGES {
            for (child, parent) in pairs(inventory, sql)? {
                let row = (child_table.to_owned(), child);
                parents.entry(row).or_default().insert((parent_table.to_owned(), parent));
            }
        }
        let above = parents.keys().map(|row| (row.clone(), reach(&parents, row))).collect();
        let pools = pairs(inventory, "SELECT id, pool_id FROM l2_network WHERE pool_id IS NOT NULL")?;
        Ok(Self { above, pools: pools.into_iter().collect() })
    }

    /// The step of a command in the deletion of a zone.
    pub fn step(&self, command: &str) -> Result<Step, AuditError> {
        let words: Vec<&str> = command.split(' ').collect();
        let (table, resource, effect, id) = match *words {
            ["destroy-vm", vm] if vm.starts_with("router") => ("appliance_vm", "ApplianceVm", "destroy", vm),
            ["destroy-vm", vm] => ("vm_instance", "VmInstance", "destroy", vm),
            ["delete-vtep", vtep] => ("vtep", "Vtep", "remove", vtep),
            ["release-service", eip] if eip.starts_with("eip") => ("eip", "Eip", "remove", eip),
            ["release-service", port] if port.starts_with("port") => {
                ("port_forwarding_rule", "PortForwardingRule", "remove", port)
            }
            ["release-service", balancer] => ("load_balancer", "LoadBalancer", "leave_vips", balancer),
            ["unmount-volume", _, host] => ("host", "Host", "remove", host),
            // Networks are removed with their pool.
            ["delete-bridge", network, _] => {
                let pool = self.pools.get(network).map_or(network, String::as_str);
                ("l2_network", "L2Network", "remove", pool)
            }
            _ => return Err(AuditError::Stranger { command: command.to_owned() }),
        };
        Ok(Step { row: (table.to_owned(), id.to_owned()), resource, effect })
    }

    /// Checks that no command belongs to a step that had ended before.
    pub fn check_ended(&self, ended: &Ended, commands: &[String]) -> Result<(), AuditError> {
        for command in commands {
            let Step { row: (_, id), resource, effect } = self.step(command)?;
            let ids = ended.get(&(resource.to_owned(), effect.to_owned()));
            if ids.is_some_and(|ids| ids.contains(&id)) {
                return Err(AuditError::Again { command: command.clone() });
            }
        }
        Ok(())
    }

    /// Checks in both logs that the last entry of each dependent comes before the first entry of its parents.
    pub fn check(&self, inventory: &Connection, commands: &[String]) -> Result<Pairs, AuditError> {
        let sent = commands.iter().map(|command| Ok(self.step(command)?.row));
        let sent: Vec<Row> = sent.collect::<Result<_, AuditError>>()?;
        let removed = pairs(inventory, "SELECT tab, id FROM trace ORDER BY number")?;
        Ok(Pairs { agents: self.check_log(&sent)?, inventory: self.check_log(&removed)? })
    }

    fn check_log(&self, log: &[Row]) -> Result<usize, AuditError> {
        let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
        for (at, row) in log.iter().enumerate() {
            first.entry(row).or_insert(at);
            last.insert(row, at);
        }
        let mut pairs = 0;
        for (child, last) in last {
            for parent in self.above.get(child).into_iter().flatten() {
                let Some(first) = first.get(parent) else { continue };
                if last >= *first {
                    return Err(AuditError::Order { parent: parent.clone(), child: child.clone() });
                }
                pairs += 1;
            }
        }
        Ok(pairs)
    }
}

/// Whether a row, as text that begins with its table, is part of the inventory's log.
pub fn is_trace(row: &str) -> bool {
    row.starts_with("trace ")
}

fn reach(parents: &BTreeMap<Row, BTreeSet<Row>>, from: &Row) -> BTreeSet<Row> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(row) = open.pop() {
        let above = parents.get(row).into_iter().flatten();
        open.extend(above.filter(|parent| reached.insert((*parent).clone())));
    }
    reached
}

fn pairs(inventory: &Connection, sql: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = inventory.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{AuditError, Before, Ended, Row};

    fn row(table: &str, id: &str) -> Row {
        (table.to_owned(), id.to_owned())
    }

    /// Two VMs on a host.
    fn before() -> Before {
        let above = ["a", "b"].map(|vm| (row("vm_instance", vm), [row("host", "h")].into()));
        Before { above: above.into(), pools: BTreeMap::from([("vxlan".to_owned(), "pool".to_owned())]) }
    }

    fn commands(of: &[&str]) -> Vec<String> {
        of.iter().map(|command| (*command).to_owned()).collect()
    }

    #[test]
    fn a_parent_that_goes_before_the_last_of_its_children_is_seen() {
        let log = |log: &[(&str, &str)]| log.iter().map(|(table, id)| row(table, id)).collect::<Vec<_>>();
        let good = log(&[("vm_instance", "a"), ("vm_instance", "b"), ("host", "h")]);
        assert_eq!(before().check_log(&good).unwrap(), 2);
        let early = log(&[("vm_instance", "a"), ("host", "h"), ("vm_instance", "b")]);
        let error = before().check_log(&early).unwrap_err().to_string();
        assert_eq!(error, "host h was removed before vm_instance b, which depends on it");
        let again = log(&[("vm_instance", "a"), ("vm_instance", "b"), ("host", "h"), ("vm_instance", "a")]);
        assert!(before().check_log(&again).is_err());
    }

    #[test]
    fn a_command_of_a_step_that_had_ended_is_seen_whatever_it_is() {
        let ended = |resource: &str, effect: &str, id: &str| {
            Ended::from([((resource.to_owned(), effect.to_owned()), [id.to_owned()].into())])
        };
        for (command, of) in [
            ("destroy-vm vm-1", ended("VmInstance", "destroy", "vm-1")),
            ("destroy-vm router-1", ended("ApplianceVm", "destroy", "router-1")),
            ("delete-vtep vtep-1", ended("Vtep", "remove", "vtep-1")),
            ("release-service eip-1", ended("Eip", "remove", "eip-1")),
            ("release-service port-1", ended("PortForwardingRule", "remove", "port-1")),
            ("release-service lb-1", ended("LoadBalancer", "leave_vips", "lb-1")),
            ("unmount-volume volume-1 host-1", ended("Host", "remove", "host-1")),
            ("delete-bridge vxlan host-1", ended("L2Network", "remove", "pool")),
        ] {
            let again = before().check_ended(&of, &commands(&[command]));
            assert!(matches!(again, Err(AuditError::Again { .. })), "{command}");
            before().check_ended(&Ended::new(), &commands(&[command])).unwrap();
        }
    }

    #[test]
    fn a_command_that_nobody_knows_is_an_error() {
        let error = before().step("paint-vm vm-1").unwrap_err().to_string();
        assert!(error.starts_with("the step of `paint-vm vm-1` is unknown"), "{error}");
        assert!(before().step("destroy-vm").is_err());
    }
}
