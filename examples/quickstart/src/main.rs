//! Three resources, one delete: the plan first, then the run.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;

/// A rack of hosts.
#[derive(Resource)]
#[resource(id = String)]
pub struct Rack;

/// A machine in a rack.
#[derive(Resource)]
#[resource(id = String)]
pub struct Host;

/// A virtual machine on a host.
#[derive(Resource)]
#[resource(id = String)]
pub struct Vm;

/// What stands where: child → parent. A real program has a database here.
type Table = Arc<Mutex<BTreeMap<String, String>>>;

#[derive(Clone)]
struct Hosts(Table);
#[derive(Clone)]
struct Vms(Table);

fn children_of(table: &Table, parents: &[String]) -> Vec<(String, String)> {
    let table = table.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let found = table.iter().filter(|(_, parent)| parents.contains(parent));
    found.map(|(child, parent)| (parent.clone(), child.clone())).collect()
}

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
    hosts: Hosts,
}

#[cascade(resource = Host, edges = [Rack])]
impl HostCascade {
    #[affected(by = Rack)]
    async fn in_racks(&self, racks: &[String]) -> Result<Vec<(String, String)>, Infallible> {
        Ok(children_of(&self.hosts.0, racks))
    }

    #[on(Delete)]
    #[on(Delete, from = [Rack])]
    async fn unplug(&self, hosts: &[String]) -> Result<(), Infallible> {
        println!("unplugged {hosts:?}");
        Ok(())
    }
}

#[derive(Extension)]
struct VmCascade {
    vms: Vms,
}

#[cascade(resource = Vm, edges = [Host], batch = 2)]
impl VmCascade {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[String]) -> Result<Vec<(String, String)>, Infallible> {
        Ok(children_of(&self.vms.0, hosts))
    }

    #[check(Delete, effects = [destroy])]
    async fn may_go(&self, vms: &[String]) -> Result<Vec<Veto<String>>, Infallible> {
        Ok(vms.iter().filter(|vm| *vm == "vm-db").map(|vm| Veto::new(vm, "it holds the ledger")).collect())
    }

    // A host that goes by itself leaves its VMs stopped: somebody can start them elsewhere.
    #[on(Delete, from = [Host], leaf)]
    async fn stop(&self, vms: &[String]) -> Result<(), Infallible> {
        println!("stopped {vms:?}");
        Ok(())
    }

    // With the whole rack they go too.
    #[on(Delete)]
    #[on(Delete, from = [Host], root = Rack)]
    #[supersedes(stop)]
    async fn destroy(&self, vms: &[String]) -> Result<(), Infallible> {
        println!("destroyed {vms:?}");
        Ok(())
    }
}

fn table<const N: usize>(entries: [(&str, &str); N]) -> Table {
    Arc::new(Mutex::new(entries.map(|(child, parent)| (child.to_owned(), parent.to_owned())).into()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hosts = Hosts(table([("host-1", "rack-1"), ("host-2", "rack-1"), ("host-3", "rack-2")]));
    let vms = Vms(table([("vm-1", "host-1"), ("vm-2", "host-1"), ("vm-3", "host-2"), ("vm-db", "host-3")]));
    let cascade = Cascade::linked().provide(hosts).provide(vms).build()?;

    let plan = cascade.plan(Delete, Rack::roots(["rack-1"])).await?;
    println!("{plan}");
    let report = cascade.apply(plan).await?;
    println!("{report}");

    println!("{}", cascade.plan(Delete, Host::roots(["host-3"])).await?);
    let vetoed = cascade.plan(Delete, Rack::roots(["rack-2"])).await?;
    println!("{vetoed}");
    Ok(())
}
