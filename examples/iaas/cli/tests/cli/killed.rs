//! Processes that are killed at any moment, and runs that are resumed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;

use cascade_core::{Journal, Phase, Record, RunId};
use cascade_sqlite::SqliteJournal;
use iaas_audit::{Before, Ended, is_trace};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::cloud::{Cloud, Run};
use crate::wait::{wait_for, wait_until};

/// The minimum number of kills; `CASCADE_KILLS` overrides it.
const KILLS: u32 = 100;

/// A process is killed after fewer new lines in the agents' log and the journal than this.
const MOST_PROGRESS: u64 = 60;

const DELETE: [&str; 4] = ["delete", "Zone", "zone-1", "--yes"];

/// A generator of moments: equal seeds give equal moments.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A cloud that is ready to be deleted, and its dependencies.
fn cloud() -> (Cloud, Before) {
    let cloud = Cloud::with_journal(40);
    let before = Before::prepare(&cloud.connection()).expect("it is a cloud");
    (cloud, before)
}

/// All rows, without the log of removed rows.
fn rows(cloud: &Cloud) -> Vec<String> {
    cloud.rows().into_iter().filter(|row| !is_trace(row)).collect()
}

#[test]
fn a_killed_run_resumes_with_the_result_of_an_undisturbed_run() {
    let kills = std::env::var("CASCADE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let (undisturbed, before) = cloud();
    let logged = ["--agent-latency", "10ms", "--agent-log", "agents.log"];
    assert_eq!(undisturbed.run(&[&logged as &[&str], &DELETE].concat()).code, 0);
    let (left, commands) = (rows(&undisturbed), commands_of(&undisturbed));
    let check = |cloud: &Cloud, before: &Before, seed: u64| {
        let pairs = before.check(&cloud.connection(), &commands_of(cloud));
        pairs.unwrap_or_else(|error| panic!("seed {seed}: {error}"))
    };
    let pairs = check(&undisturbed, &before, 0);
    assert!(pairs.agents >= 100 && pairs.inventory >= 1400, "{pairs:?}");

    let (mut killed, mut seed) = (0, 0);
    while killed < kills {
        let (cloud, before) = cloud();
        killed += run_and_kill(&cloud, &before, &mut Dice(seed), &logged);
        assert_eq!(rows(&cloud), left, "seed {seed}: the inventory equals that of an undisturbed run");
        let got: BTreeSet<String> = commands_of(&cloud).into_iter().collect();
        assert_eq!(got, commands.iter().cloned().collect(), "seed {seed}: agents got the same commands");
        assert_eq!(check(&cloud, &before, seed), pairs, "seed {seed}");
        seed += 1;
    }
    eprintln!("{killed} kills over {seed} seeds, order of {pairs:?} in each");
}

/// Deletes the zone in several processes, killed at random moments. Returns the number of kills.
fn run_and_kill(cloud: &Cloud, before: &Before, dice: &mut Dice, logged: &[&str]) -> u32 {
    let mut deaths: Vec<(usize, Ended)> = Vec::new();
    loop {
        // A run without a recorded plan has changed nothing: the operation is started again.
        let begun = runs(cloud).into_iter().any(|(_, started)| started);
        if !deaths.is_empty() && !begun && cloud.count("zone WHERE id = 'zone-1'") == 0 {
            // The last process ended the run before it was killed.
            break;
        }
        let command: &[&str] = if begun { &["resume"] } else { &DELETE };
        // The moment depends on the progress of the process, and not on a clock: nearly every process makes progress.
        let moment = progress(cloud) + dice.below(MOST_PROGRESS);
        let mut child = cloud.start(&[logged, command].concat());
        let has_ended = wait_for("the process gets further, or ends", || {
            let has_ended = child.try_wait().expect("it is our child").is_some();
            (has_ended || progress(cloud) >= moment).then_some(has_ended)
        });
        if has_ended {
            let run = ended(child);
            assert_eq!(run.code, 0, "{}", run.stderr);
            break;
        }
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
        deaths.push((commands_of(cloud).len(), ended_steps(cloud)));
    }
    let all = commands_of(cloud);
    for (logged_before, ended) in &deaths {
        let since = before.check_ended(ended, &all[*logged_before..]);
        since.unwrap_or_else(|error| panic!("{error}"));
    }
    deaths.len() as u32
}

fn commands_of(cloud: &Cloud) -> Vec<String> {
    let log = std::fs::read_to_string(cloud.path("agents.log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

/// The number of lines in the two logs.
fn progress(cloud: &Cloud) -> u64 {
    commands_of(cloud).len() as u64 + cloud.journal_length()
}

/// Agents that answer after half an hour at the earliest.
const NO_ANSWER: [&str; 2] = ["--agent-latency", "1h"];

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().expect("a runtime").block_on(future)
}

/// The runs that have not ended, and whether each has a recorded plan.
fn runs(cloud: &Cloud) -> Vec<(RunId, bool)> {
    let journal = SqliteJournal::open(cloud.path("iaas.db.runs")).expect("the journal opens");
    let runs = block_on(journal.runs()).expect("the journal reads").into_iter();
    let unfinished = runs.filter(|info| !info.state.has_ended());
    unfinished.map(|info| (info.run.id, info.state != cascade_core::RunState::Preparing)).collect()
}

fn ended_steps(cloud: &Cloud) -> Ended {
    let journal = SqliteJournal::open(cloud.path("iaas.db.runs")).expect("the journal opens");
    let mut ended = Ended::new();
    for (run, _) in runs(cloud) {
        for record in records(&journal, &run) {
            note(&mut ended, record);
        }
    }
    ended
}

fn records(journal: &SqliteJournal, run: &RunId) -> Vec<Record> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = block_on(journal.read(run, after, 100)).expect("the journal reads");
        let Some((last, _)) = page.last() else { return all };
        after = *last;
        all.extend(page.into_iter().map(|(_, record)| record));
    }
}

/// Ids are listed with the plan, under a key that is no method name.
fn note(ended: &mut Ended, record: Record) {
    match record {
        Record::Instances(chunk) => {
            let ids = ended.entry((chunk.resource, String::from("#ids"))).or_default();
            for (number, id) in (chunk.first..).zip(&chunk.ids) {
                ids.insert(format!("{number} {}", id.as_str().unwrap_or_default()));
            }
        }
        Record::StepEnded(step) if step.phase == Phase::Effect => {
            let ids = ended.get(&(step.resource.clone(), String::from("#ids"))).cloned().unwrap_or_default();
            let by_number: BTreeMap<&str, &str> = ids.iter().filter_map(|id| id.split_once(' ')).collect();
            let done = step.done.iter().filter_map(|at| by_number.get(at.to_string().as_str()));
            let done: Vec<String> = done.map(|id| (*id).to_owned()).collect();
            ended.entry((step.resource, step.effect)).or_default().extend(done);
        }
        _ => {}
    }
}

/// A deletion of a zone, killed after steps have ended. It cannot complete, because its agents do not answer.
fn interrupted(cloud: &Cloud) -> RunId {
    let mut child = cloud.start(&[&NO_ANSWER as &[&str], &DELETE].concat());
    wait_until("a step ends", || on_record(cloud, |record| matches!(record, Record::StepEnded(_))));
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    let (run, _) = runs(cloud).pop().expect("it had begun");
    run
}

#[test]
fn the_next_command_tells_how_to_resume() {
    let cloud = Cloud::with_journal(40);
    let run = interrupted(&cloud);
    let next = cloud.run(&["delete", "Zone", "zone-1", "--plan-only"]);
    assert_eq!(next.code, 0, "{}", next.stderr);
    let how = format!("resume it with `iaas resume {run}`");
    assert!(next.stderr.contains("delete Zone zone-1 was interrupted at "), "{}", next.stderr);
    assert!(next.stderr.contains(&how), "{}", next.stderr);
    assert_eq!(cloud.run(&["resume", run.as_str(), "--json"]).document()["not_started"], 0);
    assert!(cloud.run(&["resume"]).stderr.contains("no run to resume"));
    assert_eq!(cloud.run(&["resume", run.as_str()]).code, 3, "the run has ended");
}

#[test]
fn of_two_processes_that_resume_one_is_refused() {
    let cloud = Cloud::with_journal(40);
    let run = interrupted(&cloud);
    let resume = [&NO_ANSWER as &[&str], &["resume", run.as_str()]].concat();
    let mut processes = [cloud.start(&resume), cloud.start(&resume)];
    // The owner of the run waits for its agents, so the first process to end is the other one.
    let refused = wait_for("one of the two processes ends", || {
        processes.iter_mut().position(|process| process.try_wait().expect("it is our child").is_some())
    });
    let [one, other] = processes;
    let (refused, mut owner) = if refused == 0 { (one, other) } else { (other, one) };
    let refused = ended(refused);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let words = format!("process {} owns it", owner.id());
    assert!(refused.stderr.contains(&words), "{}", refused.stderr);
    assert!(owner.try_wait().expect("it is our child").is_none(), "the owner has ended");
    owner.kill().expect("it is our child");
    owner.wait().expect("it is our child");
    assert_eq!(cloud.run(&["resume", run.as_str()]).code, 0);
}

/// The process is stopped for longer than its lease, and its run is taken over. Its agent commands end, but it writes no record.
#[test]
fn an_owner_that_wakes_after_a_takeover_writes_no_record() {
    let (cloud, sleeper, run) = stopped_while_it_waits();
    // The lease of the stopped process has to expire.
    let resume = [&SHORT_LEASE as &[&str], &["resume", run.as_str()]].concat();
    let resumed = wait_for("the run can be taken over", || {
        Some(cloud.run(&resume)).filter(|run| !run.stderr.contains("owns it"))
    });
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let journal = SqliteJournal::open(cloud.path("iaas.db.runs")).expect("the journal opens");
    let (before, commands) = (records(&journal, &run), commands_of(&cloud));

    signal(&sleeper, Signal::CONT);
    let woken = ended(sleeper);
    assert_eq!(woken.code, 1, "{}{}", woken.stdout, woken.stderr);
    assert!(woken.stderr.contains("taken over"), "{}", woken.stderr);
    assert_eq!(records(&journal, &run).len(), before.len(), "it wrote records");
    let commands_after = commands_of(&cloud)[commands.len()..].to_vec();
    assert!(
        commands_after.iter().all(|command| commands.contains(command)),
        "it sent new commands: {commands_after:?}"
    );
}

const SHORT_LEASE: [&str; 4] = ["--lease", "300ms", "--agent-log", "agents.log"];
/// On a very slow machine, a run may end before its process is stopped: then the test starts another one.
const ATTEMPTS: usize = 20;

/// A process that is stopped while it waits for agents, and holds no lock of the inventory or of the journal.
fn stopped_while_it_waits() -> (Cloud, Child, RunId) {
    for _ in 0..ATTEMPTS {
        let cloud = Cloud::with_journal(40);
        let slow = [&SHORT_LEASE as &[&str], &["--agent-latency", "2s"], &DELETE].concat();
        let mut process = cloud.start(&slow);
        wait_until("a step destroys VMs", || {
            on_record(
                &cloud,
                |record| matches!(record, Record::StepBegun(step) if step.resource == "VmInstance" && step.effect == "destroy"),
            )
        });
        while stop(&process) {
            if cloud.can_be_written() {
                let Some((run, _)) = runs(&cloud).pop() else { break };
                return (cloud, process, run);
            }
            signal(&process, Signal::CONT);
        }
        process.kill().expect("it is our child");
        process.wait().expect("it is our child");
    }
    panic!("each of {ATTEMPTS} runs ended before its process was stopped");
}

/// Stops all threads of a process; `false` if it has ended.
fn stop(process: &Child) -> bool {
    signal(process, Signal::STOP);
    // With `NOWAIT`, the process can still be waited for.
    let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(Pid::from_child(process)), options).expect("it is our child");
    status.is_some_and(|status| status.stopped())
}

