//! Migration of routers to other hosts.

use iaas_model::agents::Command;
use iaas_model::compute::{ApplianceVmId, ClusterId, HostId};
use iaas_model::{Agents, Db, DbError, array};
use rusqlite::ToSql;

/// Moves routers to hosts that can run them, outside of the cluster `leaves`. Returns the routers that could not be
/// moved: they do not run, have no target host, or failed to migrate.
pub(crate) async fn migrate(
    db: &Db,
    agents: &Agents,
    routers: &[ApplianceVmId],
    leaves: Option<&ClusterId>,
) -> Result<Vec<ApplianceVmId>, DbError> {
    let (mut moves, mut stranded) = (Vec::new(), Vec::new());
    for (router, target) in targets(db, routers, leaves).await? {
        match target {
            Some(host) => moves.push((router, host)),
            None => stranded.push(router),
        }
    }
    let order = |(router, host): &(ApplianceVmId, HostId)| {
        (router.clone(), vec![Command::MigrateVm(router.to_string(), host.to_string())])
    };
    let sent = agents.send_all(moves.iter().map(order).collect()).await;
    // The agents' log has the reason of a failed migration. The router is destroyed, so that no dependent blocks.
    stranded.extend(sent.failed.into_iter().map(|(router, _)| router));
    moves.retain(|(router, _)| !stranded.contains(router));
    db.write(move |transaction| {
        let sql = "UPDATE appliance_vm SET host_id = ?2, last_host_id = ?2,
            cluster_id = (SELECT cluster_id FROM host WHERE id = ?2) WHERE id = ?1";
        let mut update = transaction.prepare_cached(sql)?;
        moves.iter().try_for_each(|(router, host)| update.execute((router, host)).map(drop))
    })
    .await?;
    Ok(stranded)
}

/// The routers that have to move, each with its target host, if there is one: an open host in the same zone, with the
/// router's storage and all its networks. The host with the fewest instances is chosen.
///
/// A router has to move if its host is closed or its cluster is `leaves`. A router that an earlier attempt of the step
/// has moved meets neither condition.
async fn targets(
    db: &Db,
    routers: &[ApplianceVmId],
    leaves: Option<&ClusterId>,
) -> Result<Vec<(ApplianceVmId, Option<HostId>)>, DbError> {
    const SQL: &str = "SELECT router.id, (
            SELECT host.id FROM cluster JOIN host ON host.cluster_id = cluster.id
            WHERE router.state = 'Running' AND cluster.zone_id = router.zone_id
                AND cluster.state = 'Enabled' AND cluster.deleted = 0 AND cluster.id IS NOT ?2
                AND host.state = 'Enabled' AND host.deleted = 0 AND host.id <> router.host_id
                AND NOT EXISTS (
                    SELECT 1 FROM volume
                    WHERE volume.owner_id = router.id AND volume.deleted = 0 AND NOT EXISTS (
                        SELECT 1 FROM primary_storage_cluster_ref AS attached
                        WHERE attached.primary_storage_id = volume.primary_storage_id
                            AND attached.cluster_id = cluster.id
                    )
                )
                AND NOT EXISTS (
                    SELECT 1 FROM nic JOIN l3_network AS l3 ON l3.id = nic.l3_network_id
                    WHERE nic.owner_id = router.id AND NOT EXISTS (
                        SELECT 1 FROM l2_network_cluster_ref AS attached
                        WHERE attached.l2_network_id = l3.l2_network_id AND attached.cluster_id = cluster.id
                    )
                )
            ORDER BY (SELECT count(*) FROM appliance_vm AS there WHERE there.host_id = host.id), host.id
            LIMIT 1
        )
        FROM appliance_vm AS router
        WHERE router.id IN rarray(?1) AND router.deleted = 0 AND (
            router.state <> 'Running' OR router.cluster_id = ?2
            OR EXISTS (SELECT 1 FROM host WHERE host.id = router.host_id AND host.state <> 'Enabled')
        )";
    let (routers, leaves) = (routers.to_vec(), leaves.cloned());
    db.read(move |connection| {
        let parameters: [&dyn ToSql; 2] = [&array(&routers), &leaves];
        let mut statement = connection.prepare_cached(SQL)?;
        statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    })
    .await
}
