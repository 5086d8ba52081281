//! `delete`.

use serde_json::Value;

use crate::cloud::Cloud;
use crate::schemas::{PLAN, REPORT, RUN, assert_text_conforms};

fn number(of: &Value) -> u64 {
    of.as_u64().unwrap_or_else(|| panic!("{of} is a number"))
}

/// The number of all instances in a report.
fn all(report: &Value) -> u64 {
    ["done", "failed", "blocked", "not_started"].iter().map(|verdict| number(&report[verdict])).sum()
}

/// The counts of `show` that changed, as `name before -> after`.
fn differences(before: &Value, after: &Value) -> String {
    let before = before.as_object().expect("an object");
    let changed = before.iter().filter(|(name, count)| after[name.as_str()] != **count);
    let line = |(name, count): (&String, &Value)| format!("{name} {count} -> {}", after[name.as_str()]);
    changed.map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn plan_only_shows_the_plan_and_changes_nothing() {
    let cloud = Cloud::of(20);
    let before = cloud.shown();
    let run = cloud.run(&["delete", "Host", "host-1", "--plan-only"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stdout, @r"
    Delete Host host-1: 10 instances of 5 resources
    Host                  1  remove
    ├── ApplianceVm       1  migrate
    ├── HostAllocatedCpu  4  remove
    ├── HostNumaNode      2  remove
    └── VmInstance        2  stop
    ");
    assert_eq!(cloud.shown(), before);
}

#[test]
fn instances_of_several_resources_are_deleted_in_one_plan() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&[
        "delete",
        "Host",
        "host-1",
        "--also",
        "InstanceOffering/offering-1",
        "--plan-only",
        "--json",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let plan = run.document();
    let roots: Vec<&Value> =
        plan["roots"].as_array().expect("a list").iter().map(|root| &root["text"]).collect();
    assert_eq!(roots, ["host-1", "offering-1"]);
    let run = cloud.run(&["delete", "Host", "host-1", "--also", "Host/host-2", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let runs = cloud.run(&["runs"]).stdout;
    assert!(runs.contains("delete Host host-1 host-2"), "{runs}");
    let unknown = cloud.run(&["delete", "Host", "host-3", "--also", "Host/host-999", "--yes"]);
    assert!(unknown.stderr.contains("host-999"), "{}", unknown.stderr);
    let misspelt = cloud.run(&["delete", "Host", "host-3", "--also", "host-4", "--yes"]);
    assert!(
        misspelt.stderr.contains("an instance is a resource and an id, as in Host/host-9"),
        "{}",
        misspelt.stderr
    );
}

#[test]
fn each_mode_of_drift_deletes_in_a_cloud_that_does_not_change() {
    for mode in ["refuse", "exact", "follow", "ignore"] {
        let cloud = Cloud::of(20);
        let run = cloud.run(&["delete", "Host", "host-1", "--drift", mode, "--yes", "--json"]);
        assert_eq!(run.code, 0, "{mode}: {}", run.stderr);
        assert_eq!(run.document()["drift"], Value::Null, "{mode}");
    }
}

#[test]
fn a_plan_is_one_json_document() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "Zone", "zone-1", "--plan-only", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let plan = run.document();
    assert_eq!(plan["operation"], "delete");
    assert_text_conforms(&PLAN, &run.stdout);
    let root = serde_json::json!({ "resource": "Zone", "id": "zone-1", "text": "zone-1" });
    assert_eq!(plan["roots"], serde_json::json!([root]));
    assert_eq!(plan["vetoes"], serde_json::json!([]));
    assert_eq!(plan["digest"].as_str().map(str::len), Some(64));
    assert_eq!(plan["resources"]["VmInstance"]["instances"], 20);
    assert_eq!(plan["resources"]["VmInstance"]["effects"]["destroy"], 20);
    let resources = plan["resources"].as_object().expect("an object");
    let sum: u64 = resources.values().map(|resource| number(&resource["instances"])).sum();
    assert_eq!(number(&plan["instances"]), sum);
}

/// Scripts have ids as JSON: `jq '.roots[0].id'` prints quotes.
#[test]
fn an_id_is_accepted_as_json() {
    let cloud = Cloud::of(20);
    let plan = |id: &str| cloud.run(&["delete", "Zone", id, "--plan-only", "--json"]);
    assert_eq!(plan("\"zone-1\"").document(), plan("zone-1").document());
    let unknown = plan("\"zone-7\"");
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.document()["error"].as_str().is_some_and(|error| error.contains("did you mean `zone-1`?"))
    );
}

/// Equal clouds have equal plans, and so equal digests.
#[test]
fn a_plan_is_deterministic() {
    let (cloud, again) = (Cloud::of(20), Cloud::of(20));
    let plan = |cloud: &Cloud| cloud.run(&["delete", "Zone", "zone-1", "--plan-only", "--json"]).stdout;
    assert_eq!(plan(&cloud), plan(&again));
}

#[test]
fn a_zone_is_deleted_with_all_its_dependents() {
    let cloud = Cloud::of(60);
    let before = cloud.shown();
    let plan = cloud.run(&["delete", "Zone", "zone-1", "--plan-only", "--json"]).document();
    let run = cloud.run(&["delete", "Zone", "zone-1", "--yes", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_text_conforms(&REPORT, &run.stdout);
    let report = run.document();
    assert_eq!(report["done"], plan["instances"]);
    assert_eq!(all(&report), number(&plan["instances"]));
    assert_eq!(report["resources"]["VmInstance"]["done"], 60);
    insta::assert_snapshot!(differences(&before, &cloud.shown()), @r#"
    ApplianceVm {"running":4,"total":4} -> {"running":0,"total":0}
    Cluster {"total":1} -> {"total":0}
    Eip {"total":2} -> {"total":0}
    Host {"total":10} -> {"total":0}
    HostAllocatedCpu {"total":40} -> {"total":0}
    HostNumaNode {"total":20} -> {"total":0}
    IpRange {"total":7} -> {"total":0}
    L2Network {"total":6} -> {"total":0}
    L3Network {"total":6} -> {"total":0}
    LoadBalancer {"total":1} -> {"total":0}
    PortForwardingRule {"total":2} -> {"total":0}
    PrimaryStorage {"total":2} -> {"total":0}
    RemoteVtep {"total":1} -> {"total":0}
    Vip {"total":4} -> {"total":0}
    VirtualRouterOffering {"total":1} -> {"total":0}
    VmInstance {"running":57,"total":60} -> {"running":0,"total":0}
    VmInstanceNumaNode {"total":60} -> {"total":0}
    VmNicSecurityGroupRef {"total":60} -> {"total":0}
    Volume {"total":94} -> {"total":0}
    VolumeSnapshot {"total":15} -> {"total":0}
    Vtep {"total":10} -> {"total":0}
    Zone {"total":1} -> {"total":0}
    "#);
}

#[test]
fn a_host_stops_its_vms_and_moves_its_routers() {
    let cloud = Cloud::of(60);
    let before = cloud.shown();
    assert_eq!(cloud.run(&["delete", "Host", "host-1", "--yes"]).code, 0);
    insta::assert_snapshot!(differences(&before, &cloud.shown()), @r#"
    Host {"total":10} -> {"total":9}
    HostAllocatedCpu {"total":40} -> {"total":36}
    HostNumaNode {"total":20} -> {"total":18}
    VmInstance {"running":57,"total":60} -> {"running":51,"total":60}
    Vtep {"total":10} -> {"total":9}
    "#);
}

#[test]
fn an_ip_range_is_deleted_with_its_nics_and_router() {
    let cloud = Cloud::of(60);
    let before = cloud.shown();
    let (vms, nics) = (cloud.count("vm_instance"), cloud.count("nic"));
    // The range of the cluster's guest network, which all VMs are on.
    let range: String = cloud
        .connection()
        .query_row(
            "SELECT ip_range_id FROM used_ip JOIN nic ON nic.id = user_id WHERE owner_id = 'vm-1'",
            [],
            |row| row.get(0),
        )
        .expect("vm-1 has an address");
    assert_eq!(cloud.run(&["delete", "IpRange", &range, "--yes"]).code, 0);
    insta::assert_snapshot!(differences(&before, &cloud.shown()), @r#"
    ApplianceVm {"running":4,"total":4} -> {"running":3,"total":3}
    IpRange {"total":7} -> {"total":6}
    VmNicSecurityGroupRef {"total":60} -> {"total":0}
    Volume {"total":94} -> {"total":93}
    "#);
    assert_eq!(cloud.count("vm_instance"), vms);
    assert_eq!(cloud.count("nic"), nics - 60 - 3, "one of each VM, three of the router");
}

/// Plan, warning and report in readable form.
#[test]
fn the_text_output_has_plan_warning_and_report() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "Host", "host-1", "host-2", "--yes"]);
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stdout, @r"
    Delete Host host-1, host-2: 22 instances of 5 resources
    Host                  2  remove
    ├── ApplianceVm       4  migrate
    ├── HostAllocatedCpu  8  remove
    ├── HostNumaNode      4  remove
    └── VmInstance        4  stop
                             done      failed     blocked not started
    ApplianceVm                 4           0           0           0
    Host                        2           0           0           0
    HostAllocatedCpu            8           0           0           0
    HostNumaNode                4           0           0           0
    VmInstance                  4           0           0           0
    all                        22           0           0           0
    ");
    insta::assert_snapshot!(run.stderr, @r"
    4 VMs will be stopped, all of them running.
    4 virtual routers will be moved, or destroyed where no host can take them, all of them running.
    14 other things will be removed or changed.
    ");
}

#[test]
fn several_roots_are_deleted_together() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["delete", "VmInstance", "vm-1", "vm-2", "vm-1", "--yes", "--json"]);
    assert_eq!(run.code, 0);
    assert_eq!(run.document()["resources"]["VmInstance"]["done"], 2);
    assert_eq!(cloud.count("vm_instance"), 18);
}

/// Agents that never answer: failed instances are reported, and their ancestors are blocked.
#[test]
fn failures_are_reported_with_exit_code_1() {
    let cloud = Cloud::of(20);
    let arguments =
        ["--agent-failure-rate", "1", "--agent-latency", "0s", "delete", "Host", "host-1", "--yes", "--json"];
    let run = cloud.run(&arguments);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.document();
    assert_eq!(report["resources"]["VmInstance"]["failed"], 2);
    assert_eq!(report["resources"]["Host"]["blocked"], 1);
    assert_eq!(cloud.count("host WHERE id = 'host-1' AND deleted = 0"), 1);
    assert_text_conforms(&REPORT, &run.stdout);
    let shown = cloud.run(&["run", report["run"].as_str().expect("an id"), "--json"]);
    assert_text_conforms(&RUN, &shown.stdout);
    let vm = serde_json::json!({ "resource": "VmInstance", "id": "vm-1", "text": "vm-1" });
    for failures in [&report["failures"], &shown.document()["failures"]] {
        let failures = failures.as_array().expect("a list");
        let is_vm = |failure: &Value| ["resource", "id", "text"].iter().all(|key| failure[*key] == vm[*key]);
        assert!(failures.iter().any(is_vm), "{failures:?}");
    }
    let errors = report["failures"].to_string();
    assert!(errors.contains("the agent does not answer `stop-vm vm-1`"), "{errors}");
}

/// Equal seeds fail equal commands; another run deletes the rest.
#[test]
fn a_failed_deletion_can_be_repeated() {
    let cloud = Cloud::of(20);
    let mut codes = Vec::new();
    for seed in 0..20 {
        let seed = seed.to_string();
        let rate = ["--agent-failure-rate", "0.5", "--agent-latency", "0s", "--agent-seed", &seed];
        let run =
            cloud.run(&[&rate as &[&str], &["delete", "Cluster", "cluster-1", "--yes", "--json"]].concat());
        codes.push(run.code);
        if run.code == 0 {
            break;
        }
        assert_eq!(run.code, 1, "{}", run.stderr);
    }
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
    assert_eq!(cloud.count("cluster"), 0);
    assert_eq!(cloud.count("vm_instance WHERE state = 'Running'"), 0);
    assert_eq!(cloud.count("vm_instance"), 20);
}

/// With --force, failed instances remain.
#[test]
fn force_continues_after_failures() {
    let cloud = Cloud::of(20);
    let arguments = [
        "--agent-failure-rate",
        "1",
        "--agent-latency",
        "0s",
        "delete",
        "Host",
        "host-1",
        "--yes",
        "--force",
        "--json",
    ];
    let run = cloud.run(&arguments);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let report = run.document();
    assert_eq!((&report["blocked"], &report["not_started"]), (&Value::from(0), &Value::from(0)));
    assert!(number(&report["failed"]) > 0);
}

/// Agents log each command on a line.
#[test]
fn agents_write_a_log() {
    let cloud = Cloud::of(20);
    let run = cloud.run(&["--agent-log", "agents.log", "delete", "VmInstance", "vm-1", "--yes"]);
    assert_eq!(run.code, 0);
    let log = std::fs::read_to_string(cloud.path("agents.log")).expect("a log");
    assert!(log.starts_with("destroy-vm vm-1\ndelete-volume volume-"), "{log}");
}
