//! Benchmarks that need another program: Terraform, and the compiler. `bench-outside <benchmark> <size>` prints a JSON
//! object for each row of the table.

#![expect(clippy::cast_precision_loss, reason = "measured numbers are not exact to 52 bits")]
#![expect(clippy::print_stdout, reason = "the rows are its output")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cascade_benches::attribute::Workspace;
use cascade_benches::measure::{Line, Row, Unit, expect_equal, median, nanoseconds};
use cascade_benches::{Failed, block_on, terraform};
use cascade_core::{Cascade, Declaration, Delete, Drift, Found, Outcome, ResourceDescriptor, Rule, place};

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let benchmark = arguments.next().unwrap_or_default();
    let size: usize = arguments.next().unwrap_or_default().parse()?;
    match benchmark.as_str() {
        "terraform" => beside_terraform(size),
        "attribute" => attribute(size),
        other => Err(format!("there is no benchmark `{other}`").into()),
    }
}

/// Both sides wait only for themselves, so this reads the wall clock.
fn beside_terraform(count: usize) -> Result<(), Failed> {
    let work = String::from("zone → clusters → hosts → VMs, effects that do nothing: plan and apply");
    let size = format!("{count} resources");
    let Some(version) = terraform::version() else {
        let missing = String::from("there is no program `terraform`");
        return print(&Line::Missing { work, size, missing });
    };
    let resources = terraform::resources(count);
    let directory = tempfile::tempdir()?;
    let rival = terraform::destroy(directory.path(), &resources)?;
    let ours = median((0..5).map(|_| ours(count, &resources)).collect::<Result<_, _>>()?);
    print(&Line::Row(Row {
        work,
        size,
        unit: Unit::Time,
        ours: nanoseconds(ours),
        against: format!("terraform {version} destroy, of `terraform_data`"),
        rival: nanoseconds(rival),
        bar: 1.0 / 1000.0,
        per: count as u64,
    }))
}

/// The same instances; the part of a name before its number is the level.
fn ours(count: usize, resources: &[(String, Option<String>)]) -> Result<Duration, Failed> {
    const LEVELS: [&str; 4] = ["zone", "cluster", "host", "vm"];
    let pairs: Arc<Vec<(String, String)>> = Arc::new(
        resources.iter().filter_map(|(name, parent)| Some((parent.clone()?, name.clone()))).collect(),
    );
    let removed = Arc::new(AtomicU64::new(0));
    let described = |level: usize| ResourceDescriptor::runtime::<String>(LEVELS[level], place!());
    let mut builder = Cascade::builder();
    for (level, name) in LEVELS.into_iter().enumerate() {
        let mut declared = Declaration::<Arc<AtomicU64>, String>::new(name, described(level), place!());
        declared.effect("remove", place!(), |removed: &Arc<AtomicU64>, ids, _| {
            removed.fetch_add(ids.len() as u64, Ordering::Relaxed);
            Box::pin(async { Ok(Outcome::done()) })
        });
        declared.rule(Rule::effect::<Delete>("remove", place!()));
        if let Some(above) = level.checked_sub(1) {
            let pairs = Arc::clone(&pairs);
            declared.edge(described(above), place!());
            declared.finder("find", described(above), None, place!(), move |_, parents: &[String], _| {
                let mut asked: Vec<&String> = parents.iter().collect();
                asked.sort_unstable();
                let found = pairs.iter().filter(|(parent, _)| asked.binary_search(&parent).is_ok());
                let found = found.cloned().collect();
                Box::pin(async { Ok(Found::Pairs(found)) })
            });
            declared.rule(Rule::effect::<Delete>("remove", place!()).from(described(above)));
        }
        builder = builder.declare(Arc::clone(&removed), declared);
    }
    let cascade = builder.build()?;
    let start = Instant::now();
    let report = block_on(async {
        let plan = cascade.plan_named(Delete, LEVELS[0], ["zone_0"]).await?;
        Ok::<_, Failed>(cascade.apply(plan).drift(Drift::Ignore).await?)
    })??;
    let took = start.elapsed();
    expect_equal("complete", &report.is_complete(), &true)?;
    expect_equal("effects", &removed.load(Ordering::Relaxed), &(count as u64))?;
    Ok(took)
}

fn attribute(handlers: usize) -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let generate =
        |name: &str, annotated: bool| Workspace::generate(&directory.path().join(name), handlers, annotated);
    let (with, without) = (generate("with", true)?, generate("without", false)?);
    let (mut of_with, mut of_without) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        of_with.push(with.build_clean()?);
        of_without.push(without.build_clean()?);
    }
    let size = format!("{handlers} handlers in 10 crates");
    let each = |took: Duration, beside: Duration| nanoseconds(took.saturating_sub(beside)) / handlers as f64;
    let row = |work: &str, ours: f64, against: String, rival: f64| Row {
        work: work.to_owned(),
        size: size.clone(),
        unit: Unit::Time,
        ours,
        against,
        rival,
        bar: 1.0,
        per: 1,
    };
    let (took, beside) = (median(of_with), median(of_without));
    let all = |took: Duration| format!("{:.1} s", took.as_secs_f64());
    print(&Line::Row(row(
        "the attribute: processor time per handler in a clean dev build",
        each(took, beside),
        format!("10 ms ({} with, {} without)", all(took), all(beside)),
        10e6,
    )))?;
    let ((again, built), (plain_again, _)) = (with.build_again()?, without.build_again()?);
    print(&Line::Row(Row {
        unit: Unit::Number,
        ours: built.len() as f64,
        rival: 1.0,
        ..row(
            "the attribute: library crates that are built again after one handler was touched",
            0.0,
            format!("1 crate ({} with, {} without, the program linked again)", all(again), all(plain_again)),
            1.0,
        )
    }))?;
    let bytes = |all: &Workspace, name: &str, annotated: bool| {
        let few = Workspace::generate(&directory.path().join(name), 10, annotated)?.release(10)?;
        Ok::<_, Failed>(all.release(handlers)?.saturating_sub(few) as f64 / (handlers - 10) as f64)
    };
    let (ours, beside) = (bytes(&with, "few", true)?, bytes(&without, "few-without", false)?);
    print(&Line::Row(Row {
        unit: Unit::Memory,
        ours,
        rival: 2048.0,
        ..row(
            "the attribute: size per handler in a release program, including its own code",
            0.0,
            format!("2 KB ({beside:.0} bytes without)"),
            1.0,
        )
    }))
}

fn print(line: &Line) -> Result<(), Failed> {
    println!("{}", serde_json::to_string(line)?);
    Ok(())
}
