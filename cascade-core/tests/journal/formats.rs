//! Records of earlier versions are still read: a run that an earlier version began can be resumed.

use cascade_core::prelude::*;
use cascade_core::{Declaration, NewRun, Pair, PlanVeto, Record, ResourceDescriptor, Rule, RunInfo, place};
use cascade_core::{MemoryJournal, StepError};
use serde_json::{Value, json};

use crate::schemas::{RUN, assert_conforms};

/// Each line is a record that the version of commit `c95c686` wrote.
const RECORDS: &str = include_str!("../data/records-c95c686.jsonl");

#[test]
fn records_of_an_earlier_version_are_read_and_written_alike() {
    for line in RECORDS.lines() {
        let record: Record = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let written = serde_json::to_value(&record).expect("a record serialises");
        let read: Value = serde_json::from_str(line).expect("the line is JSON");
        assert_eq!(written, read);
    }
    assert_eq!(RECORDS.lines().count(), 10);
}

/// A record of a program that recorded the printed ids of failures and vetoes, and not the ids themselves.
fn nested(failure: &Value, veto: &Value) -> Value {
    json!({
        "record": "nested", "resource": "Zone", "effect": "clean",
        "asked": { "operation": null, "root": "Vm", "roots": [7] },
        "report": {
            "operation": "delete", "done": 0, "failed": 1, "blocked": 0, "not_started": 0, "unrecorded": 0,
            "not_cleaned_up": 0, "cancelled": false,
            "resources": {
                "Vm": { "done": 0, "failed": 1, "blocked": 0, "not_started": 0, "unrecorded": 0 },
            },
            "overridden": [veto], "failures": [failure], "nested": [],
        },
    })
}

fn failure(mut instance: Value) -> Value {
    instance["phase"] = "effect".into();
    instance["effect"] = "stop".into();
    instance["error"] = "no answer".into();
    instance
}

fn veto(mut instance: Value) -> Value {
    instance["reason"] = "protected".into();
    instance["check"] = "Vms::may".into();
    instance
}

#[test]
fn reports_in_records_are_written_alike_with_ids_and_without() {
    let without = json!({ "resource": "Vm", "id": "vm-7" });
    let with = json!({ "resource": "Vm", "id": "vm-7", "value": 7 });
    for (stored, id) in [(&without, Value::Null), (&with, json!(7))] {
        let written = nested(&failure(stored.clone()), &veto(stored.clone()));
        let record: Record = serde_json::from_value(written.clone()).expect("the record is read");
        assert_eq!(serde_json::to_value(&record).expect("it serialises"), written);
        let Record::Nested(nested) = record else { panic!("{record:?}") };
        let instance = &nested.report.failures[0].instance;
        assert_eq!((&instance.id, instance.text.as_str()), (&id, "vm-7"));
        assert_eq!(&nested.report.overridden[0].instance, instance);

        let overridden = json!({ "record": "overridden", "vetoes": [veto(stored.clone())] });
        let record: Record = serde_json::from_value(overridden.clone()).expect("the record is read");
        assert_eq!(serde_json::to_value(record).expect("it serialises"), overridden);
    }
}

/// What workers of an earlier version send.
#[test]
fn a_veto_with_the_printed_id_alone_is_read() {
    let read = |instance: Value| -> PlanVeto { serde_json::from_value(veto(instance)).expect("a veto") };
    let old = read(json!({ "resource": "Vm", "id": "vm-7" }));
    assert_eq!((old.instance.id, old.instance.text.as_str()), (Value::Null, "vm-7"));
    let new = read(json!({ "resource": "Vm", "id": 7, "text": "vm-7" }));
    assert_eq!((new.instance.id, new.instance.text.as_str()), (json!(7), "vm-7"));
}

#[test]
fn a_stored_run_is_written_alike_with_ids_of_roots_and_without() {
    let old = json!({
        "id": "r", "operation": "delete", "payload": null, "root": "Zone", "roots": ["zone-1", "zone-2"],
        "root_count": 2, "instances": 5,
    });
    let mut new = old.clone();
    new["root_ids"] = json!([1, 2]);
    for (stored, ids) in [(old, [Value::Null, Value::Null]), (new, [json!(1), json!(2)])] {
        let run: NewRun = serde_json::from_value(stored).expect("the run is read");
        assert!(run.roots.iter().map(|root| &root.id).eq(&ids));
        let again: NewRun =
            serde_json::from_value(serde_json::to_value(&run).expect("it serialises")).expect("it is read");
        assert_eq!(again, run);
        let info = RunInfo::new(run, None);
        assert_conforms(&RUN, &info);
        let document = serde_json::to_value(&info).expect("it serialises");
        assert_eq!(document["roots"][1], json!({ "resource": "Zone", "id": ids[1], "text": "zone-2" }));
    }
}

/// Journals hold serialised ids. The program that knows their type prints them.
#[tokio::test(start_paused = true)]
async fn details_of_a_run_print_ids_as_plans_do() {
    type Key = Pair<u64, String>;
    let member = ResourceDescriptor::runtime::<Key>("Member", place!());
    let mut members = Declaration::<(), Key>::new("Members", member, place!());
    members.effect("remove", place!(), |(), _, _| Box::pin(async { Err(StepError::terminal("no answer")) }));
    members.rule(Rule::effect::<Delete>("remove", place!()));
    let journal = MemoryJournal::new();
    let builder = Cascade::builder().declare((), members).journal(journal);
    let cascade = builder.build().expect("the graph has no faults");
    let plan = cascade.plan_named(Delete, "Member", ["7/a%2Fb"]).await.expect("there is a plan");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    let details = cascade.run_details(report.run_id()).await.expect("the run is in the journal");
    let named = json!({ "resource": "Member", "id": [7, "a/b"], "text": "7/a%2Fb" });
    let document = serde_json::to_value(&details).expect("it serialises");
    assert_eq!(document["roots"], json!([named]));
    assert_eq!(serde_json::to_value(&details.failures[0].instance).expect("it serialises"), named);
    assert_conforms(&RUN, &details);
}
