//! Fills a new cloud with realistic content: every resource has instances, and their references are as in a data
//! centre. Equal sizes give equal clouds.

mod shared;
mod tenants;
mod zone;

use rusqlite::Transaction;

use crate::write::Writer;

use shared::Shared;
use zone::Zone;

/// The size of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// User VMs in all zones together.
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
        // The first zones get the remainder.
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

/// The state that all parts of the seed share.
struct Seed<'a> {
    write: Writer<'a>,
    numbers: Numbers,
}

/// The ids so far: `host-1`, `host-2`, …
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

    /// A unique address; its value has no meaning.
    fn address(&mut self) -> String {
        let last = self.last.entry("address").or_default();
        *last += 1;
        format!("10.{}.{}.{}", *last >> 16, *last >> 8 & 0xff, *last & 0xff)
    }
}
