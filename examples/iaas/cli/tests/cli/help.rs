//! The help texts.

use crate::cloud::Cloud;

#[test]
fn every_command_has_help() {
    let cloud = Cloud::none();
    let commands: [&[&str]; 10] = [
        &[],
        &["seed"],
        &["show"],
        &["delete"],
        &["detach", "primary-storage"],
        &["detach", "l2-network"],
        &["graph"],
        &["runs"],
        &["run"],
        &["resume"],
    ];
    let help = |command: &&[&str]| {
        let run = cloud.run(&[*command, &["--help"]].concat());
        assert_eq!(run.code, 0);
        format!("$ iaas {}\n{}", [*command, &["--help"]].concat().join(" "), run.stdout)
    };
    insta::assert_snapshot!(commands.iter().map(help).collect::<Vec<_>>().join("\n"));
}

/// One tree per resource; the command creates no database.
#[test]
fn graph_shows_the_tree_of_each_resource() {
    let cloud = Cloud::none();
    let run = cloud.run(&["graph"]);
    assert_eq!(run.code, 0);
    let trees: Vec<&str> = run.stdout.split("\n\n").collect();
    assert_eq!(trees.len(), 29);
    let host = trees.iter().find(|tree| tree.starts_with("Host\n")).expect("hosts have a tree");
    insta::assert_snapshot!(host, @r"
    Host
    ├── ApplianceVm
    ├── HostAllocatedCpu
    ├── HostNumaNode
    └── VmInstance
        ├── VmInstanceNumaNode
        └── VmNicSecurityGroupRef
    ");
    assert!(!cloud.path("iaas.db").exists());
}

#[test]
fn invalid_arguments_exit_with_code_2() {
    let cloud = Cloud::none();
    for arguments in [
        &["destroy"] as &[&str],
        &["delete"],
        &["delete", "Zone"],
        &["detach", "primary-storage", "storage-1"],
        &["--agent-failure-rate", "2", "show"],
        &["seed", "--zones", "0"],
    ] {
        assert_eq!(cloud.run(arguments).code, 2, "{arguments:?}");
    }
}
