//! The JSON of plans, reports and explanations: one form of an instance, and ids of every kind.

use std::fmt::{self, Debug};
use std::str::FromStr;

use cascade_core::prelude::*;
use cascade_core::{
    Declaration, FailurePolicy, InstanceName, LookupError, Pair, Plan, PlanError, ResourceDescriptor,
    ResourceId, Rule, place,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::drive::{self, on_paused_clock};
use crate::model::tape::Tape;
use crate::model::world::{SMALL, worlds};
use crate::properties::{check, tapes};
use crate::schemas::{PLAN, REPORT, WHY, assert_conforms};
use crate::support::{Cloud, block_on, plan};

/// A program with one resource, `Thing`, of which any id exists.
fn things<Id: ResourceId>(thing: ResourceDescriptor) -> Cascade {
    let mut things = Declaration::<(), Id>::new("Things", thing, place!());
    things.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    things.rule(Rule::effect::<Delete>("remove", place!()));
    Cascade::builder().declare((), things).build().unwrap()
}

fn runtime<Id: ResourceId>() -> ResourceDescriptor {
    ResourceDescriptor::runtime::<Id>("Thing", place!())
}

fn plan_of<Id: ResourceId>(ids: &[&str]) -> (Cascade, Plan) {
    let cascade = things::<Id>(runtime::<Id>());
    let plan = block_on(cascade.plan_named(Delete, "Thing", ids)).unwrap();
    (cascade, plan)
}

/// Every instance in a document, with the resource that lists it.
fn instances(document: &Value, listed_by: Option<&str>, found: &mut Vec<InstanceName>) {
    match document {
        Value::Object(map) => {
            if map.contains_key("text") {
                let mut name = document.clone();
                if let (None, Some(resource)) = (name.get("resource"), listed_by) {
                    name["resource"] = resource.into();
                }
                found.push(serde_json::from_value(name).unwrap());
            }
            for (key, value) in map {
                instances(value, if value.is_array() { Some(key) } else { listed_by }, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| instances(value, listed_by, found)),
        _ => {}
    }
}

/// The first instance that the text may mean.
fn named(cascade: &Cascade, text: &str) -> Result<InstanceName, PlanError> {
    cascade.instances_named("Thing", text).map(|meant| meant[0].clone())
}

/// Each text and each id that the document has is accepted. The text means that instance before any other.
fn assert_accepted_back(cascade: &Cascade, plan: &Plan, document: &impl Serialize) {
    let mut found = Vec::new();
    instances(&serde_json::to_value(document).unwrap(), None, &mut found);
    assert!(!found.is_empty());
    for name in found {
        assert_eq!(cascade.instances_named(&name.resource, &name.text).unwrap()[0], name);
        for text in [name.text.clone(), name.id.to_string()] {
            let meant = cascade.instances_named(&name.resource, &text).unwrap();
            assert!(meant.contains(&name), "{text} means {meant:?}, not {name}");
            let why = plan.why_named(&name.resource, &text).unwrap();
            // An instance that restricts the operation is named in a veto, although the plan may not list it.
            let is_affected = plan.contains_named(&name.resource, &name.text).unwrap();
            assert!(why.is_some() || !is_affected, "{text}");
            assert!(why.is_none_or(|why| why.instance == name), "{text}");
        }
    }
}

#[test]
fn every_instance_in_json_has_one_form_and_is_accepted_back() {
    check(&(worlds(SMALL), tapes(60)), 300, |(world, tape)| {
        let mut tape = Tape::new(tape);
        let Some((script, cascade)) = drive::engine(&world, &mut tape) else { return };
        let Ok(plan) = on_paused_clock(drive::plan(&world, &cascade, &script, &mut tape)) else { return };
        assert_conforms(&PLAN, &plan);
        assert_conforms(&PLAN, &plan.summary().unwrap());
        assert_accepted_back(&cascade, &plan, &plan);
        for instance in plan.instances() {
            let why = plan.why_named(instance.resource(), &instance.id()).unwrap().unwrap();
            assert_conforms(&WHY, &why);
            assert_eq!(why.instance, instance.name());
        }
    });
}

#[test]
fn a_plan_and_its_report_as_json() {
    let cloud = || {
        Cloud::new()
            .kind("Zone", |kind| {
                kind.root("remove");
            })
            .kind("Host", |kind| {
                kind.under("Zone", "remove", "z>h1 z>h2");
            })
            .kind("Vm", |kind| {
                kind.under("Host", "stop", "h1>v1 h2>v2");
            })
            .failing(&["Vm.stop v2"])
    };
    let planned = cloud().plan("Zone z");
    let document = serde_json::to_value(&planned).unwrap();
    assert_eq!(document["roots"], json!([{ "resource": "Zone", "id": "z", "text": "z" }]));
    let host = json!({ "resource": "Host", "id": "h1", "text": "h1" });
    assert_eq!(
        document["affected"]["Vm"][0],
        json!({ "id": "v1", "text": "v1", "effects": ["stop"], "parents": [host] })
    );
    let run = cloud().delete_with("Zone z", |apply| apply.policy(FailurePolicy::Isolate));
    assert_conforms(&REPORT, &run.report);
    assert_conforms(&REPORT, &run.report.summary());
    let document = serde_json::to_value(&run.report).unwrap();
    let vm = json!({ "resource": "Vm", "id": "v2", "text": "v2" });
    assert_eq!(
        document["affected"],
        json!({
            "Host": [
                { "id": "h1", "text": "h1", "verdict": "done" },
                { "id": "h2", "text": "h2", "verdict": "blocked", "by": vm },
            ],
            "Vm": [
                { "id": "v1", "text": "v1", "verdict": "done" },
                {
                    "id": "v2", "text": "v2", "verdict": "failed",
                    "phase": "effect", "effect": "stop", "error": "simulated failure",
                },
            ],
            "Zone": [{ "id": "z", "text": "z", "verdict": "blocked", "by": vm }],
        })
    );
    assert_eq!(
        document["failures"],
        json!([{
            "resource": "Vm", "id": "v2", "text": "v2",
            "phase": "effect", "effect": "stop", "error": "simulated failure",
        }])
    );
    assert_eq!((&document["run"], &document["complete"]), (&json!(run.report.run_id()), &json!(false)));
}

#[test]
fn summary_of_a_report_is_read_back() {
    let run = Cloud::new()
        .kind("Vm", |kind| {
            kind.root("stop");
        })
        .failing(&["Vm.stop v"])
        .delete("Vm v");
    let summary = run.report.summary();
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<cascade_core::ReportSummary>(&text).unwrap(), summary);
    let newer = text.replacen("\"format\":1", "\"format\":2", 1);
    let error = serde_json::from_str::<cascade_core::ReportSummary>(&newer).unwrap_err();
    assert!(error.to_string().contains("expected format 1"), "{error}");
}

#[test]
fn numbers_stay_numbers_with_all_their_digits() {
    let max = u64::MAX.to_string();
    let (cascade, plan) = plan_of::<u64>(&[&max, "9007199254740993", "7"]);
    let text = serde_json::to_string(&plan).unwrap();
    assert!(text.contains(r#""id":18446744073709551615,"text":"18446744073709551615""#), "{text}");
    assert!(text.contains(r#""id":9007199254740993,"#), "{text}");
    assert_accepted_back(&cascade, &plan, &plan);
    let (cascade, plan) = plan_of::<i64>(&["-9223372036854775808"]);
    assert_accepted_back(&cascade, &plan, &plan);
}

#[test]
fn number_that_json_cannot_hold_is_an_error() {
    let (cascade, plan) = plan_of::<u128>(&["18446744073709551615"]);
    assert_accepted_back(&cascade, &plan, &plan);
    let (_, plan) = plan_of::<u128>(&["18446744073709551616"]);
    let error = plan.summary().unwrap_err();
    assert!(error.to_string().contains("out of range"), "{error}");
    assert!(serde_json::to_string(&plan).is_err());
    // What is only printed does not need JSON.
    assert_eq!(plan.ids_named("Thing").unwrap(), ["18446744073709551616"]);
    let why = plan.why_named("Thing", "18446744073709551616").unwrap().unwrap();
    assert_eq!((why.instance.id, &*why.instance.text), (Value::Null, "18446744073709551616"));
}

/// A number that prints with a prefix.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Prefixed(u64);

impl fmt::Display for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thing-{}", self.0)
    }
}

impl Debug for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Prefixed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_prefix("thing-").ok_or("the prefix is missing")?;
        number.parse().map(Self).map_err(|_| String::from("the number is invalid"))
    }
}

#[derive(Resource)]
#[resource(id = Prefixed)]
struct Thing;

#[test]
fn printed_id_is_accepted_where_it_differs_from_the_serialised_one() {
    let derived = things::<Prefixed>(Thing::DESCRIPTOR);
    let by_hand = things::<Prefixed>(runtime::<Prefixed>().ids_from_str::<Prefixed>());
    for cascade in [derived, by_hand] {
        let plan = block_on(cascade.plan_named(Delete, "Thing", ["thing-7", "7", "8"])).unwrap();
        assert_eq!(plan.ids_named("Thing").unwrap(), ["thing-7", "thing-8"]);
        assert_accepted_back(&cascade, &plan, &plan);
        // `FromStr` accepts it, but no id prints so.
        assert!(named(&cascade, "thing-+7").is_err());
    }
    let without_from_str = things::<Prefixed>(runtime::<Prefixed>());
    let error = named(&without_from_str, "thing-7").unwrap_err();
    assert!(matches!(error, PlanError::BadId { .. }), "{error}");
}

/// A text that is printed in hexadecimal digits: the printed text of one id is the serialised text of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Hexadecimal(String);

impl fmt::Display for Hexadecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Hexadecimal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits: Vec<u8> = text.bytes().collect();
        let byte = |pair: &[u8]| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        };
        let bytes = digits.chunks(2).map(byte).collect::<Option<Vec<u8>>>().ok_or("not hexadecimal")?;
        String::from_utf8(bytes).map(Self).map_err(|error| error.to_string())
    }
}

