//! Makes the document of a graph.

use super::document::{
    Document, EdgeDocument, EffectDocument, ExtensionDocument, FORMAT, FinderDocument, OperationDocument,
    PhaseDocument, ResourceDocument, RuleDocument,
};
use super::source::Source;
use crate::graph::{Edge, Graph, ResourceNode};
use crate::model::{
    EdgeParent, ExtensionDescriptor, OperationDescriptor, Phase, PhaseDeclaration, Place, ResourceDescriptor,
};

impl Graph {
    /// The graph as data: the source of pictures and pages.
    pub fn document(&self) -> Document {
        self.document_within(None)
    }

    /// The same, with file names relative to the folder `workspace`.
    pub(crate) fn document_within(&self, workspace: Option<&str>) -> Document {
        let collect = Collect { graph: self, workspace };
        Document {
            format: FORMAT,
            sources_at: String::new(),
            operations: self.operations.iter().map(|operation| collect.operation(operation)).collect(),
            resources: self.resources.iter().map(|node| collect.resource(node)).collect(),
            edges: self.edges.iter().map(|edge| collect.edge(edge)).collect(),
        }
    }
}

struct Collect<'a> {
    graph: &'a Graph,
    workspace: Option<&'a str>,
}

impl Collect<'_> {
    fn source(&self, place: Place) -> Source {
        Source::new(place, self.workspace)
    }

    fn operation(&self, operation: &OperationDescriptor) -> OperationDocument {
        OperationDocument {
            name: operation.name().to_owned(),
            code: operation.code().to_owned(),
            docs: operation.docs().to_owned(),
            roots: names(&operation.roots()),
            total: operation.is_total(),
            source: self.source(operation.place()),
        }
    }

    fn resource(&self, node: &ResourceNode) -> ResourceDocument {
        let extensions = || node.extensions.iter().map(|&extension| &self.graph.extensions[extension]);
        ResourceDocument {
            name: node.name().to_owned(),
            id: node.descriptor.id_type().to_owned(),
            docs: node.descriptor.docs().to_owned(),
            source: self.source(node.descriptor.place()),
            extensions: extensions().map(|extension| self.extension(extension)).collect(),
            effects: extensions().flat_map(|extension| self.effects(extension)).collect(),
            rules: extensions().flat_map(|extension| self.rules(extension, None)).collect(),
            phases: extensions().flat_map(|extension| self.phases(extension)).collect(),
            after: node.after.iter().map(|&other| self.graph.resources[other].name().to_owned()).collect(),
        }
    }

    fn extension(&self, extension: &ExtensionDescriptor) -> ExtensionDocument {
        let settings = extension.settings;
        ExtensionDocument {
            name: extension.name.to_string(),
            docs: extension.docs.to_string(),
            addon: extension.addon,
            batch: settings.batch,
            concurrency: settings.concurrency,
            timeout_ms: settings.timeout.map(|timeout| timeout.as_millis() as u64),
            retries: settings.retries,
            source: self.source(extension.place),
        }
    }

    fn effects(&self, extension: &ExtensionDescriptor) -> Vec<EffectDocument> {
        let effects = extension.effects.iter().map(|effect| EffectDocument {
            name: effect.method.to_string(),
            docs: effect.docs.to_string(),
            extension: extension.name.to_string(),
            supersedes: effect.supersedes.iter().map(ToString::to_string).collect(),
            source: self.source(effect.place),
        });
        effects.collect()
    }

    fn phases(&self, extension: &ExtensionDescriptor) -> Vec<PhaseDocument> {
        let documents_of = |phase: Phase, declared: &[PhaseDeclaration]| {
            let documents = declared.iter().map(|method| PhaseDocument {
                phase,
                method: method.method.to_string(),
                operation: method.operation.code().to_owned(),
                only: method.only.iter().map(ToString::to_string).collect(),
                source: self.source(method.place),
            });
            documents.collect::<Vec<_>>()
        };
        let checks = documents_of(Phase::Check, &extension.checks).into_iter();
        checks
            .chain(documents_of(Phase::Begin, &extension.begins))
            .chain(documents_of(Phase::Cleanup, &extension.cleanups))
            .chain(documents_of(Phase::Verify, &extension.verifies))
            .collect()
    }

    fn edge(&self, edge: &Edge) -> EdgeDocument {
        let extension = &self.graph.extensions[edge.extension];
        let finders = edge.finders.iter().map(|finder| {
            let declared = &extension.finders[finder.method];
            FinderDocument {
                method: declared.method.to_string(),
                operation: declared.operation.map(|operation| operation.code().to_owned()),
                source: self.source(declared.place),
            }
        });
        EdgeDocument {
            parent: self.graph.resources[edge.parent].name().to_owned(),
            child: self.graph.resources[edge.child].name().to_owned(),
            extension: extension.name.to_string(),
            finders: finders.collect(),
            role: edge.role.as_ref().map(ToString::to_string),
            rules: self.rules(extension, Some(edge)),
            may_cut: edge.may_cut,
            exclusive: edge.exclusive,
            source: self.source(edge.place),
        }
    }

    /// Whether the rule's parent is that of the edge.
    fn is_edge(&self, edge: &Edge, from: &EdgeParent) -> bool {
        from.role() == edge.role.as_deref() && from.name() == self.graph.resources[edge.parent].name()
    }

    /// The rules of an extension for children along the edge; for `None`, the rules for an instance that is itself the root.
    fn rules(&self, extension: &ExtensionDescriptor, edge: Option<&Edge>) -> Vec<RuleDocument> {
        let rules = extension.rules.iter().filter(|rule| match edge {
            Some(edge) => rule.from.iter().any(|from| self.is_edge(edge, from)),
            None => rule.from.is_empty(),
        });
        let documents = rules.map(|rule| RuleDocument {
            operation: rule.operation.code().to_owned(),
            roots: names(&rule.roots),
            decision: rule.decision.clone(),
            source: self.source(rule.place),
        });
        documents.collect()
    }
}

fn names(resources: &[ResourceDescriptor]) -> Vec<String> {
    resources.iter().map(|resource| resource.name().to_owned()).collect()
}
