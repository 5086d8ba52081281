//! The list of the resources that each operation reaches from each root, and its comparison with a committed page.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use super::markdown::anchor;
use crate::document::{Document, Further, OperationDocument, Reach};
use crate::render::escape::markdown;
use crate::render::number::Count;

const HEADING: &str = "## How far each operation gets";
/// The maximum number of reached resources that one page lists. Above it, the page has only the counts.
const MAX_LISTED: usize = 20_000;

impl Document {
    pub(super) fn write_reach(&self, text: &mut String) {
        let total: usize = self.reached().map(|(_, _, resources)| resources.len()).sum();
        if total == 0 {
            return;
        }
        let _ = writeln!(text, "{HEADING}\n");
        for (operation, root, resources) in self.reached() {
            let _ = write!(text, "{}{}", self.start(operation, root), Count(resources.len()));
            if total <= MAX_LISTED {
                let links: Vec<String> = resources.iter().map(|name| self.link(name)).collect();
                let _ = write!(text, ": {}", links.join(", "));
            }
            text.push('\n');
        }
        text.push('\n');
    }

    /// The roots from which operations reach more resources than on `page`, an earlier result of
    /// [`to_markdown`](Self::to_markdown). Roots that the page does not have are left out. `None` if the page has no list of
    /// reached resources.
    pub fn further_than(&self, page: &str) -> Option<Vec<Further>> {
        let (_, list) = page.split_once(HEADING)?;
        let list = list.split_once("\n## ").map_or(list, |(list, _)| list);
        let lines = list.lines().filter(|line| line.starts_with("- "));
        let entries: HashMap<&str, &str> = lines.filter_map(|line| line.split_once(REACHES)).collect();
        let anchors = page.split("<a id=\"").skip(1);
        let on_page: HashSet<&str> = anchors.filter_map(|part| part.split('"').next()).collect();
        let further = self.reached().filter_map(|(operation, root, resources)| {
            let start = self.start(operation, root);
            let start = start.strip_suffix(REACHES).unwrap_or(&start);
            let is_on_page = on_page.contains(anchor(root).as_str());
            let entry = entries.get(start).copied().unwrap_or("0:");
            is_on_page.then(|| compare(entry, operation, root, &resources)).flatten()
        });
        Some(further.collect())
    }

    /// The resources that each operation reaches from each root, without the roots from which it reaches none.
    fn reached(&self) -> impl Iterator<Item = (&OperationDocument, &str, Vec<&str>)> {
        let mut reach = Reach::new(self);
        let pairs = self
            .operations
            .iter()
            .flat_map(|operation| self.resources.iter().map(move |root| (operation, root.name.as_str())));
        let reached = pairs.filter_map(move |(operation, root)| {
            Some((operation, root, reach.of(&operation.code, root)?.resources))
        });
        reached.filter(|(_, _, resources)| !resources.is_empty())
    }

    fn start(&self, operation: &OperationDocument, root: &str) -> String {
        format!("- {} from {}{REACHES}", markdown(&operation.name), self.link(root))
    }
}

const REACHES: &str = " reaches ";

/// Compares an entry of a page, such as `2: [Host](#…), [Vm](#…)` or `2`, with the resources that are reached now.
fn compare(entry: &str, operation: &OperationDocument, root: &str, resources: &[&str]) -> Option<Further> {
    let (count, list) = entry.split_once(':').unwrap_or((entry, ""));
    let count: usize = count.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
    let is_listed = entry.contains(':');
    let anchors: HashSet<&str> =
        list.split("](#").skip(1).filter_map(|part| part.split(')').next()).collect();
    let is_new = |name: &&&str| is_listed && !anchors.contains(anchor(name).as_str());
    let gained: Vec<String> = resources.iter().filter(is_new).map(ToString::to_string).collect();
    let grew = if is_listed { !gained.is_empty() } else { resources.len() > count };
    grew.then(|| Further {
        operation: operation.code.clone(),
        root: root.to_owned(),
        gained,
        counts: (count, resources.len()),
    })
}
