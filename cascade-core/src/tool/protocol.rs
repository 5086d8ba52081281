//! The request of `cargo cascade`, and the answer of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::document::{Document, Format, Source};
use crate::graph::Graph;
use crate::model::{BuildError, Fault};

/// The request of the tool.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The workspace's folder. File names in the answer are relative to it.
    pub workspace: String,
    /// The file to write the answer to.
    pub answer: PathBuf,
    /// The names of the formats in which to render the whole graph.
    #[serde(default)]
    pub render: Vec<String>,
    /// The template for links to sources: see [`Document::with_sources_at`]. Empty for no links.
    #[serde(default)]
    pub sources_at: String,
}

/// The answer of the program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The version of this library that the program links.
    pub version: String,
    /// The packages that contribute extensions.
    pub packages: BTreeSet<String>,
    /// The faults of the graph.
    pub faults: Vec<FaultDocument>,
    /// The graph; `None` if it has faults.
    pub document: Option<Document>,
    /// The graph in the requested formats, by format name.
    pub rendered: BTreeMap<String, String>,
}

/// A fault of a graph, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultDocument {
    /// The stable code, such as `C001`.
    pub code: String,
    /// The description of the fault, in one line.
    pub message: String,
    /// The locations of the declarations involved, the faulty one first.
    pub places: Vec<Source>,
    /// How to fix it.
    pub help: String,
}

/// Writes the answer to a request. `graph` is the graph, and `packages` those that contribute extensions.
pub(super) fn answer_to(
    request: &str,
    packages: BTreeSet<String>,
    graph: &Result<Graph, BuildError>,
) -> Result<(), String> {
    let request: Request = serde_json::from_str(request).map_err(|error| error.to_string())?;
    let answer = answer(&request, packages, graph)?;
    let answer = serde_json::to_vec(&answer).map_err(|error| error.to_string())?;
    std::fs::write(&request.answer, answer)
        .map_err(|error| format!("cannot write {}: {error}", request.answer.display()))
}

fn answer(
    request: &Request,
    packages: BTreeSet<String>,
    graph: &Result<Graph, BuildError>,
) -> Result<Answer, String> {
    let document = |graph: &Graph| {
        graph.document_within(Some(&request.workspace)).with_sources_at(request.sources_at.as_str())
    };
    let document = graph.as_ref().ok().map(document);
    let faults = graph.as_ref().err().map_or(&[][..], BuildError::faults).iter();
    Ok(Answer {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        packages,
        faults: faults.map(|fault| FaultDocument::new(fault, &request.workspace)).collect(),
        rendered: document
            .as_ref()
            .map_or_else(|| Ok(BTreeMap::new()), |document| rendered(document, &request.render))?,
        document,
    })
}

fn rendered(document: &Document, formats: &[String]) -> Result<BTreeMap<String, String>, String> {
    let whole = document.whole();
    let written = formats.iter().map(|name| {
        let format: Format = name.parse().map_err(|error| format!("{error}"))?;
        Ok((name.clone(), whole.to(format).map_err(|error| error.to_string())?))
    });
    written.collect()
}

impl FaultDocument {
    fn new(fault: &Fault, workspace: &str) -> Self {
        Self {
            code: fault.kind().code(),
            message: fault.message().to_owned(),
            places: fault.places().iter().map(|&place| Source::new(place, Some(workspace))).collect(),
            help: fault.help().to_owned(),
        }
    }
}
