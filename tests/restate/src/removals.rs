//! The log of removals that the agents write.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::ensure;

/// One line of the log.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) id: String,
    pub(crate) key: String,
    /// The process that removed it.
    pub(crate) process: u32,
}

/// All lines of the log. A log that does not exist is empty.
pub(crate) fn all(log: &Path) -> Vec<Removal> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let removal = |line: &str| {
        let mut words = line.split(' ');
        let (id, key) = (words.next()?.to_owned(), words.next()?.to_owned());
        Some(Removal { id, key, process: words.next()?.parse().ok()? })
    };
    text.lines().filter_map(removal).collect()
}

/// The lines about a pool, its groups and its items.
pub(crate) fn of_pool(log: &Path, pool: &str) -> Vec<Removal> {
    let is_below =
        |id: &str| id.strip_prefix(pool).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut removals = all(log);
    removals.retain(|removal| is_below(&removal.id));
    removals
}

/// An error unless `instances` instances were removed, children first, each repeat with the key of the first call, and no
/// two with the same key. Returns the number of repeats.
pub(crate) fn check(removals: &[Removal], instances: usize) -> Result<usize, String> {
    let (mut first, mut last, mut keys) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (at, removal) in removals.iter().enumerate() {
        let id = removal.id.as_str();
        first.entry(id).or_insert(at);
        last.insert(id, at);
        let known: &mut BTreeSet<&str> = keys.entry(id).or_default();
        known.insert(removal.key.as_str());
    }
    ensure(first.len() == instances, || format!("{} of {instances} were removed", first.len()))?;
    ensure(keys.values().all(|keys| keys.len() == 1), || String::from("a repeat had another key"))?;
    let distinct: BTreeSet<&&str> = keys.values().flatten().collect();
    ensure(distinct.len() == instances, || String::from("two instances had the same key"))?;
    for (id, at) in &last {
        let Some((parent, _)) = id.rsplit_once('/') else { continue };
        let parent_first = first.get(parent).ok_or_else(|| format!("{parent} was not removed"))?;
        ensure(at < parent_first, || format!("{parent} was removed before {id}, which depends on it"))?;
    }
    Ok(removals.len() - instances)
}

/// As [`check`], with an error if any call was repeated.
pub(crate) fn check_once(removals: &[Removal], instances: usize) -> Result<(), String> {
    let repeats = check(removals, instances)?;
    ensure(repeats == 0, || format!("{repeats} removals were repeated"))
}
