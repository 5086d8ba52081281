//! An extension with every attribute and argument, under strict lints.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused_qualifications, unreachable_pub, elided_lifetimes_in_paths)]
#![deny(missing_debug_implementations, single_use_lifetimes, unused_lifetimes, let_underscore_drop)]

use cascade_core::Declare;
use cascade_core::prelude::*;
use cascade_tests_resources::{
    DetachHost, Error, Folder, Host, HostId, L3Network, NetworkId, PrimaryStorage, StorageId, Suspend, VmId,
    VmInstance, Zone, ZoneId,
};

/// The extension.
#[derive(Debug, Extension)]
pub struct VmCascade {
    limit: usize,
    missing: String,
    provided: (),
    #[provided(name = "second")]
    second: usize,
}

#[cascade(
    resource = VmInstance,
    edges = [Host, PrimaryStorage, L3Network, Zone],
    after = [Folder],
    may_cut = [Host],
    exclusive = Host,
    batch = 100,
    concurrency = 20,
    timeout = "1m 30s",
    retries = 3,
    ignore(DetachHost, from = [PrimaryStorage]),
    ignore(DetachHost, from = others),
    restrict(Suspend, from = [Zone]),
    retain(Suspend, from = [L3Network]),
    with_parent(Suspend, from = [PrimaryStorage]),
)]
impl VmCascade {
    /// Returns pairs.
    #[affected(by = Host)]
    async fn on_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, Error> {
        Ok(hosts.iter().take(self.limit + self.second).map(|host| (host.clone(), VmId(host.0.clone()))).collect())
    }

    /// Takes the operation before the context.
    #[affected(by = Host, on = DetachHost)]
    async fn in_cluster(
        &self,
        hosts: &[HostId],
        operation: &DetachHost,
        cx: &FindContext,
    ) -> Result<Vec<(HostId, VmId)>, StepError> {
        let name = format!("{} {} {} {:?}", operation.cluster, cx.root(), self.missing, self.provided);
        Ok(hosts.iter().map(|host| (host.clone(), VmId(name.clone()))).collect())
    }

    /// Returns children only, and a boxed error.
    #[affected(by = PrimaryStorage)]
    #[affected(by = PrimaryStorage, on = Delete)]
    async fn on_storages(&self, _: &[StorageId]) -> Result<Vec<VmId>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Vec::new())
    }

    /// Returns a future without `async`.
    #[affected(by = L3Network)]
    fn with_nics(
        &self,
        networks: &[NetworkId],
        _cx: &FindContext,
    ) -> impl Future<Output = Result<Vec<VmId>, Error>> + Send {
        std::future::ready(Ok(networks.iter().map(|network| VmId(network.0.clone())).collect()))
    }

    #[affected(by = Zone)]
    async fn in_zones(&self, zones: &[ZoneId]) -> std::io::Result<cascade_core::PerParent<VmId>> {
        Ok(zones.iter().map(|zone| [VmId(zone.0.clone())]).collect())
    }

    #[check(Delete, effects = [destroy])]
    #[check(Suspend)]
    async fn may_be_removed(&self, vms: &[VmId], cx: &StepContext) -> Result<Vec<Veto<VmId>>, Error> {
        let reason = if cx.operation::<Suspend>().is_some() { "suspended" } else { "deleted" };
        Ok(vms.iter().map(|vm| Veto::new(vm.clone(), reason)).collect())
    }

    #[begin(Delete)]
    #[cleanup(Suspend, effects = [stop])]
    async fn mark(&self, _vms: &[VmId]) -> Result<(), Error> {
        Ok(())
    }

    #[on(Delete, from = [Host, Zone], leaf)]
    #[on(DetachHost, from = [Host])]
    #[on(Suspend)]
    #[on(Suspend, from = [Host])]
    async fn stop(&self, vms: &[VmId], _cx: &StepContext) -> Result<Outcome<VmId>, Error> {
        Ok(vms.iter().map(|vm| (vm.clone(), Error)).collect())
    }

    #[on(Delete, from = [L3Network], shared)]
    async fn detach_nics(&self, _vms: &[VmId], _operation: &Delete) -> Result<(), Error> {
        Ok(())
    }

    #[on(Delete)]
    #[on(Delete, from = [PrimaryStorage])]
    #[on(Delete, from = [Host], root = Zone)]
    #[on(Delete, from = [L3Network], root = [Zone, Host])]
    #[supersedes(stop, detach_nics)]
    async fn destroy(&self, vms: &[VmId]) -> Result<cascade_core::Rows, StepError> {
        self.plain(vms);
        Ok(cascade_core::Rows(vms.len() as u64))
    }

    #[verify(Delete, effects = [destroy])]
    #[verify(DetachHost)]
    async fn still_there(&self, vms: &[VmId], cx: &FindContext) -> Result<Vec<VmId>, Error> {
        Ok(vms.iter().filter(|_| cx.operation::<Delete>().is_some()).cloned().collect())
    }

    /// A method without attributes of `#[cascade]`.
    #[inline]
    fn plain(&self, vms: &[VmId]) {
        assert!(vms.len() <= self.limit);
    }

    /// An item that is not a method.
    const LIMIT: usize = 100;
}

fn main() {
    let declaration = VmCascade::declare();
    let descriptor = declaration.descriptor();
    assert_eq!(descriptor.name, "VmCascade");
    assert_eq!(descriptor.edges.len(), 4);
    assert_eq!(descriptor.after.len(), 1);
    assert_eq!(descriptor.finders.len(), 6);
    assert_eq!(descriptor.checks.iter().map(|check| check.only.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(descriptor.verifies.iter().map(|verify| verify.only.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(descriptor.effects.iter().map(|effect| &*effect.method).collect::<Vec<_>>(), ["stop", "detach_nics", "destroy"]);
    assert_eq!(descriptor.effects[2].supersedes, ["stop", "detach_nics"]);
    assert_eq!(VmCascade::LIMIT, 100);
}
