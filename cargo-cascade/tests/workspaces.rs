//! `cargo cascade` in workspaces of every kind.

#![forbid(unsafe_code)]

mod fixture;

use fixture::{CORE, Fixture, ZONE_AND_HOST, hangs_off_zone, manifest};

const TREE: &str = "Zone: remove\n└── Host: drain\n";
const VIRTUAL: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"zones\", \"disks\"]\n\n[profile.dev]\ndebug = \"line-tables-only\"\n";

fn library() -> Fixture {
    Fixture::new(&[("Cargo.toml", &manifest("cloud", CORE)), ("src/lib.rs", ZONE_AND_HOST)])
}

/// A package that only declares, and one beside it that hangs something off.
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
fn a_library_alone() {
    let cloud = library();
    assert_eq!(cloud.cascade(&["tree", "Zone", "--operation", "Delete"]).well(), TREE);
    assert_eq!(cloud.cascade(&["graph"]).well(), "Zone\n└── Host\n");
    for (format, start) in
        [("mermaid", "flowchart TD\n"), ("dot", "digraph"), ("svg", "<svg"), ("markdown", "<!--")]
    {
        let drawn = cloud.cascade(&["graph", "--format", format]).well();
        assert!(drawn.starts_with(start), "{drawn}");
    }
    let error = cloud.cascade(&["tree", "Zoen"]).badly(2);
    assert!(error.contains("error: there is no resource `Zoen`: did you mean `Zone`?"), "{error}");
    let error = cloud.cascade(&["tree", "Zoen", "--json"]);
    assert_eq!(error.code, Some(2));
    assert_eq!(error.out, "{\"error\":\"there is no resource `Zoen`: did you mean `Zone`?\"}\n");
    let explained = cloud.cascade(&["explain", "Zone", "Host"]).well();
    insta::assert_snapshot!(explained, @r"
    1 way from Zone to Host

     1. Zone → Host
          Delete: drain

    along these edges

      Zone → Host  src/lib.rs:26
          delete: drain  src/lib.rs:34
    ");
    let json: serde_json::Value =
        serde_json::from_str(&cloud.cascade(&["--json", "matrix"]).well()).expect("it is JSON");
    assert_eq!(json["edges"][0]["source"]["file"], "src/lib.rs");
}

#[test]
fn documents_are_written_and_kept() {
    let cloud = library();
    let missing = cloud.cascade(&["docs", "--check"]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.out.contains("docs/cascade.md is missing"), "{}", missing.out);
    assert_eq!(cloud.cascade(&["docs"]).well(), "docs/cascade.md written\ndocs/cascade.svg written\n");
    let page = cloud.read("docs/cascade.md");
    assert!(page.contains("`drain` ([`src/lib.rs:35`](../src/lib.rs#L35))"), "{page}");
    cloud.cascade(&["docs", "--check"]).well();
    // A line that moved is no difference; another effect is.
    cloud.write("src/lib.rs", &format!("// Moved.\n{ZONE_AND_HOST}"));
    cloud.cascade(&["docs", "--check"]).well();
    cloud.write("src/lib.rs", &ZONE_AND_HOST.replace("drain", "empty"));
    let differs = cloud.cascade(&["docs", "--check"]);
    assert_eq!(differs.code, Some(1));
    let told = "+ - `empty` ([`src/lib.rs:35`](../src/lib.rs#L35))";
    assert!(differs.out.contains(told), "{}", differs.out);
}

#[test]
fn links_lead_where_the_workspace_says() {
    let cloud = library();
    let page =
        |arguments: &[&str]| cloud.cascade(&[&["graph", "--format", "markdown"], arguments].concat()).well();
    assert!(page(&[]).contains("declared at `src/lib.rs:6`."), "what is printed has nothing beside it");
    let told = page(&["--source-url", "vscode://file/cloud/{file}:{line}"]);
    assert!(told.contains("[`src/lib.rs:6`](vscode://file/cloud/src/lib.rs:6)"), "{told}");
    cloud.cascade(&["graph", "--output", "pages/deep/cascade.html"]).badly(2);
    std::fs::create_dir_all(cloud.path().join("pages/deep")).expect("a folder can be made");
    cloud.cascade(&["graph", "--output", "pages/deep/cascade.html"]).well();
    assert!(cloud.read("pages/deep/cascade.html").contains(r#""sources_at":"../../{file}#L{line}""#));
    let said = "\n[workspace.metadata.cascade]\nsource-url = \"https://example.org/blob/main\"\n";
    cloud.write("Cargo.toml", &(manifest("cloud", CORE) + "\n[workspace]\n" + said));
    cloud.cascade(&["docs"]).well();
    let written = cloud.read("docs/cascade.md");
    assert!(written.contains("[`src/lib.rs:6`](https://example.org/blob/main/src/lib.rs#L6)"), "{written}");
    // The library's own operation is of another workspace: there is no such file in this one.
    assert!(!written.contains("main/src/operation.rs"), "{written}");
}

#[test]
fn what_grew_since_the_committed_documents_is_told() {
    let cloud = library();
    assert!(cloud.cascade(&["check"]).well().ends_with("no fault and no warning\n"));
    let error = cloud.cascade(&["check", "--docs", "docs"]).badly(2);
    assert!(error.contains("docs/cascade.md: No such file"), "{error}");
    cloud.cascade(&["docs"]).well();
    assert!(cloud.cascade(&["check", "--strict"]).well().ends_with("no fault and no warning\n"));
    let disks = format!("{ZONE_AND_HOST}\nmod disks {{{}}}\n", hangs_off_zone("Disk", "super"));
    cloud.write("src/lib.rs", &disks);
    let checked = cloud.cascade(&["check"]).well();
    let warning = "warning: Delete from `Zone` reaches further than docs/cascade.md says: Disk\n  help: see";
    assert!(checked.contains(warning), "{checked}");
    assert_eq!(cloud.cascade(&["check", "--strict", "--docs", "docs"]).code, Some(1));
    let json = cloud.cascade(&["check", "--json"]).well();
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["warnings"][0]["kind"], "reaches-further");
}

#[test]
fn a_package_without_a_resource() {
    let empty = Fixture::new(&[("Cargo.toml", &manifest("empty", CORE)), ("src/lib.rs", "")]);
    let checked = empty.cascade(&["check"]);
    assert_eq!(checked.code, Some(1));
    assert!(checked.out.contains("error[C016]: no extension is linked into this program"), "{}", checked.out);
    assert!(checked.out.ends_with("1 fault and no warning\n"), "{}", checked.out);
    let error = empty.cascade(&["graph"]).badly(1);
    assert!(error.contains("error[C016]"), "{error}");
}

#[test]
fn a_virtual_workspace_and_one_package_of_it() {
    let dependencies = format!("{CORE}\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, &hangs_off_zone("Disk", "zones"));
    assert_eq!(cloud.cascade(&["graph"]).well(), "Zone\n├── Disk\n└── Host\n");
    assert_eq!(cloud.cascade(&["graph", "-p", "zones"]).well(), "Zone\n└── Host\n");
    let error = cloud.cascade(&["graph", "-p", "zone"]).badly(2);
    assert!(error.contains("there is no package `zone` in this workspace"), "{error}");
}

#[test]
fn a_renamed_dependency() {
    let dependencies = format!("{CORE}\nplaces = {{ path = \"../zones\", package = \"zones\" }}");
    let cloud = two_packages(&dependencies, &hangs_off_zone("Disk", "places"));
    assert_eq!(cloud.cascade(&["graph", "-p", "disks"]).well(), "Zone\n├── Disk\n└── Host\n");
}

/// What the macros write names the library by its own name: a package that calls it otherwise says so.
#[test]
fn the_library_by_another_name() {
    let core = "engine = { package = \"cascade-core\", path = \"REPOSITORY/cascade-core\" }";
    let library = format!("extern crate engine as cascade_core;\n{ZONE_AND_HOST}");
    let cloud = Fixture::new(&[("Cargo.toml", &manifest("cloud", core)), ("src/lib.rs", &library)]);
    assert_eq!(cloud.cascade(&["tree", "Zone", "--operation", "Delete"]).well(), TREE);
}

#[test]
fn a_package_that_is_never_named_is_told_of() {
    let dependencies = format!("{CORE}\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, &ZONE_AND_HOST.replace("Host", "Rack"));
    let checked = cloud.cascade(&["check", "-p", "disks"]).well();
    assert!(
        checked.contains("warning: package `zones` depends on Cascade and contributes nothing"),
        "{checked}"
    );
    assert_eq!(cloud.cascade(&["check", "-p", "disks", "--strict"]).code, Some(1));
    // Both declare a `Zone`: a fault, with both places.
    let both = cloud.cascade(&["check"]);
    assert_eq!(both.code, Some(1));
    assert!(both.out.contains("error[C001]"), "{}", both.out);
    assert!(both.out.contains("zones/src/lib.rs:") && both.out.contains("disks/src/lib.rs:"), "{}", both.out);
}

#[test]
fn a_binary_with_a_hook_and_without() {
    let main = format!(
        "{ZONE_AND_HOST}\nfn main() {{\n    cascade_core::tool::hook();\n    println!(\"the program\");\n}}\n"
    );
    let hooked = Fixture::new(&[("Cargo.toml", &manifest("program", CORE)), ("src/main.rs", &main)]);
    assert_eq!(hooked.cascade(&["tree", "Zone", "--operation", "delete"]).well(), TREE);
    hooked.write("src/main.rs", &main.replace("cascade_core::tool::hook();", ""));
    let error = hooked.cascade(&["graph"]).badly(2);
    assert!(error.contains("write `cascade_core::tool::hook();` as the first line of its `main`"), "{error}");
    let error = hooked.cascade(&["graph", "--bin", "program"]).badly(2);
    assert!(error.contains("`program` ended without an answer"), "{error}");
    let error = hooked.cascade(&["graph", "--bin", "programme"]).badly(2);
    assert!(error.contains("package `program` has no binary `programme`"), "{error}");
}

#[test]
fn a_binary_whose_extensions_are_in_libraries() {
    let dependencies = format!("{CORE}\nzones = {{ path = \"../zones\" }}");
    let cloud = two_packages(&dependencies, "");
    std::fs::remove_file(cloud.path().join("disks/src/lib.rs")).expect("it is there");
    cloud.write("disks/src/main.rs", "cascade_core::link!(zones);\nfn main() {}\n");
    assert_eq!(cloud.cascade(&["graph", "-p", "disks"]).well(), "Zone\n└── Host\n");
}

#[test]
fn features_decide_what_there_is() {
    let feature = format!("{}\n[features]\ndisks = []\n", manifest("cloud", CORE));
    let gated = format!(
        "{ZONE_AND_HOST}\n#[cfg(feature = \"disks\")]\nmod disks {{{}}}\n",
        hangs_off_zone("Disk", "super")
    );
    let cloud = Fixture::new(&[("Cargo.toml", &feature), ("src/lib.rs", &gated)]);
    assert_eq!(cloud.cascade(&["graph"]).well(), "Zone\n└── Host\n");
    assert_eq!(cloud.cascade(&["graph", "--features", "disks"]).well(), "Zone\n├── Disk\n└── Host\n");
    assert_eq!(cloud.cascade(&["graph", "--all-features"]).well(), "Zone\n├── Disk\n└── Host\n");
}

#[test]
fn a_build_that_fails_says_what_cargo_says() {
    let cloud = library();
    cloud.write("src/lib.rs", &ZONE_AND_HOST.replace("edges = [Zone]", "edges = [Zoen]"));
    let error = cloud.cascade(&["graph"]).badly(2);
    assert!(error.contains("cannot find type `Zoen` in this scope"), "{error}");
    assert!(error.ends_with("error: the build failed\n"), "{error}");
    cloud.write("Cargo.toml", "[package]\nname = 5\n");
    let error = cloud.cascade(&["graph"]).badly(2);
    assert!(error.contains("invalid type: integer `5`"), "{error}");
}

#[test]
fn a_workspace_without_cascade() {
    let plain = Fixture::new(&[("Cargo.toml", &manifest("plain", "")), ("src/lib.rs", "")]);
    let error = plain.cascade(&["graph"]).badly(2);
    assert_eq!(
        error,
        "error: no package of this workspace depends on cascade-core: there is no graph to look at\n"
    );
}

#[test]
fn an_older_lock_file_is_not_touched() {
    let cloud = library();
    cloud.cascade(&["graph"]).well();
    let old = cloud.read("Cargo.lock").replace("version = 4\n", "version = 3\n");
    cloud.write("Cargo.lock", &old);
    assert_eq!(cloud.cascade(&["graph"]).well(), "Zone\n└── Host\n");
    assert!(cloud.read("Cargo.lock").contains("\nversion = 3\n"));
}

#[test]
fn what_changed_since_a_revision() {
    let cloud = library();
    cloud.git(&["init", "--quiet"]);
    cloud.git(&["add", "."]);
    cloud.git(&["commit", "--quiet", "--message", "first"]);
    assert_eq!(cloud.cascade(&["diff", "HEAD"]).well(), "the graph is the same\n");
    let disks = format!(
        "{}\nmod disks {{{}}}\n",
        ZONE_AND_HOST.replace("drain", "stop"),
        hangs_off_zone("Disk", "super")
    );
    cloud.write("src/lib.rs", &disks);
    insta::assert_snapshot!(cloud.cascade(&["diff", "HEAD"]).well(), @r"
    + Disk  src/lib.rs:46
    + Zone → Disk  src/lib.rs:51
    ~ Delete from Host: drain ⇒ stop  src/lib.rs:33
    ~ Delete along Zone → Host: drain ⇒ stop  src/lib.rs:34
    ! Delete from Zone now reaches Disk
    ");
    let checked = cloud.cascade(&["check", "--since", "HEAD"]).well();
    assert!(checked.contains("Delete from `Zone` reaches further than in HEAD: Disk"), "{checked}");
    let error = cloud.cascade(&["diff", "no-such-revision"]).badly(2);
    assert!(error.contains("error: git rev-parse: fatal: Needed a single revision"), "{error}");
}

#[test]
fn completions_and_a_manual_page() {
    let anywhere = library();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let completions = anywhere.cascade(&["completions", shell]).well();
        assert!(completions.contains("explain") && completions.contains("cargo-cascade"), "{completions}");
    }
    let manual = anywhere.cascade(&["man"]).well();
    assert!(manual.starts_with(".ie") && manual.contains("CARGO CASCADE EXPLAIN"), "{manual}");
    assert!(manual.contains("source\\-url"), "{manual}");
}

/// As a shell asks them, where there is one.
#[test]
fn a_shell_completes() {
    let anywhere = library();
    anywhere.write("completions", &anywhere.cascade(&["completions", "bash"]).well());
    let script = "source ./completions; COMP_WORDS=(cargo-cascade ex) COMP_CWORD=1; \
                  $(complete -p cargo-cascade | grep -o '_cargo[a-z_]*') cargo-cascade ex cargo-cascade; echo \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    let Ok(output) = bash.current_dir(anywhere.path()).args(["--norc", "-c", script]).output() else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "explain\n");
}
