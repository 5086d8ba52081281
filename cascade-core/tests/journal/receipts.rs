//! A receipt is based on finders and verify methods, not on the log.

use cascade_core::{
    Cascade, Delete, Event, Journal, MemoryJournal, PlanError, ResumeError, RootSet, RunDetails, RunId, place,
};

use crate::schemas::{RECEIPT, RUN, assert_conforms};
use crate::site::{Site, declaration};

/// The site's program, with verify methods of rooms and machines.
fn with_verify(site: &Site, journal: &MemoryJournal) -> Cascade {
    let declare = |level, asked_after| {
        let mut declared = declaration(level);
        if asked_after {
            declared.verify::<Delete, _>("left", place!(), |site: &Site, ids: &[String], _| {
                let tables = site.tables();
                let there = ids.iter().filter(|id| tables.there.contains_key(*id)).cloned().collect();
                Box::pin(async { Ok(there) })
            });
        }
        declared
    };
    let builder = Cascade::builder().declare(site.clone(), declare(0, true));
    let builder = builder.declare(site.clone(), declare(1, false)).declare(site.clone(), declare(2, true));
    builder.journal(journal.clone()).build().expect("the graph has no faults")
}

async fn deleted(cascade: &Cascade) -> RunId {
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    cascade.apply(plan).await.expect("the plan can be applied").run_id().clone()
}

