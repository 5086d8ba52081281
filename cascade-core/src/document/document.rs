//! The document: a resource graph as data.

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::model::{Decision, Phase};

/// The version of the JSON format. A change that readers of the old format cannot read increments it.
pub const FORMAT: u32 = 1;

/// A resource graph as data.
///
/// ```
/// # use cascade_core::{Declaration, Delete, Graph, Outcome, ResourceDescriptor, Rule, place};
/// let zone = ResourceDescriptor::runtime::<u64>("Zone", place!());
/// let mut zones = Declaration::<(), u64>::new("Zones", zone, place!());
/// zones.effect("remove", place!(), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
/// zones.rule(Rule::effect::<Delete>("remove", place!()));
///
/// let document = Graph::build([zones.descriptor().clone()])?.document();
/// assert_eq!(document.whole().to_text(), "Zone\n");
/// # Ok::<(), cascade_core::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// The version of the format: [`FORMAT`] of the library that wrote the document.
    pub format: u32,
    /// The template for links to sources: see [`with_sources_at`](Self::with_sources_at). Empty for no links.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sources_at: String,
    /// The operations that at least one rule mentions, sorted by code.
    pub operations: Vec<OperationDocument>,
    /// The resources, sorted by name.
    pub resources: Vec<ResourceDocument>,
    /// The edges, sorted by child and then by parent.
    pub edges: Vec<EdgeDocument>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperationDocument {
    /// The name of its type, for display.
    pub name: String,
    /// The stable code.
    pub code: String,
    /// Its doc comment, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The resources it may start from; empty for any.
    pub roots: Vec<String>,
    /// Whether every extension has to decide it for each of its edges.
    #[serde(default)]
    pub total: bool,
    /// Where it was declared.
    pub source: Source,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceDocument {
    /// The stable name.
    pub name: String,
    /// The type of its ids, as the compiler prints it.
    pub id: String,
    /// Its doc comment, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Where it was declared.
    pub source: Source,
    /// Its extensions: the owner first, then the add-ons.
    pub extensions: Vec<ExtensionDocument>,
    /// Its effects, in the order in which they run.
    pub effects: Vec<EffectDocument>,
    /// The rules for an instance that is itself the root.
    pub rules: Vec<RuleDocument>,
    /// Its checks, begin, cleanup and verify methods.
    pub phases: Vec<PhaseDocument>,
    /// The resources, other than its children, that complete before steps on this one start.
    pub after: Vec<String>,
}

/// An extension of a resource: the annotated type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExtensionDocument {
    /// Its name.
    pub name: String,
    /// Its doc comment, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Whether it only adds edges to a resource that another extension owns.
    pub addon: bool,
    /// The maximum number of instances in one call.
    pub batch: usize,
    /// The maximum number of concurrent calls.
    pub concurrency: usize,
    /// The time limit of one call, in milliseconds; `None` for no limit.
    pub timeout_ms: Option<u64>,
    /// How often a failed call is retried.
    pub retries: u32,
    /// Where it was declared.
    pub source: Source,
}

/// An effect of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EffectDocument {
    /// The method.
    pub name: String,
    /// Its doc comment, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The extension it belongs to.
    pub extension: String,
    /// The effects that are not called on an instance with this one.
    pub supersedes: Vec<String>,
    /// Where it was declared.
    pub source: Source,
}

/// A `#[check]`, `#[begin]`, `#[cleanup]` or `#[verify]` method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseDocument {
    /// The phase in which it is called.
    pub phase: Phase,
    /// The method.
    pub method: String,
    /// The code of its operation.
    pub operation: String,
    /// It is called only for instances with one of these effects; empty for all instances.
    pub only: Vec<String>,
    /// Where it was declared.
    pub source: Source,
}

/// An edge: the child depends on the parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeDocument {
    /// The resource that the child depends on.
    pub parent: String,
    /// The resource that declares the edge.
    pub child: String,
    /// The role of the edge, which tells it apart from others between the same resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The extension that declares it.
    pub extension: String,
    /// The methods that find the children.
    pub finders: Vec<FinderDocument>,
    /// The rules for children that are found along it.
    pub rules: Vec<RuleDocument>,
    /// Whether the order along it may be given up where instances depend on each other in a cycle.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_cut: bool,
    /// Whether steps of the extension on children with the same parent never overlap.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
    /// Where it was declared.
    pub source: Source,
}

impl std::fmt::Display for EdgeDocument {
    /// The edge in one line: `Folder → Project`, or `Folder → Project (git_root)` with a role.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} → {}", self.parent, self.child)?;
        self.role.as_ref().map_or(Ok(()), |role| write!(f, " ({role})"))
    }
}

/// A finder of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FinderDocument {
    /// The method.
    pub method: String,
    /// The code of its operation; `None` for every operation without a finder of its own.
    pub operation: Option<String>,
    /// Where it was declared.
    pub source: Source,
}

/// A rule: the decision for one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuleDocument {
    /// The operation's code.
    pub operation: String,
    /// The root resources to which it is limited; empty for any. A limited rule has priority over one for any root.
    pub roots: Vec<String>,
    /// The decision.
    #[serde(flatten)]
    pub decision: Decision,
    /// Where it was declared.
    pub source: Source,
}

impl Document {
    /// The document as JSON: indented, in a fixed order, with a trailing newline.
    ///
    /// # Errors
    ///
    /// If serialisation fails.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }

    /// The document with links to its sources in Markdown and HTML. In the template, `{file}` stands for the file and
    /// `{line}` for the line. A template without `{file}` is the address of the workspace's root on a code host: the
    /// method appends `/{file}#L{line}`. Sources outside the workspace have no link.
    ///
    /// ```
    /// # let document = cascade_core::Graph::build([])?.document();
    /// let hosted = document.clone().with_sources_at("https://example.org/cloud/blob/main");
    /// assert_eq!(hosted.sources_at, "https://example.org/cloud/blob/main/{file}#L{line}");
    /// let edited = document.clone().with_sources_at("vscode://file/home/me/cloud/{file}:{line}");
    /// let beside = document.with_sources_at("..");
    /// # Ok::<(), cascade_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn with_sources_at(self, template: impl Into<String>) -> Self {
        let template = template.into();
        let sources_at = if template.is_empty() || template.contains("{file}") {
            template
        } else {
            format!("{}/{{file}}#L{{line}}", template.trim_end_matches('/'))
        };
        Self { sources_at, ..self }
    }

    /// The resource with that name.
    pub fn resource(&self, name: &str) -> Option<&ResourceDocument> {
        let index = self.resources.binary_search_by(|resource| resource.name.as_str().cmp(name)).ok()?;
        Some(&self.resources[index])
    }

    /// The operation with that code, or else with that type name.
    pub fn operation(&self, code_or_name: &str) -> Option<&OperationDocument> {
        let by_code = self.operations.iter().find(|operation| operation.code == code_or_name);
        by_code.or_else(|| self.operations.iter().find(|operation| operation.name == code_or_name))
    }

    /// The type name of the operation with that code; the code itself if there is no such operation.
    pub fn operation_name<'d>(&'d self, code: &'d str) -> &'d str {
        self.operations
            .iter()
            .find(|operation| operation.code == code)
            .map_or(code, |operation| &operation.name)
    }
}
