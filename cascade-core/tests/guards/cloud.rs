//! A small cloud in memory: racks of hosts with VMs. Tests change its tables during a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cascade_core::prelude::*;
use cascade_core::{CascadeBuilder, StepError};

/// These methods fail only if a test says so.
pub(crate) type Answer<T> = Result<T, StepError>;

#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Rack;

#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Host;

#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Vm;

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) hosts: BTreeMap<String, String>,
    pub(crate) vms: BTreeMap<String, String>,
    pub(crate) protected: BTreeSet<String>,
    /// The calls of methods, in order.
    pub(crate) log: Vec<String>,
    /// When this instance is removed, that VM appears on that host.
    pub(crate) on_removal: BTreeMap<String, (String, String)>,
    /// Each time a VM of this host is removed, another one appears on it.
    pub(crate) refills: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct World(Arc<Mutex<Tables>>);

impl World {
    /// Hosts and VMs as `(child, parent)`.
    pub(crate) fn new(hosts: &[(&str, &str)], vms: &[(&str, &str)]) -> Self {
        let world = Self::default();
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(child, parent)| ((*child).to_owned(), (*parent).to_owned())).collect()
        };
        world.tables().hosts = owned(hosts);
        world.tables().vms = owned(vms);
        world
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.tables().log.clone()
    }

    pub(crate) fn builder(&self) -> CascadeBuilder {
        Cascade::builder()
            .register(Racks { world: self.clone() })
            .register(Hosts { world: self.clone() })
            .register(Vms { world: self.clone() })
    }

    fn note(&self, verb: &str, ids: &[String]) {
        let mut tables = self.tables();
        tables.log.extend(ids.iter().map(|id| format!("{verb} {id}")));
    }

    fn remove(&self, ids: &[String]) {
        self.note("remove", ids);
        let mut tables = self.tables();
        for id in ids {
            let host = tables.vms.remove(id).or_else(|| tables.hosts.remove(id));
            if let Some((vm, host)) = tables.on_removal.remove(id) {
                tables.vms.insert(vm, host);
            }
            if host.is_some() && host == tables.refills {
                let number = tables.log.len();
                tables.vms.insert(format!("vm-new-{number}"), host.unwrap_or_default());
            }
        }
    }
}

fn below(table: &BTreeMap<String, String>, parents: &[String]) -> Vec<(String, String)> {
    let found = table.iter().filter(|(_, parent)| parents.contains(parent));
    found.map(|(child, parent)| (parent.clone(), child.clone())).collect()
}

#[derive(Extension)]
struct Racks {
    world: World,
}

#[cascade(resource = Rack)]
impl Racks {
    #[on(Delete)]
    async fn remove(&self, racks: &[String]) -> Answer<()> {
        self.world.remove(racks);
        Ok(())
    }
}

#[derive(Extension)]
struct Hosts {
    world: World,
}

#[cascade(resource = Host, edges = [Rack])]
impl Hosts {
    #[affected(by = Rack)]
    async fn in_racks(&self, racks: &[String]) -> Answer<Vec<(String, String)>> {
        Ok(below(&self.world.tables().hosts, racks))
    }

    #[begin(Delete)]
    async fn close(&self, hosts: &[String]) -> Answer<()> {
        self.world.note("close", hosts);
        Ok(())
    }

    #[on(Delete)]
    #[on(Delete, from = [Rack])]
    async fn remove(&self, hosts: &[String]) -> Answer<()> {
        self.world.remove(hosts);
        Ok(())
    }
}

#[derive(Extension)]
struct Vms {
    world: World,
}

#[cascade(resource = Vm, edges = [Host])]
impl Vms {
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[String]) -> Answer<Vec<(String, String)>> {
        Ok(below(&self.world.tables().vms, hosts))
    }

    #[check(Delete)]
    async fn may_go(&self, vms: &[String]) -> Answer<Vec<Veto<String>>> {
        let tables = self.world.tables();
        let protected = vms.iter().filter(|vm| tables.protected.contains(*vm));
        Ok(protected.map(|vm| Veto::new(vm, "it is protected")).collect())
    }

    #[on(Delete)]
    #[on(Delete, from = [Host])]
    async fn remove(&self, vms: &[String]) -> Answer<()> {
        self.world.remove(vms);
        Ok(())
    }
}
