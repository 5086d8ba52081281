//! Referential integrity: no live row may refer to a removed one.

use rusqlite::Connection;

/// A column, and the tables that contain its ids.
const REFERENCES: [(&str, &str, &str); 74] = [
    ("cluster", "zone_id", "zone"),
    ("host", "cluster_id", "cluster"),
    ("host_allocated_cpu", "host_id", "host"),
    ("host_numa_node", "host_id", "host"),
    ("instance_offering", "account_id", "account"),
    ("vm_instance", "account_id", "account"),
    ("vm_instance", "zone_id", "zone"),
    ("vm_instance", "cluster_id", "cluster"),
    ("vm_instance", "host_id", "host"),
    ("vm_instance", "last_host_id", "host"),
    ("vm_instance", "instance_offering_id", "instance_offering"),
    ("vm_instance", "default_l3_id", "l3_network"),
    ("vm_instance_numa_node", "vm_instance_id", "vm_instance"),
    ("appliance_vm", "account_id", "account"),
    ("appliance_vm", "zone_id", "zone"),
    ("appliance_vm", "cluster_id", "cluster"),
    ("appliance_vm", "host_id", "host"),
    ("appliance_vm", "last_host_id", "host"),
    ("virtual_router_offering", "management_l3_id", "l3_network"),
    ("virtual_router_offering", "public_l3_id", "l3_network"),
    ("virtual_router_offering", "image_id", "image"),
    ("primary_storage", "zone_id", "zone"),
    ("primary_storage_cluster_ref", "primary_storage_id", "primary_storage"),
    ("primary_storage_cluster_ref", "cluster_id", "cluster"),
    ("disk_offering", "account_id", "account"),
    ("volume", "account_id", "account"),
    ("volume", "primary_storage_id", "primary_storage"),
    ("volume", "host_id", "host"),
    ("volume", "disk_offering_id", "disk_offering"),
    ("volume_snapshot", "volume_id", "volume"),
    ("backup_storage_zone_ref", "backup_storage_id", "backup_storage"),
    ("backup_storage_zone_ref", "zone_id", "zone"),
    ("image", "account_id", "account"),
    ("image_backup_storage_ref", "image_id", "image"),
    ("image_backup_storage_ref", "backup_storage_id", "backup_storage"),
    ("l2_network", "account_id", "account"),
    ("l2_network", "zone_id", "zone"),
    ("l2_network", "pool_id", "l2_network"),
    ("l2_network_cluster_ref", "l2_network_id", "l2_network"),
    ("l2_network_cluster_ref", "cluster_id", "cluster"),
    ("l3_network", "account_id", "account"),
    ("l3_network", "l2_network_id", "l2_network"),
    ("l3_network_service_ref", "l3_network_id", "l3_network"),
    ("ip_range", "l3_network_id", "l3_network"),
    ("nic", "l3_network_id", "l3_network"),
    ("used_ip", "ip_range_id", "ip_range"),
    ("vtep", "host_id", "host"),
    ("vtep", "l2_network_id", "l2_network"),
    ("remote_vtep", "l2_network_id", "l2_network"),
    ("vip", "account_id", "account"),
    ("vip", "ip_range_id", "ip_range"),
    ("eip", "vip_id", "vip"),
    ("eip", "nic_id", "nic"),
    ("port_forwarding_rule", "vip_id", "vip"),
    ("port_forwarding_rule", "nic_id", "nic"),
    ("load_balancer_vip_ref", "vip_id", "vip"),
    ("listener_acl_ref", "access_control_list_id", "access_control_list"),
    ("vip", "l3_network_id", "l3_network"),
    ("access_control_list", "account_id", "account"),
    ("load_balancer", "account_id", "account"),
    ("load_balancer_vip_ref", "load_balancer_id", "load_balancer"),
    ("load_balancer_listener", "load_balancer_id", "load_balancer"),
    ("listener_acl_ref", "listener_id", "load_balancer_listener"),
    ("certificate", "account_id", "account"),
    ("sdn_controller", "account_id", "account"),
    ("vtep", "cluster_id", "cluster"),
    ("remote_vtep", "cluster_id", "cluster"),
    ("vm_nic_security_group_ref", "nic_id", "nic"),
    ("vm_nic_security_group_ref", "vm_instance_id", "vm_instance"),
    ("volume", "owner_id", "vm_instance|appliance_vm"),
    ("nic", "owner_id", "vm_instance|appliance_vm"),
    ("used_ip", "user_id", "nic|vip"),
    ("security_group", "account_id", "account"),
    ("vm_nic_security_group_ref", "security_group_id", "security_group"),
];

/// The references of live rows to missing rows. The templates of VMs and routers, images and offerings, may be
/// missing.
pub(crate) fn dangling(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut dangling = Vec::new();
    for (table, column, targets) in REFERENCES {
        let live_target = |target| {
            let there = live(connection, target, "target")?;
            Ok(format!("SELECT 1 FROM {target} AS target WHERE target.id = this.{column} AND {there}"))
        };
        let there: rusqlite::Result<Vec<String>> = targets.split('|').map(live_target).collect();
        let sql = format!(
            "SELECT '{table}.{column} = ' || this.{column} FROM {table} AS this
                WHERE this.{column} IS NOT NULL AND {} AND NOT EXISTS ({})",
            live(connection, table, "this")?,
            there?.join(" UNION ALL ")
        );
        let mut statement = connection.prepare(&sql)?;
        let found: rusqlite::Result<Vec<String>> = statement.query_map([], |row| row.get(0))?.collect();
        dangling.extend(found?);
    }
    Ok(dangling)
}

/// The condition that picks the live rows of a table.
fn live(connection: &Connection, table: &str, alias: &str) -> rusqlite::Result<String> {
    let sql = format!("SELECT count(*) FROM pragma_table_info('{table}') WHERE name = 'deleted'");
    let soft: bool = connection.query_row(&sql, [], |row| row.get(0))?;
    Ok(if soft { format!("{alias}.deleted = 0") } else { String::from("TRUE") })
}
