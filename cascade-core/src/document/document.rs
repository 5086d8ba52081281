//! The form of a document: a resource graph as data.

use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::model::{Decision, Phase};

/// The version of the JSON form. It grows when a reader of the old form could no longer read the new one.
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
    /// The version of this form.
    pub format: u32,
    /// Where sources are to be looked at: see [`with_sources_at`](Self::with_sources_at). Empty for nowhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sources_at: String,
    /// The operations that some rule mentions, by code.
    pub operations: Vec<OperationDocument>,
    /// The resources, by name.
    pub resources: Vec<ResourceDocument>,
    /// The edges, by child and then by parent.
    pub edges: Vec<EdgeDocument>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OperationDocument {
    /// The name of the type, for people.
    pub name: String,
    /// The stable code.
    pub code: String,
    /// What its documents say, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The resources it may start from; empty for any.
    pub roots: Vec<String>,
    /// Where it was declared.
    pub source: Source,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceDocument {
    /// The stable name.
    pub name: String,
    /// The type of its ids, as the compiler writes it.
    pub id: String,
    /// What its documents say, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Where it was declared.
    pub source: Source,
    /// Its extensions, the owner first.
    pub extensions: Vec<ExtensionDocument>,
    /// Its effects, in the order they run in.
    pub effects: Vec<EffectDocument>,
    /// What operations do to an instance that is itself the root.
    pub rules: Vec<RuleDocument>,
    /// Its checks, begin, cleanup and verify methods.
    pub phases: Vec<PhaseDocument>,
    /// The resources that end before steps on this one start, though they are not its children.
    pub after: Vec<String>,
}

/// What contributes to a resource: the annotated type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExtensionDocument {
    /// Its name.
    pub name: String,
    /// What its documents say, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Whether it only adds edges to a resource that another extension owns.
    pub addon: bool,
    /// Instances in one call, at most.
    pub batch: usize,
    /// Calls at once, at most.
    pub concurrency: usize,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// How often a call is tried again.
    pub retries: u32,
    /// Where it was written.
    pub source: Source,
}

/// An effect of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EffectDocument {
    /// The method.
    pub name: String,
    /// What its documents say, in Markdown; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// The extension it belongs to.
    pub extension: String,
    /// The effects that need not run beside it.
    pub supersedes: Vec<String>,
    /// Where it was written.
    pub source: Source,
}

/// A `#[check]`, `#[begin]` or `#[cleanup]` method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseDocument {
    /// When it runs.
    pub phase: Phase,
    /// The method.
    pub method: String,
    /// The code of its operation.
    pub operation: String,
    /// Only for instances with one of these effects; empty for no such limit.
    pub only: Vec<String>,
    /// Where it was written.
    pub source: Source,
}

/// An edge: the child hangs off the parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EdgeDocument {
    /// The resource that the child hangs off.
    pub parent: String,
    /// The resource that declares the edge.
    pub child: String,
    /// The extension that declares it.
    pub extension: String,
    /// The methods that find the children.
    pub finders: Vec<FinderDocument>,
    /// What operations do along it.
    pub rules: Vec<RuleDocument>,
    /// Where it was written.
    pub source: Source,
}

/// A finder of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FinderDocument {
    /// The method.
    pub method: String,
    /// The code of the operation it is asked for; `None` for all that have no finder of their own.
    pub operation: Option<String>,
    /// Where it was written.
    pub source: Source,
}

/// A rule: for an operation, the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuleDocument {
    /// The operation's code.
    pub operation: String,
    /// The root resources it is for, going before a rule for any; empty for any.
    pub roots: Vec<String>,
    /// What is decided.
    #[serde(flatten)]
    pub decision: Decision,
    /// Where it was written.
    pub source: Source,
}

impl Document {
    /// The document as JSON, for machines: indented, in a fixed order, with a line end.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }

    /// The document with links to its sources, in Markdown and in pages. In the template, `{file}` stands for the file
    /// and `{line}` for the line; a template without them is a folder, of which files and lines are asked as code hosts
    /// have it. What is not of the workspace has no link.
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

    /// The resource of that name.
    pub fn resource(&self, name: &str) -> Option<&ResourceDocument> {
        let at = self.resources.binary_search_by(|resource| resource.name.as_str().cmp(name)).ok()?;
        Some(&self.resources[at])
    }

    /// The operation of that code, or of that type name.
    pub fn operation(&self, code_or_name: &str) -> Option<&OperationDocument> {
        let by_code = self.operations.iter().find(|operation| operation.code == code_or_name);
        by_code.or_else(|| self.operations.iter().find(|operation| operation.name == code_or_name))
    }

    /// How an operation is called: by the name of its type.
    pub fn operation_name<'d>(&'d self, code: &'d str) -> &'d str {
        self.operations
            .iter()
            .find(|operation| operation.code == code)
            .map_or(code, |operation| &operation.name)
    }
}
