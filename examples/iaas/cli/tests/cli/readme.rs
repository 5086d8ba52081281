//! The first command in `README.md`.

use crate::cloud::Cloud;

const README: &str = include_str!("../../../../../README.md");
const COMMAND: &str = "$ cargo run --release -p iaas -- ";

/// The arguments of the command, and the output that the README shows.
fn first_command() -> (Vec<&'static str>, &'static str) {
    let (_, command) = README.split_once(COMMAND).expect("the README runs the cloud");
    let (arguments, shown) = command.split_once('\n').expect("the README shows the output");
    let (shown, _) = shown.split_once("```").expect("the output is in a block");
    (arguments.split_whitespace().collect(), shown)
}

/// The plan and the warning for a new cloud of 10,000 VMs. Without a terminal and `--yes`, nothing is changed.
#[test]
fn the_readme_shows_the_plan() {
    let (arguments, shown) = first_command();
    let run = Cloud::none().run(&arguments);
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(shown.contains(&run.stdout), "the README shows\n{shown}\nthe command prints\n{}", run.stdout);
    let (_, means) = run.stderr.split_once('\n').expect("the notice of a new cloud, and then the warning");
    let sentences: Vec<&str> = means.lines().filter(|line| line.ends_with('.')).collect();
    assert!(!sentences.is_empty(), "{}", run.stderr);
    for sentence in sentences {
        assert!(shown.contains(sentence), "the README lacks: {sentence}");
    }
}

#[test]
fn the_command_deletes_the_zone() {
    let (mut arguments, _) = first_command();
    arguments.push("--yes");
    let cloud = Cloud::of(100);
    let run = cloud.run(&arguments);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let shown = cloud.shown();
    for gone in ["Zone", "Cluster", "Host", "PrimaryStorage", "L2Network", "VmInstance"] {
        assert_eq!(shown[gone]["total"], 0, "{gone}: {shown}");
    }
    assert_ne!(shown["Account"]["total"], 0, "{shown}");
}
