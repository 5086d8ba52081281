//! A room with racks with machines, which processes remove. Effects write a log of their own, which survives the processes
//! like the journal does.

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

/// The number of writes that a run awaits one after the other, at least, however the writer thread batches requests:
/// `create`, the plan, one step of `close`, `remove` on each level, one step of `sweep`, the end.
pub(crate) const SEQUENTIAL_WRITES: usize = 8;

const LEVELS: [&str; 3] = ["Room", "Rack", "Machine"];

/// The default options, with a lease that is not renewed during a test: renewals would be writes too.
pub(crate) fn options() -> Options {
    Options::default().lease(Duration::from_secs(24 * 60 * 60))
}

/// A directory with a journal and the log of the effects.
pub(crate) struct World {
    directory: TempDir,
    /// The state at the end of each process.
    ends: Vec<ProcessEnd>,
}

#[derive(Clone)]
struct ProcessEnd {
    /// The number of lines in the log of the effects.
    log_lines: usize,
    /// The steps that the journal recorded as ended.
    ended_steps: BTreeSet<String>,
}

/// The result of a process that did not die.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct ProcessReport {
    pub(crate) error: Option<String>,
    /// The instances that the report of the run calls done.
    done: Vec<String>,
}

impl World {
    pub(crate) fn new() -> Self {
        // In memory if possible: these tests do not cut the power, and syncs would take most of their time.
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self { directory: tempfile::tempdir_in(parent).expect("a directory"), ends: Vec::new() }
    }

    /// A copy of the current state.
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

    /// Resumes the run in this process; starts it if there is none.
    pub(crate) fn run_process(&mut self) -> ProcessReport {
        self.run_process_with(options())
    }

    pub(crate) fn run_process_with(&mut self, options: Options) -> ProcessReport {
        self.run_process_until(options, || ())
    }

    /// Calls `end_fault` after the process, before the journal is opened again.
    pub(crate) fn run_process_until(&mut self, options: Options, end_fault: impl FnOnce()) -> ProcessReport {
        let report = block_on(run_process(self.path(), options));
        end_fault();
        self.process_ended(&report);
        report
    }

    /// Checks that the journal has recorded all instances that the report calls done, and keeps the state for
    /// [`assert_complete`](Self::assert_complete).
    pub(crate) fn process_ended(&mut self, report: &ProcessReport) {
        let Some(ended_steps) = self.ended_steps() else {
            assert!(report.error.is_some() || report.done.is_empty(), "{report:?}");
            return;
        };
        for id in &report.done {
            assert!(ended_steps.contains(&format!("remove {id}")), "{id} is not recorded: {ended_steps:?}");
        }
        self.ends.push(ProcessEnd { log_lines: self.log().len(), ended_steps });
    }

    /// The steps that the journal has recorded as ended. `None` if the journal cannot be read.
    fn ended_steps(&self) -> Option<BTreeSet<String>> {
        block_on(async {
            let journal = options().open(self.journal()).ok()?;
            let mut steps = BTreeSet::new();
            for info in journal.runs().await.ok()? {
                steps.extend(ended_steps(&journal, &info.run.id).await?);
            }
            Some(steps)
        })
    }

    /// The log of the effects, with lines such as `begun remove rack-1` and `ended remove rack-1`.
    fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path().join("agents.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Checks that all steps have ended, children before parents, and that no step began again after its end was recorded.
    pub(crate) fn assert_complete(&self) {
        let log = self.log();
        for effect in ["close", "remove", "sweep"] {
            for id in ids() {
                let ended = format!("ended {effect} {id}");
                assert!(log.contains(&ended), "{ended} is missing: {log:#?}");
            }
        }
        for end in &self.ends {
            for line in &log[end.log_lines..] {
                let repeats = line.strip_prefix("begun ").is_some_and(|step| end.ended_steps.contains(step));
                assert!(!repeats, "{line}, although the end of that step was recorded");
            }
        }
        for (child, parent) in ids().into_iter().filter_map(|id| Some((id.clone(), parent_of(&id)?))) {
            let last = log.iter().rposition(|line| *line == format!("ended remove {child}"));
            let first = log.iter().position(|line| *line == format!("begun remove {parent}"));
            assert!(last < first, "{parent} was removed before {child}");
        }
        let runs = block_on(async {
            options().open(self.journal()).expect("the journal opens").runs().await.expect("it is readable")
        });
        assert_eq!(runs.iter().filter(|info| info.state == RunState::Complete).count(), 1, "{runs:?}");
    }
}

/// The ids of all instances.
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

/// Resumes the run in the directory; starts it if there is none.
pub(crate) async fn run_process(directory: &Path, options: Options) -> ProcessReport {
    let journal = match options.open(directory.join("runs.db")) {
        Ok(journal) => journal,
        Err(error) => return failed(&error, None),
    };
    let declare = |builder: cascade_core::CascadeBuilder, level| {
        builder.declare(directory.join("agents.log"), declaration(level))
    };
    let builder = (0..LEVELS.len()).fold(Cascade::builder(), declare);
    let cascade = builder.journal(journal.clone()).build().expect("the graph has no faults");
    let runs = match journal.runs().await {
        Ok(runs) => runs,
        Err(error) => return failed(&error, None),
    };
    // A run that stopped while it was prepared has changed nothing, and is started anew.
    match runs.into_iter().find(|info| info.state != RunState::Preparing) {
        // The run completed, but its process died before it wrote its report.
        Some(info) if info.state == RunState::Complete => ProcessReport::default(),
        Some(info) => match cascade.resume(&info.run.id).await {
            Ok(report) => succeeded(&report),
            Err(error) => failed(
                &error,
                if let ResumeError::Unrecorded { report, .. } = &error { Some(report) } else { None },
            ),
        },
        None => {
            let plan = cascade.plan_named(Delete, "Room", ["room"]).await.expect("the finders succeed");
            match cascade.apply(plan).await {
                Ok(report) => succeeded(&report),
                Err(error) => failed(
                    &error,
                    if let ApplyError::Unrecorded { report, .. } = &error { Some(report) } else { None },
                ),
            }
        }
    }
}

fn succeeded(report: &Report) -> ProcessReport {
    let done = done(report);
    assert_eq!(done.len(), ids().len(), "a report without an error calls all instances done: {done:?}");
    ProcessReport { error: None, done }
}

fn failed(error: &dyn std::error::Error, report: Option<&Report>) -> ProcessReport {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let messages: Vec<String> = causes.map(ToString::to_string).collect();
    ProcessReport { error: Some(messages.join(": ")), done: report.map(done).unwrap_or_default() }
}

fn done(report: &Report) -> Vec<String> {
    let done = report.verdicts().filter(|(_, verdict)| matches!(verdict, Verdict::Done));
    done.map(|(instance, _)| instance.id()).collect()
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
    write_log(log, "begun", effect, ids)?;
    // Lets other steps begin.
    tokio::task::yield_now().await;
    write_log(log, "ended", effect, ids)?;
    Ok(Outcome::done())
}

/// Writes all lines at once, so that a process that dies leaves no partial line.
fn write_log(log: &Path, event: &str, effect: &str, ids: &[String]) -> Result<(), StepError> {
    let mut lines = String::new();
    for id in ids {
        let _ = writeln!(lines, "{event} {effect} {id}");
    }
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.and_then(|mut file| file.write_all(lines.as_bytes())).map_err(StepError::terminal)
}