#[test]
fn printed_text_of_one_id_does_not_mean_another_id_that_serialises_so() {
    let cascade = things::<Hexadecimal>(runtime::<Hexadecimal>().ids_from_str::<Hexadecimal>());
    // `a` prints as `61`.
    let meant = |text| {
        let meant = cascade.instances_named("Thing", text).unwrap();
        meant.into_iter().map(|name| name.id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(meant("61"), ["a", "61"]);
    assert_eq!(meant("3631"), ["61", "3631"]);
    assert_eq!(meant("a"), ["a"]);
    assert_eq!(meant("\"a\""), ["\"a\"", "a"]);
    let plan = block_on(cascade.plan_named(Delete, "Thing", ["3631", "61"])).unwrap();
    assert_accepted_back(&cascade, &plan, &plan);
}

/// Ids that print alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Alike(u64);

impl fmt::Display for Alike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("alike")
    }
}

#[test]
fn text_of_two_instances_is_ambiguous_and_their_json_is_not() {
    let (cascade, plan) = plan_of::<Alike>(&["8", "7"]);
    let ambiguous = plan.why_named("Thing", "alike").unwrap_err();
    assert!(matches!(&ambiguous, LookupError::Ambiguous { count: 2, .. }), "{ambiguous:?}");
    assert_eq!(
        ambiguous.to_string(),
        "2 instances of Thing print as `alike`: give one of them as JSON, as in `8`"
    );
    assert_eq!(plan.contains_named("Thing", "alike"), Err(ambiguous.clone()));
    assert_eq!(plan.effects_named("Thing", "alike"), Err(ambiguous.clone()));
    assert_eq!(plan.why_named("Thing", "7").unwrap().unwrap().instance.id, 7);
    assert_eq!(plan.contains_named("Thing", "9"), Ok(false));
    let report = block_on(cascade.apply(plan).into_future()).unwrap();
    assert_eq!(report.verdict_named("Thing", "alike").err(), Some(ambiguous));
    assert!(report.verdict_named("Thing", "8").unwrap().is_some());
    assert_conforms(&REPORT, &report);
}

