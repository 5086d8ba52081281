//! Instances that zones share: accounts with their instances, offerings, backup storages, images.

use super::{Seed, Size};
use crate::write::ADMIN;

const VMS_PER_ACCOUNT: usize = 500;
const OFFERINGS: usize = 5;

/// The templates of VMs.
pub(super) struct Shared {
    pub(super) accounts: Vec<Account>,
    pub(super) offerings: Vec<String>,
    pub(super) disk_offerings: Vec<String>,
    pub(super) images: Vec<String>,
    /// The template of virtual routers.
    pub(super) router_image: String,
}

/// An account with the instances that its VMs share.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) security_group: String,
}

impl Shared {
    pub(super) fn plant(seed: &mut Seed<'_>, size: Size, zones: &[String]) -> rusqlite::Result<Self> {
        seed.write.admin()?;
        let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
        let storages = [seed.numbers.next("backup"), seed.numbers.next("backup")];
        for storage in &storages {
            seed.write.backup_storage(storage, &zones)?;
        }
        let router_image = seed.image(ADMIN, &[&storages[0], &storages[1]])?;
        let mut shared = Self {
            accounts: Vec::new(),
            offerings: Vec::new(),
            disk_offerings: Vec::new(),
            images: Vec::new(),
            router_image,
        };
        for _ in 0..OFFERINGS {
            shared.offer(seed, ADMIN, &storages)?;
        }
        for _ in 0..(size.vms / VMS_PER_ACCOUNT).max(3) {
            shared.account(seed, &storages)?;
        }
        let controller = seed.numbers.next("sdn");
        seed.write.sdn_controller(&controller, &shared.accounts[0].id)?;
        Ok(shared)
    }

    /// One offering of each kind, and an image.
    fn offer(&mut self, seed: &mut Seed<'_>, account: &str, storages: &[String; 2]) -> rusqlite::Result<()> {
        let offering = seed.numbers.next("offering");
        seed.write.instance_offering(&offering, account)?;
        let disk_offering = seed.numbers.next("disk-offering");
        seed.write.disk_offering(&disk_offering, account)?;
        let copies = [storages[0].as_str(), storages[1].as_str()];
        // Every second image has only one copy.
        let copies = &copies[..=(self.images.len() % 2)];
        self.images.push(seed.image(account, copies)?);
        self.offerings.push(offering);
        self.disk_offerings.push(disk_offering);
        Ok(())
    }

    fn account(&mut self, seed: &mut Seed<'_>, storages: &[String; 2]) -> rusqlite::Result<()> {
        let id = seed.numbers.next("account");
        seed.write.account(&id)?;
        self.offer(seed, &id, storages)?;
        let security_group = seed.numbers.next("security-group");
        seed.write.security_group(&security_group, &id)?;
        let certificate = seed.numbers.next("certificate");
        seed.write.certificate(&certificate, &id)?;
        self.accounts.push(Account { id, security_group });
        Ok(())
    }
}

impl Seed<'_> {
    fn image(&mut self, account: &str, storages: &[&str]) -> rusqlite::Result<String> {
        let id = self.numbers.next("image");
        self.write.image(&id, account, storages)?;
        Ok(id)
    }
}
