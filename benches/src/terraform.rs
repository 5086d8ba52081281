//! Zone → clusters → hosts → VMs, destroyed by Terraform if it is installed. Its resources do nothing, so that only
//! planning and order are measured.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failed;

/// The number of resources of a level per resource of the level above, from the zone down; the last level gets the
/// rest.
const HOSTS: usize = 10;
const VMS: usize = 100;

/// A resource by its name, with its parent.
type Resource = (String, Option<String>);

/// The resources, parents before children. The number of VMs makes up the total.
pub fn resources(count: usize) -> Vec<Resource> {
    let hosts = (count / VMS).max(1);
    let clusters = hosts.div_ceil(HOSTS);
    let vms = count.saturating_sub(1 + clusters + hosts);
    let level = |name: &'static str, count: usize, above: &'static str, of: usize| {
        (0..count).map(move |at| (format!("{name}_{at}"), Some(format!("{above}_{}", at % of))))
    };
    let zone = std::iter::once((String::from("zone_0"), None));
    zone.chain(level("cluster", clusters, "zone", 1))
        .chain(level("host", hosts, "cluster", clusters))
        .chain(level("vm", vms, "host", hosts))
        .collect()
}

/// The version of the program; `None` if it is not installed.
pub fn version() -> Option<String> {
    let output = terraform(Path::new(".")).args(["version", "-json"]).output().ok()?;
    let version: Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(version.get("terraform_version")?.as_str()?.to_owned())
}

/// Measures the destruction of these resources. They exist in the state file that Terraform gets.
pub fn destroy(directory: &Path, resources: &[Resource]) -> Result<Duration, Failed> {
    std::fs::write(directory.join("main.tf"), configuration(resources))?;
    std::fs::write(directory.join("terraform.tfstate"), state(resources).to_string())?;
    run(terraform(directory).args(["init", "-input=false"]))?;
    let start = Instant::now();
    run(terraform(directory).args(["destroy", "-auto-approve", "-input=false"]))?;
    let took = start.elapsed();
    let left: Value = serde_json::from_slice(&std::fs::read(directory.join("terraform.tfstate"))?)?;
    if left["resources"].as_array().is_some_and(Vec::is_empty) {
        Ok(took)
    } else {
        Err("terraform did not destroy all resources".into())
    }
}

/// Ignores the user's settings: they may name a mirror or a missing file.
fn terraform(directory: &Path) -> Command {
    let mut command = Command::new("terraform");
    command.current_dir(directory).env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1");
    command
}

fn run(command: &mut Command) -> Result<(), Failed> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed: {status}").into()) }
}

fn configuration(resources: &[Resource]) -> String {
    let mut text = String::new();
    for (name, parent) in resources {
        let input = parent
            .as_ref()
            .map_or_else(|| String::from("\"root\""), |parent| format!("terraform_data.{parent}.id"));
        let _ = writeln!(text, "resource \"terraform_data\" \"{name}\" {{\n  input = {input}\n}}");
    }
    text
}

fn state(resources: &[Resource]) -> Value {
    let instance = |(name, parent): &Resource| {
        let input = parent.as_ref().map_or_else(|| String::from("root"), |parent| format!("id-{parent}"));
        let value = json!({ "value": input, "type": "string" });
        let attributes =
            json!({ "id": format!("id-{name}"), "input": value, "output": value, "triggers_replace": null });
        let dependencies: Vec<String> =
            parent.iter().map(|parent| format!("terraform_data.{parent}")).collect();
        json!({
            "mode": "managed",
            "type": "terraform_data",
            "name": name,
            "provider": "provider[\"terraform.io/builtin/terraform\"]",
            "instances": [{ "schema_version": 0, "attributes": attributes, "dependencies": dependencies }],
        })
    };
    json!({
        "version": 4,
        "terraform_version": version().unwrap_or_default(),
        "serial": 1,
        "lineage": "cascade-bench",
        "outputs": {},
        "resources": resources.iter().map(instance).collect::<Vec<_>>(),
    })
}
