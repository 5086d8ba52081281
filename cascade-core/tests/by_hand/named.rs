//! Questions by name: methods, plans and reports of a graph whose resources exist only at run time.

use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{Declaration, Found, LookupError, Plan, Report, ResourceDescriptor, Rule, Verdict};

use crate::declared::at;

/// The answers that methods got.
type Answers = Arc<Mutex<Vec<String>>>;
type Declared = Declaration<Answers, String>;

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name, at(1))
}

fn zones() -> Declared {
    let mut zones = Declared::new("Zones", resource("Zone"), at(10));
    zones.effect("remove", at(10), |_, _, _| Box::pin(async { Ok(Outcome::done()) }));
    zones.rule(Rule::effect::<Delete>("remove", at(10)));
    zones
}

fn note(answers: &Answers, answer: String) {
    answers.lock().unwrap().push(answer);
}

/// Hosts in zones: `h1` in both, `h2` in the second. Their check and their effect ask about zones and hosts.
fn hosts() -> Declared {
    let mut hosts = Declared::new("Hosts", resource("Host"), at(20));
    hosts.effect("stop", at(21), |answers: &Answers, ids, cx| {
        Box::pin(async move {
            for id in ids {
                let parents: Option<Vec<String>> = cx.parents_named("Zone", id);
                note(answers, format!("effect: {id} in {parents:?}"));
            }
            let going = |resource, id: &str| cx.is_going_named(resource, &id.to_owned());
            note(answers, format!("going: {:?} {:?}", going("Zone", "z1"), going("Host", "h1")));
            note(answers, format!("root: {:?}", cx.is_root_named("Zone", &String::from("z1"))));
            Ok(Outcome::done())
        })
    });
    hosts.check::<Delete, _>("may_stop", at(22), |answers: &Answers, _, cx| {
        Box::pin(async move {
            let id = |id: &str| id.to_owned();
            note(answers, format!("affected: {:?}", cx.is_affected_named("Zone", &id("z2"))));
            note(answers, format!("not affected: {:?}", cx.is_affected_named("Zone", &id("z9"))));
            note(answers, format!("effects: {:?}", cx.effects_named("Host", &id("h1"))));
            note(answers, format!("no effects: {:?}", cx.effects_named("Host", &id("h9"))));
            note(answers, format!("unknown: {:?}", cx.is_affected_named("Zoen", &id("z1"))));
            note(answers, format!("other ids: {:?}", cx.is_going_named("Zone", &7_u64)));
            note(answers, format!("no edge: {:?}", cx.parents_named::<String>("Host", &id("h1"))));
            note(answers, format!("parents of none: {:?}", cx.parents_named::<String>("Zone", &id("h9"))));
            note(answers, format!("parents of other ids: {:?}", cx.parents_named::<u64>("Zone", &id("h1"))));
            Ok(Vec::new())
        })
    });
    let all = [("z1", "h1"), ("z2", "h1"), ("z2", "h2")];
    hosts
        .edge_with(resource("Zone"), at(23))
        .finder("in_zones", move |_, zones: &[String], _| {
            let found = all.iter().filter(|(zone, _)| zones.iter().any(|asked| asked == zone));
            let pairs = found.map(|(zone, host)| ((*zone).to_owned(), (*host).to_owned())).collect();
            Box::pin(async { Ok(Found::Pairs(pairs)) })
        })
        .rule(Rule::effect::<Delete>("stop", at(24)).leaf());
    hosts
}

async fn deleted() -> (Plan, Report, Vec<String>) {
    let answers = Answers::default();
    let builder = Cascade::builder().declare(Arc::clone(&answers), zones());
    let cascade = builder.declare(Arc::clone(&answers), hosts()).build().unwrap();
    let plan = cascade.plan_named(Delete, "Zone", ["z1", "z2"]).await.unwrap();
    answers.lock().unwrap().clear();
    let report = cascade.apply(plan.clone()).await.unwrap();
    let answers = answers.lock().unwrap().clone();
    (plan, report, answers)
}

#[tokio::test]
async fn a_check_and_an_effect_ask_by_name() {
    let (_, _, answers) = deleted().await;
    assert_eq!(
        answers,
        [
            "affected: Some(true)",
            "not affected: Some(false)",
            "effects: Some([\"stop\"])",
            "no effects: Some([])",
            "unknown: None",
            "other ids: None",
            "no edge: None",
            "parents of none: Some([])",
            "parents of other ids: None",
            "effect: h1 in Some([\"z1\", \"z2\"])",
            "effect: h2 in Some([\"z2\"])",
            "going: Some(true) Some(false)",
            "root: Some(true)",
        ]
    );
}

#[tokio::test]
async fn a_plan_and_a_report_answer_by_name() {
    let (plan, report, _) = deleted().await;
    assert_eq!(plan.ids_named("Host").unwrap(), ["h1", "h2"]);
    assert_eq!(plan.ids_named("Hots"), None);
    let unknown =
        || LookupError::UnknownResource { name: "Hots".to_owned(), nearest: Some("Host".to_owned()) };
    assert_eq!(plan.contains_named("Host", "h2"), Ok(true));
    assert_eq!(plan.contains_named("Host", "h9"), Ok(false));
    assert_eq!(plan.contains_named("Hots", "h2"), Err(unknown()));
    assert_eq!(plan.effects_named("Host", "h2"), Ok(Some(vec!["stop"])));
    assert_eq!(plan.effects_named("Host", "h9"), Ok(None));
    assert_eq!(plan.effects_named("Hots", "h2"), Err(unknown()));
    assert_eq!(plan.why_named("Hots", "h2"), Err(unknown()));
    assert!(matches!(report.verdict_named("Host", "h1"), Ok(Some(Verdict::Done))));
    assert!(matches!(report.verdict_named("Host", "h9"), Ok(None)));
    assert_eq!(report.verdict_named("Hots", "h1").err(), Some(unknown()));
}
