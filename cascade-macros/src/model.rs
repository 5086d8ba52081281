//! What an annotated `impl` says, with every edge that it mentions found among its `edges`.

use proc_macro2::{Ident, Span};

use crate::args::{Along, Args, Policy, PolicyKind};
use crate::errors::{Errors, closest, listed};
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::types::TypeRef;

/// What an annotated `impl` says.
pub(crate) struct Model {
    pub(crate) args: Args,
    pub(crate) methods: Vec<Method>,
    /// The edges, each once.
    pub(crate) edges: Vec<TypeRef>,
    /// What steps on the resource wait for, each once.
    pub(crate) after: Vec<Mention>,
    /// The operations that are mentioned anywhere, each once.
    pub(crate) operations: Vec<TypeRef>,
    pub(crate) finders: Vec<Finder>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) phases: Vec<Phase>,
    /// The first mention of each type. All other mentions take its tokens, so that a type that does not exist is
    /// one error.
    spelled: Vec<TypeRef>,
    /// Mentions of edges that are not spelled as in `edges`: the compiler is to make sure that they are the same.
    pub(crate) respelled: Vec<Mention>,
}

/// A type where an attribute names it, with the tokens of its first mention.
#[derive(Clone)]
pub(crate) struct Mention {
    pub(crate) ty: TypeRef,
    pub(crate) at: Span,
    /// Which of the edges or operations.
    pub(crate) index: usize,
    /// Whether it is not named so, and only taken for it.
    pub(crate) guessed: bool,
}

/// A finder for an edge.
pub(crate) struct Finder {
    pub(crate) method: usize,
    pub(crate) edge: Mention,
    pub(crate) operation: Option<Mention>,
}

/// A rule or a policy.
pub(crate) struct Rule {
    pub(crate) operation: Mention,
    /// Empty for an instance that is itself the root.
    pub(crate) from: Vec<Mention>,
    pub(crate) roots: Vec<TypeRef>,
    pub(crate) decision: Decision,
}

pub(crate) enum Decision {
    Effect { method: usize, leaf: bool, shared: bool },
    Policy(PolicyKind),
}

impl Decision {
    /// Whether the instance goes with its last owner.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Effect { shared: true, .. } | Self::Policy(PolicyKind::Shared))
    }
}

/// A check, begin, cleanup or verify method.
pub(crate) struct Phase {
    pub(crate) method: usize,
    pub(crate) kind: PhaseKind,
    pub(crate) operation: Mention,
    pub(crate) effects: Vec<Ident>,
}

impl Rule {
    /// Whether it is for that operation along that edge.
    pub(crate) fn is_for(&self, operation: usize, edge: usize) -> bool {
        self.operation.index == operation && self.from.iter().any(|mention| mention.index == edge)
    }

    /// Whether it says what the operation does along the edge, wherever it started.
    pub(crate) fn decides(&self, operation: usize, edge: usize) -> bool {
        self.is_for(operation, edge) && self.roots.is_empty()
    }

    /// Whether the operation goes along the rule's edges, so that somebody must find what is there.
    pub(crate) fn goes_along(&self) -> bool {
        !matches!(self.decision, Decision::Policy(PolicyKind::Ignore))
    }
}

impl Model {
    /// Every type that is named anywhere, as it is spelled.
    pub(crate) fn all_spelled(&self) -> &[TypeRef] {
        &self.spelled
    }

    /// The first type that is spelled so.
    pub(crate) fn spelled(&self, ty: &TypeRef) -> Option<&TypeRef> {
        self.spelled.iter().find(|first| first.is_spelled(ty))
    }

    /// Finds out what is meant by each mention; those that mean nothing are reported and left out.
    pub(crate) fn resolve(args: Args, methods: Vec<Method>, errors: &mut Errors) -> Self {
        let mut resolver = Resolver::new(&args, errors);
        let mut finders = Vec::new();
        let mut rules = Vec::new();
        let mut phases = Vec::new();
        for (index, method) in methods.iter().enumerate() {
            for finder in &method.finders {
                let operation = finder.on.as_ref().map(|operation| resolver.operation(operation));
                if let Some(edge) = resolver.edge(&finder.by) {
                    finders.push(Finder { method: index, edge, operation });
                }
            }
            for rule in &method.rules {
                let operation = resolver.operation(&rule.operation);
                let from: Vec<Mention> = rule.from.iter().filter_map(|edge| resolver.edge(edge)).collect();
                // A rule all of whose edges are unknown is not one for the root.
                if from.is_empty() == rule.from.is_empty() {
                    let roots = rule.roots.iter().map(|root| resolver.spelled(root)).collect();
                    let decision = Decision::Effect { method: index, leaf: rule.leaf, shared: rule.shared };
                    rules.push(Rule { operation, from, roots, decision });
                }
            }
            for phase in &method.phases {
                let operation = resolver.operation(&phase.operation);
                phases.push(Phase {
                    method: index,
                    kind: phase.kind,
                    operation,
                    effects: phase.effects.clone(),
                });
            }
        }
        resolver.policies(&args, &mut rules);
        let after = resolver.after(&args);
        let Resolver { edges, operations, spelled, respelled, .. } = resolver;
        Self { args, methods, edges, after, operations, finders, rules, phases, spelled, respelled }
    }
}

