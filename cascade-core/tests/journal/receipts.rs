//! A receipt asks the finders, not the log.

use cascade_core::{Delete, Event, Journal, MemoryJournal, RunDetails};

use crate::site::Site;

#[tokio::test(start_paused = true)]
async fn nothing_survived_or_what_did() {
    let (site, journal) = (Site::new(2, 3), MemoryJournal::new());
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    let report = cascade.apply(plan).await.expect("nothing stands against it");
    let run = report.run_id();
    let receipt = cascade.verify(run).await.expect("finders answer");
    assert!(receipt.is_clean());
    assert_eq!(
        receipt.to_string(),
        format!("run {run}: nothing survived: finders were asked about 9 instances")
    );

    // One comes back, and one is new: both below racks that are not there any more.
    site.tables().there.insert(String::from("machine-0-1"), String::from("rack-0"));
    site.tables().there.insert(String::from("intruder"), String::from("rack-1"));
    let receipt = cascade.verify(run).await.expect("finders answer");
    assert_eq!(
        receipt.to_string(),
        format!(
            "run {run}: 2 survived, of what hung off 9 instances:\n  \
             Machine intruder under Rack, which was not in the plan\n  Machine machine-0-1 under Rack"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn one_run_can_be_asked_about() {
    let (site, journal) = (Site::new(1, 4), MemoryJournal::new());
    site.tables().failing.insert(String::from("machine-0-2"));
    let cascade = site.builder().journal(journal.clone()).build().expect("the graph has no faults");
    let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
    let digest = plan.digest().expect("ids serialise");
    let applying = cascade.apply(plan).confirmed_by("alice").on_event(|event: &Event| drop(event.clone()));
    let run = applying.run_id().clone();
    let life = std::time::Duration::from_millis(35);
    assert!(tokio::time::timeout(life, applying.into_future()).await.is_err(), "it dies");
    let details = cascade.run_details(&run).await.expect("it is in the journal");
    let under_way: Vec<String> =
        details.under_way.iter().map(|it| format!("{} {}", it.effect, it.id)).collect();
    assert_eq!(under_way.len(), 4, "{under_way:?}");
    assert!(details.info.is_resumable() && details.end.is_none());

    cascade.resume(&run).await.expect("it goes on");
    let details = RunDetails::read(&journal, &run).await.expect("it is in the journal");
    assert!(details.under_way.is_empty());
    assert_eq!(details.info.confirmed_by.as_deref(), Some("alice"));
    assert_eq!(details.start.as_ref().map(|start| start.digest.as_str()), Some(digest.as_str()));
    assert_eq!((details.info.ended, details.info.failed), (4, 1));
    let [failure] = details.failures.as_slice() else { panic!("{details:?}") };
    assert_eq!((failure.id.as_str(), failure.error.as_str()), ("machine-0-2", "told to fail"));
    assert!(details.end.is_some_and(|end| !end.complete && end.failed == 1));
    assert_eq!(journal.forget_ended(std::time::Duration::ZERO).await.expect("it is in memory"), 1);
    assert!(cascade.runs().await.expect("there is a journal").is_empty());
}
