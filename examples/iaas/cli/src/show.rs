//! `iaas show`

use std::collections::BTreeMap;

use iaas_model::Db;
use iaas_model::catalogue::Count;
use indicatif::HumanCount;
use serde::Serialize;

use crate::failure::Failure;
use crate::print::{print, print_json};

#[derive(Serialize)]
struct Shown {
    resources: BTreeMap<&'static str, Count>,
}

pub(crate) async fn run(db: &Db, json: bool) -> Result<(), Failure> {
    let resources = db.counts().await?;
    if json {
        return print_json(&Shown { resources });
    }
    let line = |(resource, count): (&str, Count)| {
        let running = count.running.map_or_else(String::new, |n| format!("  {} running", HumanCount(n)));
        format!("{resource:<22} {:>8}{running}\n", HumanCount(count.total).to_string())
    };
    print(resources.into_iter().map(line).collect::<Vec<_>>().concat())
}