/// Whether an unfinished run has such a record.
fn on_record(cloud: &Cloud, is_it: impl Fn(&Record) -> bool) -> bool {
    let journal = SqliteJournal::open(cloud.path("iaas.db.runs")).expect("the journal opens");
    runs(cloud).iter().any(|(run, _)| records(&journal, run).iter().any(&is_it))
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("the signal is sent");
}

fn ended(child: Child) -> Run {
    child.wait_with_output().expect("the binary ends").into()
}

/// A run with a gap in its journal is not resumed until the journal is repaired.
#[test]
fn a_run_with_a_missing_record_is_not_resumed() {
    let cloud = Cloud::with_journal(40);
    let run = interrupted(&cloud);
    let journal = rusqlite::Connection::open(cloud.path("iaas.db.runs")).expect("it opens");
    journal
        .execute_batch(
            "CREATE TABLE aside AS SELECT * FROM record ORDER BY place DESC LIMIT 1;
            DELETE FROM record WHERE place IN (SELECT place FROM aside);",
        )
        .expect("the record is deleted");
    let resumed = cloud.run(&["resume", "--json"]);
    assert_eq!(resumed.code, 1, "{}", resumed.stderr);
    let error = resumed.document()[0]["error"].as_str().unwrap_or_default().to_owned();
    assert!(error.starts_with(&format!("the journal of run {run} cannot be read at position")), "{error}");
    assert!(resumed.stderr.contains("the file is damaged"), "{}", resumed.stderr);
    journal.execute_batch("INSERT INTO record SELECT * FROM aside").expect("the record is restored");
    assert_eq!(cloud.run(&["resume"]).code, 0);
}
