//! The cost of the attribute for the compiler and the program: a generated workspace of handlers, once with the
//! attribute and once without.
//!
//! Both variants compile the same methods. rustc generates no code for an `async fn` that is never polled. So without
//! the attribute, each future is boxed as a `dyn Future`, and the program names the functions that do it.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Failed;

/// The number of crates that contain the handlers.
const CRATES: usize = 10;

/// A generated workspace.
#[derive(Debug)]
pub struct Workspace {
    directory: PathBuf,
}

impl Workspace {
    /// Creates `handlers` handlers below one resource, each with an edge, a finder and an effect.
    pub fn generate(directory: &Path, handlers: usize, annotated: bool) -> Result<Self, Failed> {
        let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cascade-core").canonicalize()?;
        // Workspaces share a target folder: only the version distinguishes their crates.
        let manifest = |name: &str, dependencies: &str| {
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.{handlers}.{}\"\nedition = \"2024\"\n\n[dependencies]\n\
                 cascade-core = {{ path = \"{}\" }}\n{dependencies}",
                u8::from(annotated),
                core.display()
            )
        };
        let names: Vec<String> = (0..CRATES).map(|at| format!("handlers{at}")).collect();
        let list = names.iter().fold(String::new(), |mut list, name| {
            let _ = writeln!(list, "{name} = {{ path = \"../{name}\" }}");
            list
        });
        write(
            &directory.join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\nexclude = [\"target\"]\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n\n[profile.release]\nstrip = true\n",
        )?;
        write(&directory.join("root/Cargo.toml"), &manifest("root", ""))?;
        write(&directory.join("root/src/lib.rs"), &root(annotated))?;
        for (at, name) in names.iter().enumerate() {
            let per_crate = in_crate(at, handlers);
            let modules: Vec<String> =
                per_crate.clone().map(|handler| format!("pub mod handler{handler};\n")).collect();
            write(
                &directory.join(name).join("Cargo.toml"),
                &manifest(name, "root = { path = \"../root\" }\n"),
            )?;
            write(&directory.join(name).join("src/lib.rs"), &modules.concat())?;
            for handler in per_crate {
                let file = directory.join(name).join(format!("src/handler{handler}.rs"));
                write(&file, &source(handler, annotated))?;
            }
        }
        write(
            &directory.join("app/Cargo.toml"),
            &manifest("app", &format!("root = {{ path = \"../root\" }}\n{list}")),
        )?;
        let main = if annotated { main(&names) } else { plain_main(&names, handlers) };
        write(&directory.join("app/src/main.rs"), &main)?;
        Ok(Self { directory: directory.to_owned() })
    }

    /// Builds everything except the dependencies, which are built already. Returns the processor time of the compiler.
    pub fn build_clean(&self) -> Result<Duration, Failed> {
        self.cargo(&["build"])?;
        let names = (0..CRATES).map(|at| format!("handlers{at}"));
        let packages: Vec<String> = names
            .chain([String::from("app"), String::from("root")])
            .flat_map(|name| [String::from("-p"), name])
            .collect();
        let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
        self.cargo(&[&["clean"], packages.as_slice()].concat())?;
        let before = time_of_children()?;
        self.cargo(&["build"])?;
        Ok(time_of_children()?.saturating_sub(before))
    }

    /// Builds again after a change of one handler. Returns the processor time, and the library crates that were built.
    pub fn build_again(&self) -> Result<(Duration, Vec<String>), Failed> {
        let file = self.directory.join("handlers3/src/handler90.rs");
        let source = std::fs::read_to_string(&file)?;
        std::fs::write(&file, source.replace("Ok(())", "let _ = ids.len();\n        Ok(())"))?;
        let before = time_of_children()?;
        let log = self.cargo(&["build"])?;
        let took = time_of_children()?.saturating_sub(before);
        std::fs::write(&file, source)?;
        let built = log.lines().filter_map(|line| line.trim().strip_prefix("Compiling ")?.split(' ').next());
        let mut libraries: Vec<String> = built.map(str::to_owned).collect();
        libraries.retain(|name| name != "app");
        Ok((took, libraries))
    }

    /// The size of the stripped release program. Also checks that it knows all handlers.
    pub fn release(&self, handlers: usize) -> Result<u64, Failed> {
        // All workspaces share one folder, because they have the same dependencies.
        let target = self.directory.with_file_name("release");
        self.cargo_in(&target, &["build", "--release"])?;
        let program = target.join("release/app");
        let said = Command::new(&program).output()?;
        let said = String::from_utf8(said.stdout)?;
        crate::measure::expect_equal(
            "resources that the program knows",
            &said.trim().to_owned(),
            &handlers.to_string(),
        )?;
        Ok(std::fs::metadata(program)?.len())
    }

