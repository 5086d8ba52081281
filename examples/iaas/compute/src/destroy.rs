//! Destroying VMs and routers.

use std::collections::BTreeMap;

use iaas_model::agents::{Command, Sent};
use iaas_model::{Agents, Db, DbError, Stored, array};

use crate::nics;

/// Destroys VMs or routers with their NICs and, except for those in the list, their root volumes. Data volumes stay
/// detached.
pub(crate) async fn destroy<R: Stored>(
    db: &Db,
    agents: &Agents,
    ids: &[R::Id],
    keeps_volume: impl Fn(&R::Id) -> bool,
) -> Result<Sent<R::Id>, DbError> {
    let with_volume: Vec<R::Id> = ids.iter().filter(|id| !keeps_volume(id)).cloned().collect();
    let mut commands = commands::<R>(db, ids, &with_volume).await?;
    let order = |id: &R::Id| (id.clone(), commands.remove(id.as_ref()).unwrap_or_default());
    let sent = agents.send_all(ids.iter().map(order).collect()).await;

    let done = sent.done.clone();
    db.write(move |transaction| {
        nics::remove_all_of(transaction, &done)?;
        let with_volume = array(&with_volume);
        let done = array(&done);
        for statement in REMOVE_ROOT_VOLUMES {
            transaction.prepare_cached(statement)?.execute([&done, &with_volume])?;
        }
        let unplug = "UPDATE volume SET owner_id = NULL WHERE owner_id IN rarray(?1)";
        transaction.prepare_cached(unplug)?.execute([&done])?;
        let mark = format!("UPDATE {} SET deleted = 1, host_id = NULL WHERE id IN rarray(?1)", R::TABLE);
        transaction.prepare_cached(&mark)?.execute([&done])
    })
    .await?;
    Ok(sent)
}

/// A VM has no edge to its volumes, as in the original: the root volume is part of the VM, and its snapshots are
/// removed with it.
const REMOVE_ROOT_VOLUMES: [&str; 2] = [
    "DELETE FROM volume_snapshot WHERE volume_id IN (SELECT id FROM volume
        WHERE kind = 'Root' AND owner_id IN rarray(?1) AND owner_id IN rarray(?2))",
    "DELETE FROM volume WHERE kind = 'Root' AND owner_id IN rarray(?1) AND owner_id IN rarray(?2)",
];

/// The agent commands per instance: none for an instance without a host that keeps its volume.
async fn commands<R: Stored>(
    db: &Db,
    ids: &[R::Id],
    with_volume: &[R::Id],
) -> Result<BTreeMap<String, Vec<Command>>, DbError> {
    let (ids, with_volume) = (ids.to_vec(), with_volume.to_vec());
    db.read(move |connection| {
        let mut commands: BTreeMap<String, Vec<Command>> = BTreeMap::new();
        let on_host = format!("SELECT id FROM {} WHERE id IN rarray(?1) AND host_id IS NOT NULL", R::TABLE);
        for id in iaas_model::column::<String>(connection, &on_host, &[&array(&ids)])? {
            commands.entry(id.clone()).or_default().push(Command::DestroyVm(id));
        }
        let volumes = "SELECT owner_id, id FROM volume
            WHERE owner_id IN rarray(?1) AND kind = 'Root' AND deleted = 0";
        let mut statement = connection.prepare_cached(volumes)?;
        let mut rows = statement.query([array(&with_volume)])?;
        while let Some(row) = rows.next()? {
            commands.entry(row.get(0)?).or_default().push(Command::DeleteVolume(row.get(1)?));
        }
        Ok(commands)
    })
    .await
}
