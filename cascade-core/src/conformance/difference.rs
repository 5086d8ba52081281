//! The difference between an expected list of lines and another.

use std::fmt;

/// The maximum number of lines that are listed of each kind.
const LISTED: usize = 10;

/// The lines by which a list differs from the expected one. Their order does not count.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    missing: Vec<String>,
    unexpected: Vec<String>,
}

impl Difference {
    /// `None` if both lists have the same lines, each equally often.
    pub(super) fn between<'l>(
        expected: impl IntoIterator<Item = &'l String>,
        found: impl IntoIterator<Item = &'l String>,
    ) -> Option<Self> {
        let mut unexpected: Vec<String> = found.into_iter().cloned().collect();
        unexpected.sort_unstable();
        let mut missing = Vec::new();
        for line in expected {
            match unexpected.binary_search(line) {
                Ok(position) => drop(unexpected.remove(position)),
                Err(_) => missing.push(line.clone()),
            }
        }
        missing.sort_unstable();
        (!missing.is_empty() || !unexpected.is_empty()).then_some(Self { missing, unexpected })
    }

    /// The difference without the lines that were not expected.
    pub(super) fn without_unexpected(self) -> Option<Self> {
        let Self { missing, .. } = self;
        (!missing.is_empty()).then(|| Self { missing, unexpected: Vec::new() })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [("missing", &self.missing), ("not expected", &self.unexpected)];
        let mut before = "";
        for (kind, lines) in lists.into_iter().filter(|(_, lines)| !lines.is_empty()) {
            let listed: Vec<String> = lines.iter().take(LISTED).map(|line| format!("`{line}`")).collect();
            write!(f, "{before}{kind}: {}", listed.join(", "))?;
            if lines.len() > LISTED {
                write!(f, " and {} more", lines.len() - LISTED)?;
            }
            before = "; ";
        }
        Ok(())
    }
}