    fn cargo(&self, arguments: &[&str]) -> Result<String, Failed> {
        self.cargo_in(&self.directory.join("target"), arguments)
    }

    fn cargo_in(&self, target: &Path, arguments: &[&str]) -> Result<String, Failed> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(&self.directory).args(arguments).arg("--offline");
        command.env("CARGO_TARGET_DIR", target).stdout(Stdio::null());
        let output = command.output()?;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(log) } else { Err(format!("{command:?} failed:\n{log}").into()) }
    }
}

/// The processor time of all child processes that have ended.
fn time_of_children() -> Result<Duration, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).ok_or("no such field");
    // User and system time of children, in hundredths of a second; the fields are counted from the state.
    Ok(Duration::from_millis((ticks(13)? + ticks(14)?) * 10))
}

fn write(file: &Path, text: &str) -> Result<(), Failed> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory)?;
    }
    Ok(std::fs::write(file, text)?)
}

fn root(annotated: bool) -> String {
    let zones = "\
#[derive(Resource)]
#[resource(id = u64)]
pub struct Zone;

#[derive(Extension)]
pub struct Zones;

#[cascade(resource = Zone)]
impl Zones {
    #[on(Delete)]
    pub async fn remove(&self, zones: &[u64]) -> Result<(), String> {
        println!(\"zones {zones:?}\");
        Ok(())
    }
}
";
    text(zones, annotated)
}

/// The handlers of a crate.
fn in_crate(at: usize, handlers: usize) -> std::ops::Range<usize> {
    (at * handlers / CRATES)..((at + 1) * handlers / CRATES)
}

fn source(handler: usize, annotated: bool) -> String {
    let things = format!(
        "\
use root::Zone;

#[derive(Resource)]
#[resource(id = u64)]
pub struct Thing{handler};

#[derive(Extension)]
pub struct Things{handler};

#[cascade(resource = Thing{handler}, edges = [Zone])]
impl Things{handler} {{
    #[affected(by = Zone)]
    pub async fn in_zones(&self, zones: &[u64]) -> Result<Vec<(u64, u64)>, String> {{
        Ok(zones.iter().map(|zone| (*zone, zone + {handler})).collect())
    }}

    #[on(Delete)]
    #[on(Delete, from = [Zone])]
    pub async fn remove(&self, ids: &[u64]) -> Result<(), String> {{
        println!(\"thing {handler} {{ids:?}}\");
        Ok(())
    }}
}}
"
    );
    let called = format!(
        "
type Called<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Things{handler} {{
    pub fn call_in_zones<'a>(&'a self, zones: &'a [u64]) -> Called<'a, Result<Vec<(u64, u64)>, String>> {{
        Box::pin(self.in_zones(zones))
    }}

    pub fn call_remove<'a>(&'a self, ids: &'a [u64]) -> Called<'a, Result<(), String>> {{
        Box::pin(self.remove(ids))
    }}
}}
"
    );
    text(&things, annotated) + if annotated { "" } else { &called }
}

/// The variant without the attribute: the same lines without those of the library.
fn text(annotated_text: &str, annotated: bool) -> String {
    if annotated {
        return format!("use cascade_core::prelude::*;\n\n{annotated_text}");
    }
    let plain = annotated_text.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("#[") && line != "use root::Zone;"
    });
    plain.fold(String::new(), |text, line| text + line + "\n")
}

/// A program that prints the number of handlers it knows.
fn main(names: &[String]) -> String {
    let linked = names.iter().fold(String::new(), |linked, name| linked + "use " + name + " as _;\n");
    format!(
        "{linked}use root as _;\n\nfn main() {{\n    let cascade = cascade_core::Cascade::linked().build();\n    \
         let resources = cascade.map(|cascade| cascade.graph().resources().count());\n    \
         println!(\"{{}}\", resources.map_or(0, |count| count - 1));\n}}\n"
    )
}

/// The same, written by hand.
fn plain_main(names: &[String], handlers: usize) -> String {
    let mut known = String::new();
    for (at, name) in names.iter().enumerate() {
        for handler in in_crate(at, handlers) {
            let things = format!("{name}::handler{handler}::Things{handler}");
            let _ = writeln!(known, "    std::hint::black_box({things}::call_in_zones as fn(_, _) -> _);");
            let _ = writeln!(known, "    std::hint::black_box({things}::call_remove as fn(_, _) -> _);");
        }
    }
    format!("use root as _;\n\nfn main() {{\n{known}    println!(\"{handlers}\");\n}}\n")
}