struct Resolver<'a> {
    edges: Vec<TypeRef>,
    operations: Vec<TypeRef>,
    spelled: Vec<TypeRef>,
    respelled: Vec<Mention>,
    errors: &'a mut Errors,
}

impl<'a> Resolver<'a> {
    fn new(args: &Args, errors: &'a mut Errors) -> Self {
        let spelled = args.resource.iter().cloned().collect();
        let mut resolver =
            Self { edges: Vec::new(), operations: Vec::new(), spelled, respelled: Vec::new(), errors };
        for edge in &args.edges {
            if resolver.edges.iter().any(|earlier| earlier.is(edge)) {
                resolver.errors.at(edge, format!("the edge `{edge}` is listed twice"));
                continue;
            }
            resolver.spelled(edge);
            resolver.edges.push(edge.clone());
        }
        resolver
    }

    /// The first type that is spelled so.
    fn spelled(&mut self, ty: &TypeRef) -> TypeRef {
        if let Some(first) = self.spelled.iter().find(|first| first.is_spelled(ty)) {
            return first.clone();
        }
        self.spelled.push(ty.clone());
        ty.clone()
    }

    fn operation(&mut self, ty: &TypeRef) -> Mention {
        let known = self.operations.iter().position(|operation| operation.is(ty));
        let index = known.unwrap_or_else(|| {
            self.operations.push(ty.clone());
            self.operations.len() - 1
        });
        Mention { ty: self.spelled(ty), at: ty.span(), index, guessed: false }
    }

    /// The edge that is meant. One that is only spelled alike may be a typo here, a typo there, or another type:
    /// it is taken for the edge, and the compiler looks closer.
    fn edge(&mut self, ty: &TypeRef) -> Option<Mention> {
        let spelled = self.spelled(ty);
        let exact = self.edges.iter().position(|edge| edge.is(ty));
        let index = exact.or_else(|| {
            let names: Vec<&str> = self.edges.iter().map(TypeRef::name).collect();
            let close = closest(ty.name(), names.iter().copied())?;
            names.iter().position(|name| *name == close)
        });
        let Some(index) = index else {
            let message = if self.edges.is_empty() {
                format!("`{ty}` is not among the edges: add `edges = [{ty}]` to `#[cascade]`")
            } else {
                format!(
                    "`{ty}` is not among the edges, which are {}: add it there",
                    listed(&self.edges, "and")
                )
            };
            self.errors.unread_at(ty, message);
            return None;
        };
        let mention = Mention { ty: spelled, at: ty.span(), index, guessed: exact.is_none() };
        if !self.edges[index].is_spelled(ty) && !self.respelled.iter().any(|other| other.ty.is_spelled(ty)) {
            self.respelled.push(mention.clone());
        }
        Some(mention)
    }

    fn after(&mut self, args: &Args) -> Vec<Mention> {
        let mut after: Vec<Mention> = Vec::new();
        for (index, resource) in args.after.iter().enumerate() {
            if args.resource.as_ref().is_some_and(|own| own.is(resource)) {
                self.errors.at(resource, format!("`{resource}` cannot come after itself"));
            } else if after.iter().any(|earlier| earlier.ty.is(resource)) {
                self.errors.at(resource, format!("`{resource}` is listed twice"));
            } else {
                let ty = self.spelled(resource);
                after.push(Mention { ty, at: resource.span(), index, guessed: false });
            }
        }
        after
    }

    /// Policies come last: `others` are the edges that no rule has decided.
    fn policies(&mut self, args: &Args, rules: &mut Vec<Rule>) {
        for policy in &args.policies {
            let operation = self.operation(&policy.operation);
            let from = match &policy.from {
                Along::Edges(edges) => edges.iter().filter_map(|edge| self.edge(edge)).collect(),
                Along::Others(_) => continue,
            };
            rules.push(policy_rule(operation, from, policy));
        }
        for policy in &args.policies {
            let Along::Others(others) = &policy.from else { continue };
            let operation = self.operation(&policy.operation);
            let from = self.undecided(&operation, others, rules);
            if from.is_empty() && self.errors.saw_everything() {
                let message = format!("no edge is left for `{}`: all are decided", operation.ty);
                self.errors.at(others, message);
            }
            rules.push(policy_rule(operation, from, policy));
        }
        rules.retain(|rule| matches!(rule.decision, Decision::Effect { .. }) || !rule.from.is_empty());
    }

    fn undecided(&self, operation: &Mention, at: &Ident, rules: &[Rule]) -> Vec<Mention> {
        let is_decided = |edge: usize| rules.iter().any(|rule| rule.decides(operation.index, edge));
        let left = self.edges.iter().enumerate().filter(|(edge, _)| !is_decided(*edge));
        left.map(|(index, edge)| Mention { ty: edge.clone(), at: at.span(), index, guessed: false }).collect()
    }
}

fn policy_rule(operation: Mention, from: Vec<Mention>, policy: &Policy) -> Rule {
    Rule { operation, from, roots: Vec::new(), decision: Decision::Policy(policy.kind) }
}
