//! A room of racks of machines, whose agents keep a log of their own: it is what outlives the processes beside the journal.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cascade_core::{
    ApplyError, Cascade, Declaration, Delete, Found, Journal, Outcome, Phase, Record, Report,
    ResourceDescriptor, ResumeError, Rule, RunId, RunState, StepContext, StepError, StepSettings, Verdict,
    place,
};
use cascade_sqlite::Options;
use tempfile::TempDir;

const LEVELS: [&str; 3] = ["Room", "Rack", "Machine"];

/// A directory with a journal and the agents' log.
pub(crate) struct World {
    directory: TempDir,
    /// What was on record each time that a process ended, with how long the agents' log was.
    ends: Vec<(usize, BTreeSet<String>)>,
}

/// What a process said when it ended.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Said {
    /// `None` where it went well.
    pub(crate) error: Option<String>,
    /// The instances that its report called done.
    done: Vec<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        // In memory where there is such a place: no power is lost here, and syncing would take most of the time.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self { directory: tempfile::tempdir_in(place).expect("a directory"), ends: Vec::new() }
    }

    /// The same as it is now, for another future.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self { ends: self.ends.clone(), ..Self::new() };
        for file in ["runs.db", "agents.log"] {
            std::fs::copy(self.path().join(file), copy.path().join(file)).expect("a copy");
        }
        copy
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path().join("runs.db")
    }

    /// Goes on in this process; begins if there is nothing to go on with.
    pub(crate) fn go_on(&mut self) -> Said {
        self.go_on_with(Options::default())
    }

    /// The same, with the journal opened so.
    pub(crate) fn go_on_with(&mut self, options: Options) -> Said {
        self.go_on_until(options, || ())
    }

    /// The same, where `then` makes an end of the fault before anybody else looks at the journal.
    pub(crate) fn go_on_until(&mut self, options: Options, then: impl FnOnce()) -> Said {
        let said = block_on(go_on(self.path(), options));
        then();
        self.ended(&said);
        said
    }

    /// A process has ended, and said so much: all that it called done has to be on record.
    pub(crate) fn ended(&mut self, said: &Said) {
        let Some(on_record) = self.on_record() else {
            assert!(said.error.is_some() || said.done.is_empty(), "{said:?}");
            return;
        };
        for id in &said.done {
            assert!(on_record.contains(&format!("remove {id}")), "{id} was called done: {on_record:?}");
        }
        self.ends.push((self.log().len(), on_record));
    }

    /// The steps that are recorded as ended. `None` where the journal cannot be read.
    fn on_record(&self) -> Option<BTreeSet<String>> {
        block_on(async {
            let journal = Options::default().open(self.journal()).ok()?;
            let mut steps = BTreeSet::new();
            for info in journal.runs().await.ok()? {
                steps.extend(ended_steps(&journal, &info.run.id).await?);
            }
            Some(steps)
        })
    }

    /// What agents did, in order: `begun remove rack-1`, `ended remove rack-1`.
    fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path().join("agents.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// All is done, in order, and nothing again that was on record.
    pub(crate) fn check_done(&self) {
        let log = self.log();
        for effect in ["close", "remove", "sweep"] {
            for id in ids() {
                let ended = format!("ended {effect} {id}");
                assert!(log.contains(&ended), "{ended} is missing: {log:#?}");
            }
        }
        for (logged, on_record) in &self.ends {
            for line in &log[*logged..] {
                let again = line.strip_prefix("begun ").is_some_and(|step| on_record.contains(step));
                assert!(!again, "{line} again, though that had ended");
            }
        }
        for (child, parent) in ids().into_iter().filter_map(|id| Some((id.clone(), parent_of(&id)?))) {
            let last = log.iter().rposition(|line| *line == format!("ended remove {child}"));
            let first = log.iter().position(|line| *line == format!("begun remove {parent}"));
            assert!(last < first, "{parent} went before {child}");
        }
        let runs = block_on(async {
            Options::default().open(self.journal()).expect("a journal").runs().await.expect("it is read")
        });
        assert_eq!(runs.iter().filter(|info| info.state == RunState::Complete).count(), 1, "{runs:?}");
    }
}

fn ids() -> Vec<String> {
    let racks = (0..2).map(|rack| format!("rack-{rack}"));
    let machines = (0..2).flat_map(|rack| (0..3).map(move |machine| format!("machine-{rack}-{machine}")));
    std::iter::once(String::from("room")).chain(racks).chain(machines).collect()
}

fn parent_of(id: &str) -> Option<String> {
    let (kind, rest) = id.split_once('-')?;
    Some(if kind == "rack" { String::from("room") } else { format!("rack-{}", rest.split_once('-')?.0) })
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().expect("a runtime").block_on(future)
}

