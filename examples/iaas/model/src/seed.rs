//! Fills a new cloud with something that looks like one: every resource has instances, and they hang together as
//! they do in a data centre. The same size gives the same cloud.

mod shared;
mod tenants;
mod zone;

use rusqlite::Transaction;

use crate::write::Writer;

use shared::Shared;
use zone::Zone;

/// How large a cloud is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// VMs of users, in all zones together.
    pub vms: usize,
    /// Zones.
    pub zones: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self { vms: 10_000, zones: 1 }
    }
}

/// Fills an empty inventory.
pub fn fill(transaction: &Transaction<'_>, size: Size) -> rusqlite::Result<()> {
    let mut seed = Seed { write: Writer::new(transaction), numbers: Numbers::default() };
    let zones: Vec<String> = (0..size.zones).map(|_| seed.numbers.next("zone")).collect();
    let shared = Shared::plant(&mut seed, size, &zones)?;
    let mut planted = 0;
    for (index, id) in zones.into_iter().enumerate() {
        // The first zones take what does not divide.
        let vms = size.vms / size.zones + usize::from(index < size.vms % size.zones);
        let accounts = shared.accounts.iter().skip(index).step_by(size.zones);
        let zone = Zone::plant(&mut seed, id, vms, &shared, accounts)?;
        for vm in planted..planted + vms {
            tenants::plant(&mut seed, &shared, &zone, vm)?;
        }
        planted += vms;
    }
    Ok(())
}

/// What all parts of the seed write with.
struct Seed<'a> {
    write: Writer<'a>,
    numbers: Numbers,
}

/// The ids given out so far: `host-1`, `host-2`, …
#[derive(Default)]
struct Numbers {
    last: std::collections::HashMap<&'static str, usize>,
}

impl Numbers {
    fn next(&mut self, prefix: &'static str) -> String {
        let last = self.last.entry(prefix).or_default();
        *last += 1;
        format!("{prefix}-{last}")
    }

    /// An address that no other has: what is in it matters to nobody here.
    fn address(&mut self) -> String {
        let last = self.last.entry("address").or_default();
        *last += 1;
        format!("10.{}.{}.{}", *last >> 16, *last >> 8 & 0xff, *last & 0xff)
    }
}