#[test]
fn control_characters_are_accepted_as_a_plan_prints_them() {
    let (cascade, plan) = plan_of::<String>(&["a\nb", "c\u{85}"]);
    assert!(plan.to_string().contains("a\\nb"), "{plan}");
    for (printed, id) in [("a\\nb", "a\nb"), ("a\nb", "a\nb"), ("\"a\\nb\"", "a\nb"), ("c\\u{85}", "c\u{85}")]
    {
        assert_eq!(plan.why_named("Thing", printed).unwrap().unwrap().instance.id, id, "{printed:?}");
    }
    assert_accepted_back(&cascade, &plan, &plan);
    // An instance that prints so without escapes comes first.
    let (_, plan) = plan_of::<String>(&["a\nb", "a\\nb"]);
    assert_eq!(plan.why_named("Thing", "a\\nb").unwrap().unwrap().instance.id, "a\\nb");
}

#[test]
fn pairs_are_accepted_as_printed_and_as_json() {
    type Key = Pair<u64, String>;
    let (cascade, plan) = plan_of::<Key>(&["7/a", r#"[7,"b/c"]"#, "8/%2F", r#"[9,"\"/\""]"#, "7/a"]);
    assert_eq!(plan.ids_named("Thing").unwrap(), ["7/a", "7/b%2Fc", "8/%2F", "9/%22%2F%22"]);
    assert_accepted_back(&cascade, &plan, &plan);
    assert_conforms(&PLAN, &plan);
    let error = named(&cascade, "7").unwrap_err().to_string();
    assert!(error.starts_with("`7` is not an id of Thing (expected cascade_core::"), "{error}");
    assert!(error.contains("two parts"), "{error}");
}

/// A pair of ids that have no `FromStr`, or print with a prefix.
#[test]
fn pairs_of_own_types_are_accepted_as_printed() {
    type Key = Pair<Prefixed, Alike>;
    let cascade =
        things::<Pair<Prefixed, u64>>(runtime::<Pair<Prefixed, u64>>().ids_from_str::<Pair<Prefixed, u64>>());
    assert_eq!(named(&cascade, "thing-7/8").unwrap().id, json!([7, 8]));
    let (cascade, plan) = plan_of::<Key>(&["7/8", "[7,9]"]);
    assert!(matches!(plan.why_named("Thing", "thing-7/alike"), Err(LookupError::Ambiguous { .. })));
    assert_eq!(plan.why_named("Thing", "[7, 9]").unwrap().unwrap().instance.id, json!([7, 9]));
    assert_eq!(named(&cascade, "7/9").unwrap().id, json!([7, 9]));
}

proptest! {
    #[test]
    fn any_text_is_an_id_or_an_error(text in any::<String>(), other in "[\\[\\]{}\",:/%0-9a\\\\]{0,12}") {
        let words = things::<String>(runtime::<String>());
        let numbers = things::<u64>(runtime::<u64>());
        let pairs = things::<Pair<String, u64>>(runtime::<Pair<String, u64>>());
        for text in [text, other] {
            prop_assert_eq!(named(&words, &text).unwrap().id, text.as_str());
            for cascade in [&numbers, &pairs] {
                if let Ok(name) = named(cascade, &text) {
                    prop_assert_eq!(&named(cascade, &name.text).unwrap(), &name);
                    prop_assert_eq!(&named(cascade, &name.id.to_string()).unwrap(), &name);
                }
            }
        }
    }
}

#[test]
fn text_of_an_unknown_resource_is_an_error_with_the_nearest_name() {
    let (cascade, _) = Cloud::new()
        .kind("Zone", |kind| {
            kind.root("remove");
        })
        .build();
    let planned = block_on(plan(&cascade, "Zone z")).unwrap();
    let error = planned.why_named("Zoen", "z").unwrap_err();
    assert_eq!(error.to_string(), "there is no resource `Zoen`: did you mean `Zone`?");
    assert_eq!(cascade.instances_named("Zoen", "z").unwrap_err().to_string(), error.to_string());
}
