//! Three resources, one delete: the plan first, then the run.
#![expect(clippy::print_stdout, reason = "the output is part of the example")]

use std::convert::Infallible;

use cascade_core::prelude::*;

// 1. The resources: types of the program, each with the type of its ids.

/// A rack of hosts.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub struct Rack;

/// A machine in a rack.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub struct Host;

/// A virtual machine on a host.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub struct Vm;

/// The dependencies, as pairs of parent and child. A real program has a database here.
#[derive(Clone)]
struct Inventory {
    hosts: &'static [(&'static str, &'static str)],
    vms: &'static [(&'static str, &'static str)],
}

fn children(pairs: &[(&str, &str)], parents: &[String]) -> Vec<(String, String)> {
    let found = pairs.iter().filter(|(parent, _)| parents.iter().any(|asked| asked == parent));
    found.map(|&(parent, child)| (parent.to_owned(), child.to_owned())).collect()
}

// 2. One extension per resource: its dependencies and its effects.

#[derive(Extension)]
struct RackCascade;

#[cascade(resource = Rack)]
impl RackCascade {
    #[on(Delete)]
    async fn remove(&self, racks: &[String]) -> Result<(), Infallible> {
        println!("removed {racks:?}");
        Ok(())
    }
}

#[derive(Extension)]
struct HostCascade {
    inventory: Inventory, // provided by `main`, matched by type
}

#[cascade(resource = Host, edges = [Rack])]
impl HostCascade {
    // A finder: which hosts depend on these racks?
    #[affected(by = Rack)]
    async fn in_racks(&self, racks: &[String]) -> Result<Vec<(String, String)>, Infallible> {
        Ok(children(self.inventory.hosts, racks))
    }

    // An effect with two rules: the host itself is deleted, or its rack is.
    #[on(Delete)]
    #[on(Delete, from = [Rack])]
    async fn unplug(&self, hosts: &[String]) -> Result<(), Infallible> {
        println!("unplugged {hosts:?}");
        Ok(())
    }
}

#[derive(Extension)]
struct VmCascade {
    inventory: Inventory,
}

#[cascade(resource = Vm, edges = [Host], batch = 2)]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[String]) -> Result<Vec<(String, String)>, Infallible> {
        Ok(children(self.inventory.vms, hosts))
    }

    // A check: it can veto the plan before any step runs.
    #[check(Delete, effects = [destroy])]
    async fn may_be_destroyed(&self, vms: &[String]) -> Result<Vec<Veto<String>>, Infallible> {
        Ok(vms.iter().filter(|vm| *vm == "vm-db").map(|vm| Veto::new(vm, "it holds the ledger")).collect())
    }

    // If only the host is deleted, its VMs are stopped: they can start on another host.
    #[on(Delete, from = [Host], leaf)]
    async fn stop(&self, vms: &[String]) -> Result<(), Infallible> {
        println!("stopped {vms:?}");
        Ok(())
    }

    // If the whole rack is deleted, its VMs are destroyed.
    #[on(Delete)]
    #[on(Delete, from = [Host], root = Rack)]
    #[supersedes(stop)]
    async fn destroy(&self, vms: &[String]) -> Result<(), Infallible> {
        println!("destroyed {vms:?}");
        Ok(())
    }
}

// 3. The program: the linker collects resources and edges, so it lists neither.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inventory = Inventory {
        hosts: &[("rack-1", "host-1"), ("rack-1", "host-2"), ("rack-2", "host-3")],
        vms: &[("host-1", "vm-1"), ("host-1", "vm-2"), ("host-2", "vm-3"), ("host-3", "vm-db")],
    };
    let cascade = Cascade::linked().provide(inventory).build()?; // reports all faults of the graph

    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await?; // changes nothing
    println!("{plan}");
    let report = cascade.apply(plan).await?; // children first
    println!("{report}");

    let alone = cascade.plan(Delete, Host::roots(["host-3"])).await?;
    println!("{alone}");
    let vetoed = cascade.plan(Delete, Rack::roots(["rack-2"])).await?;
    println!("{vetoed}");
    Ok(())
}