#[tokio::test(start_paused = true)]
async fn a_receipt_lists_survivors() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let cascade = with_verify(&site, &journal);
    let run = deleted(&cascade).await;
    let receipt = cascade.verify(&run).await.expect("finders and verify methods answer");
    assert!(receipt.is_clean());
    assert_conforms(&RECEIPT, &receipt);
    assert_eq!(
        receipt.to_string(),
        format!("run {run}: nothing survived: finders were asked about 9 instances, verify methods about 7")
    );

    // One machine comes back, and one is new: both below racks that are gone. One machine comes back below another
    // rack, and so does the root: no finder sees these two.
    let put = |id: &str, parent: &str| site.tables().there.insert(id.to_owned(), parent.to_owned());
    put("machine-0-1", "rack-0");
    put("intruder", "rack-1");
    put("machine-1-2", "a rack of another room");
    put("room", "");
    let receipt = cascade.verify(&run).await.expect("finders and verify methods answer");
    assert!(!receipt.is_clean());
    assert_conforms(&RECEIPT, &receipt);
    assert_eq!(
        receipt.to_string(),
        format!(
            "run {run}: 4 survived (finders were asked about 9 instances, verify methods about 7):\n  \
             Machine intruder under Rack, which was not in the plan\n  Machine machine-0-1 under Rack\n  \
             Machine machine-1-2\n  Room room"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_root_that_its_verify_method_does_not_find_is_an_error() {
    let site = Site::new(2, 3);
    let cascade = with_verify(&site, &MemoryJournal::new());
    let plan = async |roots: &[&str]| cascade.plan_named(Delete, "Room", roots).await;
    let error = plan(&["room", "cellar"]).await.expect_err("there is no cellar");
    assert!(
        matches!(&error, PlanError::MissingRoots { resource, ids, count: 1 } if resource == "Room" && ids == &["cellar"])
    );
    assert_eq!(
        error.to_string(),
        "1 of the given Room do not exist, or the operation has removed them already: cellar. Leave them out, or allow them \
         (`RootSet::allow_missing`) to remove what still depends on them"
    );
    let many: Vec<String> = (0..7).map(|number| format!("cellar-{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let error = plan(&many).await.expect_err("there are no cellars").to_string();
    assert!(error.contains(": cellar-0, cellar-1, cellar-2, cellar-3, cellar-4, …. Leave them"), "{error}");
    // Racks have no verify method, so nothing can tell.
    let racks = cascade.plan_named(Delete, "Rack", ["no rack"]).await.expect("no method is asked");
    assert_eq!(racks.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_a_root_that_is_gone_is_planned_if_missing_roots_are_allowed() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let cascade = with_verify(&site, &journal);
    deleted(&cascade).await;
    site.tables().there.insert(String::from("rack-0"), String::from("room"));
    let roots = || RootSet::<Delete>::new().and_named("Room", ["room"]);
    let refused = cascade.plan_all(Delete, roots()).await;
    assert!(matches!(refused, Err(PlanError::MissingRoots { count: 1, .. })), "{refused:?}");
    let plan = cascade.plan_all(Delete, roots().allow_missing()).await.expect("finders answer");
    assert_eq!((plan.len(), plan.contains_named("Rack", "rack-0")), (2, Ok(true)));
    assert!(cascade.apply(plan).await.expect("the plan can be applied").is_complete());
    assert!(site.tables().there.is_empty());
}

/// An instance that no method was asked about does not count as gone.
#[tokio::test(start_paused = true)]
async fn a_receipt_about_an_unverified_root_is_not_clean() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let run = deleted(&cascade).await;
    site.tables().there.insert(String::from("room"), String::new());
    let receipt = cascade.verify(&run).await.expect("finders and verify methods answer");
    assert!(!receipt.is_clean() && receipt.survivors == 0);
    assert_conforms(&RECEIPT, &receipt);
    assert_eq!(
        receipt.to_string(),
        format!(
            "run {run}: nothing survived below the roots: finders were asked about 9 instances, verify methods about \
             0\n  not verified: whether the root still exists, because Room has no `#[verify(Delete)]` that applies"
        )
    );
    // The run is unchanged: a program with verify methods uses its record.
    let receipt = with_verify(&site, &journal).verify(&run).await.expect("finders and verify methods answer");
    assert_eq!(receipt.named.iter().map(|it| it.instance.text.as_str()).collect::<Vec<_>>(), ["room"]);
}

#[tokio::test(start_paused = true)]
async fn a_verify_method_that_reports_an_unknown_instance_is_an_error() {
    let (site, journal) = (Site::new(1, 1), MemoryJournal::new());
    let run = deleted(&with_verify(&site, &journal)).await;
    let mut rooms = declaration(0);
    rooms.verify::<Delete, _>("left", place!(), |_: &Site, _: &[String], _| {
        Box::pin(async { Ok(vec![String::from("cellar")]) })
    });
    let builder = Cascade::builder().declare(site.clone(), rooms);
    let builder = builder.declare(site.clone(), declaration(1)).declare(site.clone(), declaration(2));
    let cascade = builder.journal(journal).build().expect("the graph has no faults");
    let error = cascade.verify(&run).await.expect_err("the cellar is not part of the question");
    assert!(matches!(error, ResumeError::Plan(PlanError::Verify { .. })));
    let text = error.to_string();
    assert!(text.starts_with("the verify method `Rooms::left` ("), "{text}");
    assert!(text.ends_with(" of Room failed: it answered `cellar`, which it was not asked about"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_details_of_a_run_can_be_read() {
    let (site, journal) = (Site::new(1, 4), MemoryJournal::new());
    site.tables().failing.insert(String::from("machine-0-2"));
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    let digest = plan.digest().expect("ids serialise");
    let applying = cascade.apply(plan).confirmed_by("alice").on_event(|event: &Event| drop(event.clone()));
    let run = applying.run_id().clone();
    let life = std::time::Duration::from_millis(35);
    assert!(
        tokio::time::timeout(life, applying.into_future()).await.is_err(),
        "the run ended before it was interrupted"
    );
    let details = cascade.run_details(&run).await.expect("the run is in the journal");
    assert_conforms(&RUN, &details);
    let under_way: Vec<String> =
        details.under_way.iter().map(|it| format!("{} {}", it.effect, it.instance)).collect();
    assert_eq!(under_way.len(), 4, "{under_way:?}");
    assert!(details.info.is_resumable() && details.end.is_none());

    assert!(!cascade.resume(&run).await.expect("the run can be resumed").is_complete());
    let details = RunDetails::read(&journal, &run).await.expect("the run is in the journal");
    assert!(details.under_way.is_empty());
    assert_conforms(&RUN, &details);
    assert_conforms(&RUN, &details.info);
    assert_eq!(details.info.confirmed_by.as_deref(), Some("alice"));
    assert_eq!(details.start.as_ref().map(|start| start.digest.as_str()), Some(digest.as_str()));
    assert_eq!((details.info.ended, details.info.failed), (4, 1));
    let [failure] = details.failures.as_slice() else { panic!("{details:?}") };
    assert_eq!(
        (failure.instance.text.as_str(), failure.error.as_str()),
        ("machine-0-2", "simulated failure")
    );
    assert!(details.end.is_some_and(|end| !end.complete && end.failed == 1));
    assert_eq!(journal.forget_ended(std::time::Duration::ZERO).await.expect("it is in memory"), 1);
    assert!(cascade.runs().await.expect("there is a journal").is_empty());
}
