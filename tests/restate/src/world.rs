//! A file that tells the agents of all workers about the world, and lets a proof hold their effects.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A fact about one instance.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// An item or group that exists although its parent's finder does not know it otherwise.
    Newcomer,
    /// A check objects to its removal.
    Kept,
    /// The authorizer denies its removal.
    Foreign,
    /// Its effect does not end while the fact holds.
    Held,
}

impl Fact {
    fn word(self) -> &'static str {
        match self {
            Self::Newcomer => "newcomer",
            Self::Kept => "kept",
            Self::Foreign => "foreign",
            Self::Held => "held",
        }
    }
}

/// The file with the facts. It need not exist: then there are none.
#[derive(Clone)]
pub(crate) struct World(PathBuf);

impl World {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Replaces all facts.
    pub(crate) fn set(&self, facts: &[(Fact, &str)]) -> Result<(), String> {
        let lines: Vec<String> = facts.iter().map(|(fact, id)| format!("{} {id}", fact.word())).collect();
        // Renaming replaces the file at once: an agent never reads half of it.
        let new = self.0.with_extension("new");
        let written = std::fs::write(&new, lines.join("\n")).and_then(|()| std::fs::rename(&new, &self.0));
        written.map_err(|error| format!("{}: {error}", self.0.display()))
    }

    /// The ids that a fact is about.
    pub(crate) fn ids(&self, fact: Fact) -> BTreeSet<String> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let facts = text.lines().filter_map(|line| line.split_once(' '));
        facts.filter(|(word, _)| *word == fact.word()).map(|(_, id)| id.to_owned()).collect()
    }
}
