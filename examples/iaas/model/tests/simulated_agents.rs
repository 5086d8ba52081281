//! Simulated agents: equal seeds give equal failures.

use std::time::Duration;

use iaas_model::agents::{AgentError, Command, Simulated, Simulation};
use iaas_model::compute::VmId;
use tempfile::TempDir;

fn vms(count: usize) -> Vec<VmId> {
    (0..count).map(|n| VmId::from(format!("vm-{n}"))).collect()
}

async fn failures(simulation: Simulation) -> Vec<String> {
    let sent = Simulated::new(simulation).agents().each(&vms(1000), Command::StopVm).await;
    let mut failed: Vec<String> = sent.failed.iter().map(|(vm, _)| vm.to_string()).collect();
    failed.sort_unstable();
    failed
}

#[tokio::test]
async fn equal_seeds_fail_equal_commands() {
    let simulation = Simulation { failure_rate: 0.1, seed: 7, ..Simulation::default() };
    let failed = failures(simulation).await;
    assert!((50..200).contains(&failed.len()), "{}", failed.len());
    assert_eq!(failures(simulation).await, failed);
    assert_ne!(failures(Simulation { seed: 8, ..simulation }).await, failed);
}

#[tokio::test]
async fn a_rate_of_one_fails_all_commands_and_zero_none() {
    let all = Simulation { failure_rate: 1.0, ..Simulation::default() };
    assert_eq!(failures(all).await.len(), 1000);
    assert_eq!(failures(Simulation::default()).await.len(), 0);
}

/// Each attempt may have another result.
#[tokio::test]
async fn a_failed_command_may_succeed_later() {
    let simulation = Simulation { failure_rate: 0.5, ..Simulation::default() };
    let agents = Simulated::new(simulation).agents();
    let mut left = vms(100);
    for _ in 0..20 {
        let sent = agents.each(&left, Command::StopVm).await;
        left = sent.failed.into_iter().map(|(vm, _)| vm).collect();
    }
    assert!(left.is_empty(), "{left:?}");
}

/// The commands of a host run in order, up to the first failure.
#[tokio::test]
async fn the_commands_of_one_id_stop_at_the_first_that_fails() {
    let simulated = Simulated::new(Simulation::default());
    simulated.refuse("delete-volume");
    let vm = VmId::from("vm-1");
    let commands = vec![
        Command::StopVm(vm.to_string()),
        Command::DeleteVolume(String::from("volume-1")),
        Command::DestroyVm(vm.to_string()),
    ];
    let sent = simulated.agents().send_all(vec![(vm, commands)]).await;
    assert!(matches!(&sent.failed[..], [(_, AgentError::Refused { .. })]), "{sent:?}");
    assert_eq!(simulated.take_done(), [Command::StopVm(String::from("vm-1"))]);
}

#[tokio::test]
async fn the_log_has_a_line_for_each_command_that_was_carried_out() {
    let directory = TempDir::new().expect("a temporary directory");
    let log = directory.path().join("agents.log");
    std::fs::write(&log, "an old line\n").expect("a log");
    let simulation = Simulation { latency: Duration::from_millis(1), ..Simulation::default() };
    let simulated = Simulated::new(simulation);
    simulated.log_to(&log).expect("it opens");
    let host = String::from("host-1");
    let orders = vec![(VmId::from("vm-1"), vec![Command::MigrateVm(String::from("vm-1"), host)])];
    assert_eq!(simulated.agents().send_all(orders).await.done.len(), 1);
    let text = std::fs::read_to_string(&log).expect("a log");
    assert_eq!(text, "an old line\nmigrate-vm vm-1 host-1\n");
}
