//! The VMs and routers on hosts that are removed.

use std::collections::BTreeMap;

use cascade_core::StepContext;
use iaas_model::compute::{ApplianceVm, ApplianceVmId, HostId, VmId, VmInstance};
use iaas_model::{Db, DbError, array};
use rusqlite::types::FromSql;
use rusqlite::{Connection, ToSql, Transaction};

/// The VMs and routers on some hosts that the run knows: they are in its plan. If one of them is still there when its host is
/// removed, its own step has failed, and the run was to go on.
#[derive(Clone)]
pub(crate) struct Known {
    vms: Vec<VmId>,
    routers: Vec<ApplianceVmId>,
}

impl Known {
    pub(crate) async fn on(hosts: &[HostId], db: &Db, cx: &StepContext) -> Result<Self, DbError> {
        let on_hosts = "SELECT id FROM vm_instance WHERE host_id IN rarray(?1) AND deleted = 0";
        let mut vms: Vec<VmId> = db.select(hosts, on_hosts).await?;
        vms.retain(|vm| cx.is_affected::<VmInstance>(vm));
        let on_hosts = "SELECT id FROM appliance_vm WHERE host_id IN rarray(?1) AND deleted = 0";
        let mut routers: Vec<ApplianceVmId> = db.select(hosts, on_hosts).await?;
        routers.retain(|router| cx.is_affected::<ApplianceVm>(router));
        Ok(Self { vms, routers })
    }

    /// The hosts with a VM or a router that the run does not know, each with one of those. Nobody approved that they lose their
    /// host, and no agent was told to stop them.
    pub(crate) fn occupied(
        &self,
        connection: &Connection,
        hosts: &[HostId],
    ) -> rusqlite::Result<BTreeMap<HostId, String>> {
        let vms = "SELECT host_id, max(id) FROM vm_instance
            WHERE host_id IN rarray(?1) AND id NOT IN rarray(?2) AND deleted = 0 GROUP BY host_id";
        let routers = "SELECT host_id, max(id) FROM appliance_vm
            WHERE host_id IN rarray(?1) AND id NOT IN rarray(?2) AND deleted = 0 GROUP BY host_id";
        let mut occupied = pairs(connection, vms, &[&array(hosts), &array(&self.vms)])?;
        occupied.extend(pairs(connection, routers, &[&array(hosts), &array(&self.routers)])?);
        Ok(occupied.into_iter().collect())
    }
}

/// Takes the VMs and routers that are still on the hosts off them. Agents did not stop them, so nobody knows what they do.
pub(crate) fn lose_their_host(transaction: &Transaction<'_>, hosts: &[HostId]) -> rusqlite::Result<()> {
    for table in ["vm_instance", "appliance_vm"] {
        let sql = format!(
            "UPDATE {table} SET host_id = NULL, state = 'Unknown' WHERE host_id IN rarray(?1) AND deleted = 0"
        );
        transaction.prepare_cached(&sql)?.execute([array(hosts)])?;
    }
    Ok(())
}

fn pairs<A: FromSql, B: FromSql>(
    connection: &Connection,
    sql: &str,
    parameters: &[&dyn ToSql],
) -> rusqlite::Result<Vec<(A, B)>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
