//! `iaas show`

use std::collections::BTreeMap;

use iaas_model::Db;
use iaas_model::catalogue::Count;
use indicatif::HumanCount;
use serde::Serialize;

use crate::failure::Failure;

#[derive(Serialize)]
struct Shown {
    resources: BTreeMap<&'static str, Count>,
}

pub(crate) async fn run(db: &Db, json: bool) -> Result<(), Failure> {
    let resources = db.counts().await?;
    if json {
        println!("{}", serde_json::to_string(&Shown { resources }).map_err(Failure::failed)?);
        return Ok(());
    }
    for (resource, count) in resources {
        let running = count.running.map_or_else(String::new, |n| format!("  {} running", HumanCount(n)));
        println!("{resource:<22} {:>8}{running}", HumanCount(count.total).to_string());
    }
    Ok(())
}
