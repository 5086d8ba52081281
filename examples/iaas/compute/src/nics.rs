//! NICs of VMs and routers: removed with their owner, or removed from an owner that stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use cascade_core::{ResourceId, StepContext};
use iaas_model::agents::{Command, Sent};
use iaas_model::network::{IpRange, L2Network, L3Network};
use iaas_model::{Agents, Db, DbError, Id, array, column};
use rusqlite::Connection;

/// The removed networks and ranges.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removed {
    pub(crate) l2_networks: Vec<String>,
    pub(crate) l3_networks: Vec<String>,
    pub(crate) ip_ranges: Vec<String>,
}

impl Removed {
    /// The networks and ranges among the ancestors of these instances: their NICs may depend on them.
    pub(crate) fn above<I: ResourceId>(ids: &[I], cx: &StepContext) -> Self {
        let all = |parents_of: &dyn Fn(&I) -> Vec<String>| {
            ids.iter().flat_map(parents_of).collect::<BTreeSet<_>>().into_iter().collect()
        };
        Self {
            l2_networks: all(&|id| names(&cx.parents_of::<L2Network>(id))),
            l3_networks: all(&|id| names(&cx.parents_of::<L3Network>(id))),
            ip_ranges: all(&|id| names(&cx.parents_of::<IpRange>(id))),
        }
    }
}

fn names(ids: &[impl Display]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// A NIC that loses its network or its last address.
#[derive(Debug)]
pub(crate) struct LostNic {
    id: String,
    pub(crate) owner: String,
    /// A router needs all its networks except the additional ones.
    pub(crate) is_additional: bool,
    /// Whether its owner is on a host, whose agent gets a command.
    is_plugged: bool,
}

/// The NICs of these VMs or routers that lose their network or their last address. A NIC with an IPv4 and an IPv6
/// address can lose one of them.
pub(crate) async fn lost<I: Id>(db: &Db, owners: &[I], removed: &Removed) -> Result<Vec<LostNic>, DbError> {
    let (owners, removed) = (owners.to_vec(), removed.clone());
    db.read(move |connection| {
        let lists = [
            array(&owners),
            array(&removed.l3_networks),
            array(&removed.l2_networks),
            array(&removed.ip_ranges),
        ];
        let mut statement = connection.prepare_cached(LOST)?;
        let nics = statement.query_map(lists, |row| {
            Ok(LostNic {
                id: row.get(0)?,
                owner: row.get(1)?,
                is_additional: row.get(2)?,
                is_plugged: row.get(3)?,
            })
        })?;
        nics.collect()
    })
    .await
}

const LOST: &str = "SELECT id, owner_id, role IS 'Additional',
        EXISTS (SELECT 1 FROM vm_instance WHERE id = nic.owner_id AND host_id IS NOT NULL)
        OR EXISTS (SELECT 1 FROM appliance_vm WHERE id = nic.owner_id AND host_id IS NOT NULL)
    FROM nic WHERE owner_id IN rarray(?1) AND (
        l3_network_id IN rarray(?2)
        OR l3_network_id IN (
            SELECT l3.id FROM l3_network AS l3 JOIN l2_network AS l2 ON l2.id = l3.l2_network_id
            WHERE l2.id IN rarray(?3) OR l2.pool_id IN rarray(?3)
        )
        OR (
            EXISTS (SELECT 1 FROM used_ip WHERE user_id = nic.id AND ip_range_id IN rarray(?4))
            AND NOT EXISTS (SELECT 1 FROM used_ip WHERE user_id = nic.id AND ip_range_id NOT IN rarray(?4))
        )
    )";

/// Removes the lost NICs from VMs or routers that stay, and releases the addresses of the removed ranges.
pub(crate) async fn take_out<I: Id + Ord>(
    db: &Db,
    agents: &Agents,
    owners: &[I],
    lost: Vec<LostNic>,
    removed: &Removed,
) -> Result<Sent<I>, DbError> {
    let mut commands: BTreeMap<&str, Vec<Command>> = BTreeMap::new();
    for nic in lost.iter().filter(|nic| nic.is_plugged) {
        commands.entry(&nic.owner).or_default().push(Command::DetachNic(nic.id.clone()));
    }
    let order = |owner: &I| (owner.clone(), commands.remove(owner.as_ref()).unwrap_or_default());
    let sent = agents.send_all(owners.iter().map(order).collect()).await;
    let (done, ranges) = (sent.done.clone(), removed.ip_ranges.clone());
    db.write(move |transaction| {
        let keep = |nic: &LostNic| done.iter().any(|owner| owner.as_ref() == nic.owner);
        let nics: Vec<String> = lost.into_iter().filter(keep).map(|nic| nic.id).collect();
        remove(transaction, &nics)?;
        let done = array(&done);
        transaction.prepare_cached(GIVE_BACK)?.execute([&done, &array(&ranges)])?;
        for statement in SETTLE {
            transaction.prepare_cached(statement)?.execute([&done])?;
        }
        Ok(())
    })
    .await?;
    Ok(sent)
}

const GIVE_BACK: &str = "DELETE FROM used_ip WHERE ip_range_id IN rarray(?2)
    AND user_id IN (SELECT id FROM nic WHERE owner_id IN rarray(?1))";

/// Selects another main address for NICs that lost theirs, and another default network for VMs that lost theirs.
const SETTLE: [&str; 2] = [
    "UPDATE nic SET address = (SELECT address FROM used_ip WHERE user_id = nic.id ORDER BY id LIMIT 1)
        WHERE owner_id IN rarray(?1)
        AND NOT EXISTS (SELECT 1 FROM used_ip WHERE user_id = nic.id AND address = nic.address)",
    "UPDATE vm_instance SET default_l3_id =
            (SELECT l3_network_id FROM nic WHERE owner_id = vm_instance.id ORDER BY id LIMIT 1)
        WHERE id IN rarray(?1) AND NOT EXISTS
            (SELECT 1 FROM nic WHERE owner_id = vm_instance.id AND l3_network_id = default_l3_id)",
];

/// Removes all NICs of removed VMs or routers.
pub(crate) fn remove_all_of<I: Id>(connection: &Connection, owners: &[I]) -> rusqlite::Result<()> {
    let sql = "SELECT id FROM nic WHERE owner_id IN rarray(?1)";
    let nics: Vec<String> = column(connection, sql, &[&array(owners)])?;
    remove(connection, &nics)
}

/// Removes NICs with their addresses. External addresses that led to them stay without a target.
fn remove(connection: &Connection, nics: &[String]) -> rusqlite::Result<()> {
    let nics = array(nics);
    for statement in [
        "UPDATE eip SET nic_id = NULL WHERE nic_id IN rarray(?1)",
        "UPDATE port_forwarding_rule SET nic_id = NULL WHERE nic_id IN rarray(?1)",
        "DELETE FROM vm_nic_security_group_ref WHERE nic_id IN rarray(?1)",
        "DELETE FROM used_ip WHERE user_id IN rarray(?1)",
        "DELETE FROM nic WHERE id IN rarray(?1)",
    ] {
        connection.prepare_cached(statement)?.execute([&nics])?;
    }
    Ok(())
}
