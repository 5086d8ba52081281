//! The steps of runs in Restate's journal.

use std::collections::{BTreeMap, BTreeSet};

use iaas_audit::Ended;
use serde_json::Value;

use crate::ensure;
use crate::server::Server;

/// The invocations of steps that have ended.
pub(crate) async fn ended_steps(server: &Server) -> Result<BTreeSet<String>, String> {
    let sql =
        "SELECT id FROM sys_invocation WHERE target_service_name LIKE 'Step.%' AND status = 'completed'";
    let rows = server.query(sql).await?;
    Ok(rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned)).collect())
}

/// The resource, effect and instances of a step.
type Step = (String, String, Vec<String>);

/// The resources, effects and instances of invocations, in the form that an audit needs.
pub(crate) async fn named(server: &Server, sets: &[&BTreeSet<String>]) -> Result<Vec<Ended>, String> {
    let called = called(server).await?;
    ensure(!called.is_empty(), || String::from("the journal has no step"))?;
    let of = |invocations: &&BTreeSet<String>| {
        let mut ended = Ended::new();
        for (resource, effect, ids) in invocations.iter().filter_map(|invocation| called.get(invocation)) {
            let known = ended.entry((resource.clone(), effect.clone())).or_default();
            known.extend(ids.iter().cloned());
        }
        ended
    };
    Ok(sets.iter().map(of).collect())
}

/// The effects that runs called, by their invocations.
async fn called(server: &Server) -> Result<BTreeMap<String, Step>, String> {
    let sql = "SELECT j.entry_json AS entry FROM sys_journal j JOIN sys_invocation i ON i.id = j.id \
               WHERE i.target_service_name = 'Cascade' AND i.target_handler_name = 'run' \
               AND j.entry_type = 'Command: Call'";
    let mut called = BTreeMap::new();
    for row in server.query(sql).await? {
        let entry: Value =
            row["entry"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let request = &entry["Command"]["Call"]["request"];
        let bytes = request["parameter"].as_array().map(|bytes| {
            bytes
                .iter()
                .filter_map(Value::as_u64)
                .filter_map(|byte| u8::try_from(byte).ok())
                .collect::<Vec<u8>>()
        });
        let message: Value = serde_json::from_slice(&bytes.unwrap_or_default()).unwrap_or_default();
        let call = &message["call"];
        if call["phase"] != "effect" {
            continue;
        }
        if let (Some(id), Some(resource), Some(effect)) =
            (request["invocation_id"].as_str(), call["resource"].as_str(), call["effect"].as_str())
        {
            let ids = call["ids"].as_array().into_iter().flatten();
            let ids = ids.filter_map(|id| id.as_str().map(str::to_owned)).collect();
            called.insert(id.to_owned(), (resource.to_owned(), effect.to_owned(), ids));
        }
    }
    Ok(called)
}
