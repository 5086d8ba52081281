//! Threads that contend for the locks of a run, under a scheduler that tries many interleavings. `cargo xtask
//! interleavings` runs these tests; without it, locks are those of the standard library and this file is empty.

#![cfg(shuttle)]

use std::sync::Arc;

use cascade_core::prelude::*;
use cascade_core::{CancellationToken, MemoryJournal, Monitor, Report, ResumeError, RunState};
use shuttle::future::{block_on, yield_now};
use shuttle::sync::Mutex;
use shuttle::thread;

/// Interleavings per test; `CASCADE_SEED` chooses others.
const INTERLEAVINGS: usize = 3000;
const VMS: usize = 4;
/// A step has two VMs; three steps run at once.
const CONCURRENCY: usize = 3;

#[derive(Resource)]
#[resource(id = u64)]
struct Host;

#[derive(Resource)]
#[resource(id = u64)]
struct Vm;

#[derive(Extension)]
struct Hosts {
    log: Log,
}

#[derive(Extension)]
struct Vms {
    log: Log,
}

/// The removed instances, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    async fn removed(&self, what: &str, ids: &[u64]) {
        // Another thread may continue here.
        yield_now().await;
        self.0.lock().unwrap().extend(ids.iter().map(|id| format!("{what}-{id}")));
    }
}

#[cascade(resource = Host, timeout = "none")]
impl Hosts {
    #[on(Delete)]
    async fn remove(&self, hosts: &[u64]) -> Result<(), StepError> {
        self.log.removed("host", hosts).await;
        Ok(())
    }
}

#[cascade(resource = Vm, edges = [Host], batch = 2, timeout = "none")]
impl Vms {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[u64]) -> Result<Vec<(u64, u64)>, StepError> {
        Ok(hosts.iter().flat_map(|&host| (0..VMS as u64).map(move |vm| (host, vm))).collect())
    }

    #[on(Delete, from = [Host])]
    async fn remove(&self, vms: &[u64]) -> Result<(), StepError> {
        self.log.removed("vm", vms).await;
        Ok(())
    }
}

fn cascade(log: &Log, journal: Option<&MemoryJournal>) -> Cascade {
    let (hosts, vms) = (Hosts { log: log.clone() }, Vms { log: log.clone() });
    let builder = Cascade::builder().register(hosts).register(vms).concurrency(CONCURRENCY);
    let builder = match journal {
        Some(journal) => builder.journal(journal.clone()),
        None => builder,
    };
    builder.build().unwrap()
}

fn done(report: &Report) -> usize {
    report.summary().done
}

fn in_many_interleavings(test: impl Fn() + Send + Sync + 'static) {
    let mut config = shuttle::Config::new();
    // Planning needs more stack than the scheduler's threads have by default.
    config.stack_size = 1 << 20;
    let seed = std::env::var("CASCADE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let scheduler = shuttle::scheduler::RandomScheduler::new_from_seed(seed, INTERLEAVINGS);
    shuttle::Runner::new(scheduler, config).run(test);
}

#[test]
fn a_run_can_be_monitored_at_any_moment() {
    let test = || {
        let monitor = Monitor::default();
        let watcher = thread::spawn({
            let monitor = monitor.clone();
            move || {
                for _ in 0..6 {
                    let progress = monitor.progress();
                    assert!(progress.running <= CONCURRENCY, "{progress:?}");
                    assert!(progress.phase.is_some() || progress.running == 0, "{progress:?}");
                    for step in monitor.stuck() {
                        assert!(!step.named.is_empty() && step.held_up <= VMS + 1, "{step}");
                    }
                    thread::yield_now();
                }
            }
        });
        let report = block_on(async {
            let cascade = cascade(&Log::default(), None);
            let plan = cascade.plan(Delete, Host::roots([1_u64])).await.unwrap();
            cascade.apply(plan).monitored_by(&monitor).await.unwrap()
        });
        assert!(report.is_complete());
        watcher.join().unwrap();
        assert_eq!((monitor.progress().phase, monitor.progress().running), (None, 0));
    };
    in_many_interleavings(test);
}

#[test]
fn a_run_can_be_cancelled_at_any_moment() {
    let test = || {
        let (token, log) = (CancellationToken::new(), Log::default());
        let canceller = thread::spawn({
            let token = token.clone();
            move || {
                thread::yield_now();
                token.cancel();
            }
        });
        let report = block_on(async {
            let cascade = cascade(&log, None);
            let plan = cascade.plan(Delete, Host::roots([1_u64])).await.unwrap();
            cascade.apply(plan).cancelled_by(token).await.unwrap()
        });
        canceller.join().unwrap();
        let summary = report.summary();
        assert_eq!(summary.done + summary.not_started, VMS + 1, "{report}");
        assert_eq!(log.0.lock().unwrap().len(), summary.done);
        assert!(report.is_cancelled() || report.is_complete());
    };
    in_many_interleavings(test);
}

/// A thread that resumes a run with an owner gets an error; no step runs twice.
#[test]
fn a_run_has_one_owner_at_any_moment() {
    let test = || {
        let (journal, log) = (MemoryJournal::default(), Log::default());
        let cascade = cascade(&log, Some(&journal));
        let apply = block_on(async {
            let plan = cascade.plan(Delete, Host::roots([1_u64])).await.unwrap();
            cascade.apply(plan)
        });
        let run = apply.run_id().clone();
        let other = thread::spawn({
            let (cascade, run) = (cascade.clone(), run.clone());
            move || {
                thread::yield_now();
                block_on(async { cascade.resume(&run).await })
            }
        });
        assert!(block_on(async { apply.await }).unwrap().is_complete());
        match other.join().unwrap() {
            Ok(report) => panic!("it was resumed while it ran: {report}"),
            Err(ResumeError::Journal(_) | ResumeError::HasEnded { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        let runs = block_on(cascade.runs()).unwrap();
        assert!(runs.iter().all(|info| info.state == RunState::Complete), "{runs:?}");
        let mut removed = log.0.lock().unwrap().clone();
        assert_eq!(removed.pop(), Some(String::from("host-1")));
        removed.sort();
        assert_eq!(removed, ["vm-0", "vm-1", "vm-2", "vm-3"]);
    };
    in_many_interleavings(test);
}

#[test]
fn two_runs_of_one_engine_do_not_mix() {
    let test = || {
        let log = Log::default();
        let cascade = cascade(&log, None);
        let run = |host: u64| {
            let cascade = cascade.clone();
            move || {
                block_on(async {
                    let plan = cascade.plan(Delete, Host::roots([host])).await.unwrap();
                    cascade.apply(plan).await.unwrap()
                })
            }
        };
        let other = thread::spawn(run(1));
        let (mine, other) = (run(2)(), other.join().unwrap());
        assert_eq!((done(&mine), done(&other)), (VMS + 1, VMS + 1));
        assert_eq!(log.0.lock().unwrap().len(), 2 * (VMS + 1));
    };
    in_many_interleavings(test);
}
