//! `cargo cascade` in different kinds of workspaces.

#![forbid(unsafe_code)]

mod fixture;

use fixture::{CORE, Fixture, ZONE_AND_HOST, dependent_of_zone, manifest};

const TREE: &str = "Zone: remove\n└── Host: drain\n";
const VIRTUAL: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"zones\", \"disks\"]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n";

fn library() -> Fixture {
    Fixture::new(&[("Cargo.toml", &manifest("cloud", CORE)), ("src/lib.rs", ZONE_AND_HOST)])
}

/// A workspace of the package `zones`, with `Zone` and `Host`, and the package `disks`.
fn two_packages(disks_dependencies: &str, disks: &str) -> Fixture {
    Fixture::new(&[
        ("Cargo.toml", VIRTUAL),
        (
            "zones/Cargo.toml",
            &manifest("zones", CORE).replace("[profile.dev]\ndebug = \"line-tables-only\"\n", ""),
        ),
        ("zones/src/lib.rs", ZONE_AND_HOST),
        (
            "disks/Cargo.toml",
            &manifest("disks", disks_dependencies)
                .replace("[profile.dev]\ndebug = \"line-tables-only\"\n", ""),
        ),
        ("disks/src/lib.rs", disks),
    ])
}

#[test]
fn a_library_is_drawn_in_each_format_and_explained() {
    let cloud = library();
    assert_eq!(cloud.cascade(&["tree", "Zone", "--operation", "Delete"]).success(), TREE);
    assert_eq!(cloud.cascade(&["graph"]).success(), "Zone\n└── Host\n");
    for (format, start) in
        [("mermaid", "flowchart TD\n"), ("dot", "digraph"), ("svg", "<svg"), ("markdown", "<!--")]
    {
        let drawn = cloud.cascade(&["graph", "--format", format]).success();
        assert!(drawn.starts_with(start), "{drawn}");
    }
    let error = cloud.cascade(&["tree", "Zoen"]).failure(2);
    assert!(error.contains("error: there is no resource `Zoen`: did you mean `Zone`?"), "{error}");
    let error = cloud.cascade(&["tree", "Zoen", "--json"]);
    assert_eq!(error.code, Some(2));
    assert_eq!(error.out, "{\"error\":\"there is no resource `Zoen`: did you mean `Zone`?\"}\n");
    let explained = cloud.cascade(&["explain", "Zone", "Host"]).success();
    insta::assert_snapshot!(explained, @r"
    1 path from Zone to Host

     1. Zone → Host
          Delete: drain

    edges

      Zone → Host  src/lib.rs:26
          delete: drain  src/lib.rs:34
    ");
    let json: serde_json::Value =
        serde_json::from_str(&cloud.cascade(&["--json", "matrix"]).success()).expect("it is JSON");
    assert_eq!(json["edges"][0]["source"]["file"], "src/lib.rs");
}

#[test]
fn documents_are_written_and_checked() {
    let cloud = library();
    let missing = cloud.cascade(&["docs", "--check"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.out.contains("docs/cascade.md is missing"), "{}", missing.out);
    assert_eq!(cloud.cascade(&["docs"]).success(), "docs/cascade.md written\ndocs/cascade.svg written\n");
    let page = cloud.read("docs/cascade.md");
    assert!(page.contains("`drain` ([`src/lib.rs:35`](../src/lib.rs#L35))"), "{page}");
    cloud.cascade(&["docs", "--check"]).success();
    // Changed line numbers are not a difference. A changed effect is one.
    cloud.write("src/lib.rs", &format!("// Moved.\n{ZONE_AND_HOST}"));
    cloud.cascade(&["docs", "--check"]).success();
    cloud.write("src/lib.rs", &ZONE_AND_HOST.replace("drain", "empty"));
    let differs = cloud.cascade(&["docs", "--check"]);
    assert_eq!(differs.code, Some(1));
    let difference = "+ - `empty` ([`src/lib.rs:35`](../src/lib.rs#L35))";
    assert!(differs.out.contains(difference), "{}", differs.out);
}

#[test]
fn links_use_the_configured_url() {
    let cloud = library();
    let page = |arguments: &[&str]| {
        cloud.cascade(&[&["graph", "--format", "markdown"], arguments].concat()).success()
    };
    assert!(page(&[]).contains("declared at `src/lib.rs:6`."), "a printed page has relative links");
    let linked = page(&["--source-url", "vscode://file/cloud/{file}:{line}"]);
    assert!(linked.contains("[`src/lib.rs:6`](vscode://file/cloud/src/lib.rs:6)"), "{linked}");
    cloud.cascade(&["graph", "--output", "pages/deep/cascade.html"]).failure(2);
    std::fs::create_dir_all(cloud.path().join("pages/deep")).expect("a folder can be made");
    cloud.cascade(&["graph", "--output", "pages/deep/cascade.html"]).success();
    assert!(cloud.read("pages/deep/cascade.html").contains(r#""sources_at":"../../{file}#L{line}""#));
    let configuration = "\n[workspace.metadata.cascade]\nsource-url = \"https://example.org/blob/main\"\n";
    cloud.write("Cargo.toml", &(manifest("cloud", CORE) + "\n[workspace]\n" + configuration));
    cloud.cascade(&["docs"]).success();
    let written = cloud.read("docs/cascade.md");
    assert!(written.contains("[`src/lib.rs:6`](https://example.org/blob/main/src/lib.rs#L6)"), "{written}");
    // The operation of the library is in another workspace, so that it has no file here to link to.
    assert!(!written.contains("main/src/operation.rs"), "{written}");
}

#[test]
fn check_warns_if_a_root_reaches_more_than_the_committed_documents_say() {
    let cloud = library();
    assert!(cloud.cascade(&["check"]).success().ends_with("no fault and no warning\n"));
    let error = cloud.cascade(&["check", "--docs", "docs"]).failure(2);
    assert!(
        error.contains("error: cannot read ") && error.contains("docs/cascade.md: No such file"),
        "{error}"
    );
    cloud.cascade(&["docs"]).success();
    assert!(cloud.cascade(&["check", "--strict"]).success().ends_with("no fault and no warning\n"));
    let disks = format!("{ZONE_AND_HOST}\nmod disks {{{}}}\n", dependent_of_zone("Disk", "super"));
    cloud.write("src/lib.rs", &disks);
    let checked = cloud.cascade(&["check"]).success();
    let warning = "warning: Delete from `Zone` reaches further than docs/cascade.md says: Disk\n  help: ";
    assert!(checked.contains(warning), "{checked}");
    assert_eq!(cloud.cascade(&["check", "--strict", "--docs", "docs"]).code, Some(1));
    let json = cloud.cascade(&["check", "--json"]).success();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["warnings"][0]["kind"], "reaches-further");
}

#[test]
fn a_package_without_extensions_is_a_fault() {
    let empty = Fixture::new(&[("Cargo.toml", &manifest("empty", CORE)), ("src/lib.rs", "")]);
    let checked = empty.cascade(&["check"]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.out.contains("error[C016]: no extension is linked into this program"), "{}", checked.out);
    assert!(checked.out.ends_with("1 fault and no warning\n"), "{}", checked.out);
    let error = empty.cascade(&["graph"]).failure(1);
    assert!(error.contains("error[C016]"), "{error}");
}

#[test]
fn a_package_of_a_virtual_workspace_can_be_selected() {
    let dependencies = format!("{CORE}\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, &dependent_of_zone("Disk", "zones"));
    assert_eq!(cloud.cascade(&["graph"]).success(), "Zone\n├── Disk\n└── Host\n");
    assert_eq!(cloud.cascade(&["graph", "-p", "zones"]).success(), "Zone\n└── Host\n");
    let error = cloud.cascade(&["graph", "-p", "zone"]).failure(2);
    assert!(error.contains("there is no package `zone` in this workspace"), "{error}");
}

#[test]
fn a_dependency_can_be_renamed() {
    let dependencies = format!("{CORE}\nplaces = {{ path = \"../zones\", package = \"zones\" }}");
    let cloud = two_packages(&dependencies, &dependent_of_zone("Disk", "places"));
    assert_eq!(cloud.cascade(&["graph", "-p", "disks"]).success(), "Zone\n├── Disk\n└── Host\n");
}

/// The macros expand to paths that start with `cascade_core`, so that a package that renames the library needs an
/// alias.
#[test]
fn the_library_can_be_renamed() {
    let core = "engine = { package = \"cascade-core\", path = \"REPOSITORY/cascade-core\" }";
    let library = format!("extern crate engine as cascade_core;\n{ZONE_AND_HOST}");
    let cloud = Fixture::new(&[("Cargo.toml", &manifest("cloud", core)), ("src/lib.rs", &library)]);
    assert_eq!(cloud.cascade(&["tree", "Zone", "--operation", "Delete"]).success(), TREE);
}

#[test]
fn check_warns_about_a_package_that_is_not_linked() {
    let dependencies = format!("{CORE}\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, &ZONE_AND_HOST.replace("Host", "Rack"));
    let checked = cloud.cascade(&["check", "-p", "disks"]).success();
    assert!(
        checked.contains("warning: package `zones` depends on Cascade but contributes nothing"),
        "{checked}"
    );
    assert_eq!(cloud.cascade(&["check", "-p", "disks", "--strict"]).code, Some(1));
    // Both packages declare a `Zone`, which is a fault with both places.
    let both = cloud.cascade(&["check"]);
    assert_eq!(both.code, Some(1));
    assert!(both.out.contains("error[C001]"), "{}", both.out);
    assert!(both.out.contains("zones/src/lib.rs:") && both.out.contains("disks/src/lib.rs:"), "{}", both.out);
}

#[test]
fn a_dependency_for_another_platform_only_needs_no_link() {
    let dependencies =
        format!("{CORE}\n[target.'cfg(any())'.dependencies]\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, &ZONE_AND_HOST.replace("Host", "Rack"));
    let checked = cloud.cascade(&["check", "-p", "disks"]).success();
    assert!(checked.ends_with("no fault and no warning\n"), "{checked}");
}

#[test]
fn a_binary_needs_the_hook() {
    let main = format!(
        "{ZONE_AND_HOST}\nfn main() {{\n    cascade_core::tool::hook();\n    println!(\"the program\");\n}}\n"
    );
    let hooked = Fixture::new(&[("Cargo.toml", &manifest("program", CORE)), ("src/main.rs", &main)]);
    assert_eq!(hooked.cascade(&["tree", "Zone", "--operation", "delete"]).success(), TREE);
    hooked.write("src/main.rs", &main.replace("cascade_core::tool::hook();", ""));
    let error = hooked.cascade(&["graph"]).failure(2);
    assert!(error.contains("write `cascade_core::tool::hook();` as the first line of its `main`"), "{error}");
    let error = hooked.cascade(&["graph", "--bin", "program"]).failure(2);
    assert!(error.contains("`program` exited without writing its graph"), "{error}");
    let error = hooked.cascade(&["graph", "--bin", "programme"]).failure(2);
    assert!(error.contains("package `program` has no binary `programme`"), "{error}");
}

/// A program that makes its graph at run time, with a place in its data.
const AT_RUN_TIME: &str = r#"
use cascade_core::prelude::*;
use cascade_core::{Declaration, Found, Graph, Outcome, Place, ResourceDescriptor, Rule, place};

fn table(name: &str) -> Declaration<(), u64> {
    let resource = ResourceDescriptor::runtime::<u64>(name, place!());
    let mut table = Declaration::<(), u64>::new(format!("{name}s"), resource, place!());
    table.effect("delete", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    table.rule(Rule::effect::<Delete>("delete", place!()));
    table
}

fn main() {
    cascade_core::tool::hook_with(place!(), || {
        let mut hosts = table("Host");
        hosts
            .edge_with(ResourceDescriptor::runtime::<u64>("PARENT", place!()), Place::described("constraint fk_7"))
            .finder("rows", |(), _: &[u64], _| Box::pin(async { Ok(Found::Children(Vec::new())) }))
            .on::<Delete>("delete");
        Graph::build([table("Zone").descriptor().clone(), hosts.descriptor().clone()])
    });
    println!("the program");
}
"#;

#[test]
fn a_binary_answers_with_a_graph_that_it_makes_at_run_time() {
    let main = AT_RUN_TIME.replace("PARENT", "Zone");
    // Tests run in parallel in one target folder, so each binary has a name of its own.
    let program = Fixture::new(&[("Cargo.toml", &manifest("tables", CORE)), ("src/main.rs", &main)]);
    assert_eq!(program.cascade(&["graph"]).success(), "Zone\n└── Host\n");
    assert_eq!(
        program.cascade(&["check", "--strict"]).success(),
        "2 resources, 1 edge, 1 operation: no fault and no warning\n"
    );
    let explained = program.cascade(&["explain", "Zone", "Host"]).success();
    assert!(explained.contains("Zone → Host  constraint fk_7\n"), "{explained}");
    program.write("src/main.rs", &AT_RUN_TIME.replace("PARENT", "Zoen"));
    let error = program.cascade(&["graph"]).failure(1);
    assert!(error.contains("\n  --> constraint fk_7\n  help: did you mean `Zone`?"), "{error}");
}

/// The linker's collection is not needed.
#[test]
fn a_graph_at_run_time_needs_no_inventory() {
    let core = CORE.replace(" }", ", default-features = false }");
    let main = AT_RUN_TIME.replace("PARENT", "Zone");
    let program = Fixture::new(&[("Cargo.toml", &manifest("tables-alone", &core)), ("src/main.rs", &main)]);
    assert_eq!(program.cascade(&["graph"]).success(), "Zone\n└── Host\n");
}

#[test]
fn a_binary_whose_extensions_are_in_libraries_needs_no_hook() {
    let dependencies = format!("{CORE}\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, "");
    std::fs::remove_file(cloud.path().join("disks/src/lib.rs")).expect("the file exists");
    cloud.write("disks/src/main.rs", "cascade_core::link!(zones);\nfn main() {}\n");
    assert_eq!(cloud.cascade(&["graph", "-p", "disks"]).success(), "Zone\n└── Host\n");
}

#[test]
fn features_select_the_extensions() {
    let feature = format!("{}\n[features]\ndisks = []\n", manifest("cloud", CORE));
    let gated = format!(
        "{ZONE_AND_HOST}\n#[cfg(feature = \"disks\")]\nmod disks {{{}}}\n",
        dependent_of_zone("Disk", "super")
    );
    let cloud = Fixture::new(&[("Cargo.toml", &feature), ("src/lib.rs", &gated)]);
    assert_eq!(cloud.cascade(&["graph"]).success(), "Zone\n└── Host\n");
    assert_eq!(cloud.cascade(&["graph", "--features", "disks"]).success(), "Zone\n├── Disk\n└── Host\n");
    assert_eq!(cloud.cascade(&["graph", "--all-features"]).success(), "Zone\n├── Disk\n└── Host\n");
}

#[test]
fn a_failed_build_shows_the_errors_of_cargo() {
    let cloud = library();
    cloud.write("src/lib.rs", &ZONE_AND_HOST.replace("edges = [Zone]", "edges = [Zoen]"));
    let error = cloud.cascade(&["graph"]).failure(2);
    assert!(error.contains("cannot find type `Zoen` in this scope"), "{error}");
    assert!(error.ends_with("error: the build failed\n"), "{error}");
    cloud.write("Cargo.toml", "[package]\nname = 5\n");
    let error = cloud.cascade(&["graph"]).failure(2);
    assert!(error.contains("invalid type: integer `5`"), "{error}");
}

#[test]
fn a_workspace_without_cascade_is_an_error() {
    let plain = Fixture::new(&[("Cargo.toml", &manifest("plain", "")), ("src/lib.rs", "")]);
    let error = plain.cascade(&["graph"]).failure(2);
    assert_eq!(error, "error: no package of this workspace depends on cascade-core, so there is no graph\n");
}

#[test]
fn the_users_lock_file_keeps_its_version() {
    let cloud = library();
    cloud.cascade(&["graph"]).success();
    let old = cloud.read("Cargo.lock").replace("version = 4\n", "version = 3\n");
    cloud.write("Cargo.lock", &old);
    assert_eq!(cloud.cascade(&["graph"]).success(), "Zone\n└── Host\n");
    assert!(cloud.read("Cargo.lock").contains("\nversion = 3\n"));
}

#[test]
fn diff_and_check_compare_with_a_revision() {
    let cloud = library();
    cloud.git(&["init", "--quiet"]);
    cloud.git(&["add", "."]);
    cloud.git(&["commit", "--quiet", "--message", "first"]);
    assert_eq!(cloud.cascade(&["diff", "HEAD"]).success(), "the graph is unchanged\n");
    let disks = format!(
        "{}\nmod disks {{{}}}\n",
        ZONE_AND_HOST.replace("drain", "stop"),
        dependent_of_zone("Disk", "super")
    );
    cloud.write("src/lib.rs", &disks);
    insta::assert_snapshot!(cloud.cascade(&["diff", "HEAD"]).success(), @r"
    + Disk  src/lib.rs:46
    + Zone → Disk  src/lib.rs:51
    ~ Delete from Host: drain ⇒ stop  src/lib.rs:33
    ~ Delete along Zone → Host: drain ⇒ stop  src/lib.rs:34
    ! Delete from Zone now reaches Disk
    ");
    let checked = cloud.cascade(&["check", "--since", "HEAD"]).success();
    assert!(checked.contains("Delete from `Zone` reaches further than in HEAD: Disk"), "{checked}");
    let error = cloud.cascade(&["diff", "no-such-revision"]).failure(2);
    assert!(error.contains("error: git rev-parse: fatal: Needed a single revision"), "{error}");
}

#[test]
fn completions_and_the_manual_page_list_the_sub_commands() {
    let cloud = library();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let completions = cloud.cascade(&["completions", shell]).success();
        assert!(completions.contains("explain") && completions.contains("cargo-cascade"), "{completions}");
    }
    let manual = cloud.cascade(&["man"]).success();
    assert!(manual.starts_with(".ie") && manual.contains("CARGO CASCADE EXPLAIN"), "{manual}");
    assert!(manual.contains("source\\-url"), "{manual}");
}

/// Does nothing on a system without bash.
#[test]
fn bash_completes_a_sub_command() {
    let cloud = library();
    cloud.write("completions", &cloud.cascade(&["completions", "bash"]).success());
    let script = "source ./completions; COMP_WORDS=(cargo-cascade ex) COMP_CWORD=1; \
                  $(complete -p cargo-cascade | grep -o '_cargo[a-z_]*') cargo-cascade ex cargo-cascade; echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    let Ok(output) = bash.current_dir(cloud.path()).args(["--norc", "-c", script]).output() else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "explain\n");
}