async fn ended_steps(journal: &dyn Journal, run: &RunId) -> Option<BTreeSet<String>> {
    let (mut steps, mut names, mut after) = (BTreeSet::new(), Vec::new(), 0);
    loop {
        let page = journal.read(run, after, 10).await.ok()?;
        let Some((last, _)) = page.last() else { return Some(steps) };
        after = *last;
        for (_, record) in page {
            match record {
                Record::Instances(chunk) => {
                    let ids = chunk.ids.iter().filter_map(|id| id.as_str().map(str::to_owned));
                    names.extend((chunk.first..).zip(ids).map(|(at, id)| (chunk.resource.clone(), at, id)));
                }
                Record::StepEnded(step) => {
                    let done = |at: &u32| {
                        names.iter().find(|(resource, number, _)| *resource == step.resource && number == at)
                    };
                    let done = step.done.iter().filter_map(done);
                    steps.extend(done.map(|(_, _, id)| format!("{} {id}", step.effect)));
                }
                _ => {}
            }
        }
    }
}

/// Goes on with the run of a directory; begins it if there is none.
pub(crate) async fn go_on(directory: &Path, options: Options) -> Said {
    let journal = match options.open(directory.join("runs.db")) {
        Ok(journal) => journal,
        Err(error) => return Said { error: Some(error.to_string()), ..Said::default() },
    };
    let declare = |builder: cascade_core::CascadeBuilder, level| {
        builder.declare(directory.join("agents.log"), declaration(level))
    };
    let builder = (0..LEVELS.len()).fold(Cascade::builder(), declare);
    let cascade = builder.journal(journal.clone()).build().expect("the graph has no faults");
    // One that was broken off before it began has changed nothing, and is begun anew.
    let begun = journal.runs().await.map(|runs| {
        let mut begun = runs.into_iter().filter(|info| info.state != RunState::Preparing);
        begun.next().map(|info| (info.state, info.run.id))
    });
    match begun {
        Err(error) => Said { error: Some(error.to_string()), ..Said::default() },
        // It had ended, and could not say so any more.
        Ok(Some((RunState::Complete, _))) => Said::default(),
        Ok(Some((_, run))) => match cascade.resume(&run).await {
            Ok(report) => said(None, Some(&report)),
            Err(error) => {
                let report =
                    if let ResumeError::Unrecorded { report, .. } = &error { Some(&**report) } else { None };
                said(Some(error.to_string()), report)
            }
        },
        Ok(None) => {
            let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("finders answer");
            match cascade.apply(plan).await {
                Ok(report) => said(None, Some(&report)),
                Err(error) => {
                    let report = if let ApplyError::Unrecorded { report, .. } = &error {
                        Some(&**report)
                    } else {
                        None
                    };
                    said(Some(error.to_string()), report)
                }
            }
        }
    }
}

fn said(error: Option<String>, report: Option<&Report>) -> Said {
    let verdicts = report.into_iter().flat_map(Report::verdicts);
    let done = verdicts.filter(|(_, verdict)| matches!(verdict, Verdict::Done));
    let done: Vec<String> = done.map(|(instance, _)| instance.id()).collect();
    assert!(error.is_some() || done.len() == ids().len(), "it says that all went well: {done:?}");
    Said { error, done }
}

fn resource(level: usize) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(LEVELS[level], place!())
}

fn declaration(level: usize) -> Declaration<PathBuf, String> {
    let mut declared = Declaration::new(format!("{}s", LEVELS[level]), resource(level), place!());
    declared.settings(StepSettings::default().batch(2).concurrency(2));
    declared.effect("remove", place!(), |log: &PathBuf, ids: &[String], cx: &StepContext| {
        Box::pin(act(log, ids, cx))
    });
    declared.begin::<Delete, _>("close", place!(), |log: &PathBuf, ids: &[String], cx: &StepContext| {
        Box::pin(act(log, ids, cx))
    });
    declared.cleanup::<Delete, _>("sweep", place!(), |log: &PathBuf, ids: &[String], cx: &StepContext| {
        Box::pin(act(log, ids, cx))
    });
    declared.rule(Rule::effect::<Delete>("remove", place!()));
    if level > 0 {
        declared.edge(resource(level - 1), place!());
        declared.finder("below", resource(level - 1), None, place!(), |_, parents: &[String], _| {
            let pairs = ids().into_iter().filter_map(|id| Some((parent_of(&id)?, id)));
            let found = pairs.filter(|(parent, _)| parents.contains(parent)).collect();
            Box::pin(async { Ok(Found::Pairs(found)) })
        });
        declared.rule(Rule::effect::<Delete>("remove", place!()).from(resource(level - 1)));
    }
    declared
}

async fn act(log: &Path, ids: &[String], cx: &StepContext) -> Result<Outcome<String>, StepError> {
    let effect = match cx.phase() {
        Phase::Begin => "close",
        Phase::Cleanup => "sweep",
        _ => "remove",
    };
    note(log, "begun", effect, ids)?;
    tokio::time::sleep(Duration::from_millis(1)).await;
    note(log, "ended", effect, ids)?;
    Ok(Outcome::done())
}

/// In one write: who dies meanwhile leaves no half of a line.
fn note(log: &Path, what: &str, effect: &str, ids: &[String]) -> Result<(), StepError> {
    let mut lines = String::new();
    for id in ids {
        let _ = writeln!(lines, "{what} {effect} {id}");
    }
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(StepError::terminal)
}
