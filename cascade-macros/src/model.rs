//! The model of an annotated `impl`: its finders, rules and phases, with every edge resolved to an entry of `edges`.

use std::fmt;

use proc_macro2::{Ident, Span};

use crate::args::{Args, Policy, PolicyEdges, PolicyKind};
use crate::edge::{Edge, Role};
use crate::edges::{Named, declared, named};
use crate::errors::Errors;
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::types::TypeRef;

/// The declaration that the attributes of an `impl` make.
pub(crate) struct Model {
    pub(crate) args: Args,
    pub(crate) methods: Vec<Method>,
    /// The edges, without duplicates.
    pub(crate) edges: Vec<Edge>,
    /// The resources whose steps come first, without duplicates.
    pub(crate) after: Vec<Mention>,
    /// The edges whose order may be given up in cycles, by index, without duplicates.
    pub(crate) may_cut: Vec<usize>,
    /// The edge on whose parents steps never overlap, by index.
    pub(crate) exclusive: Option<usize>,
    /// All operations that are named, without duplicates.
    pub(crate) operations: Vec<TypeRef>,
    pub(crate) finders: Vec<Finder>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) phases: Vec<Phase>,
    /// The first mention of each type. Later mentions reuse its tokens, so that the compiler reports a type that does
    /// not exist once.
    first_mentions: Vec<TypeRef>,
    /// Mentions of edges that are spelled differently than in `edges`. The expansion asserts that the types are equal.
    pub(crate) respelled: Vec<Mention>,
}

/// A type that an attribute names, itself or by the role of an edge.
#[derive(Clone)]
pub(crate) struct Mention {
    /// The tokens of the first mention of the type.
    pub(crate) ty: TypeRef,
    /// The role of the edge, if it has one.
    pub(crate) role: Option<Role>,
    /// The place of this mention.
    pub(crate) at: Span,
    /// The index of the edge or operation.
    pub(crate) index: usize,
    /// Whether no edge has this name, and the most similar one was chosen.
    pub(crate) guessed: bool,
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Some(role) => role.fmt(f),
            None => self.ty.fmt(f),
        }
    }
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
    /// Empty if the rule is for an instance that is itself the root.
    pub(crate) from: Vec<Mention>,
    pub(crate) roots: Vec<TypeRef>,
    pub(crate) decision: Decision,
}

pub(crate) enum Decision {
    Effect { method: usize, leaf: bool, shared: bool },
    Policy(PolicyKind),
}

impl Decision {
    /// Whether the instance is removed only with its last owner.
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
    /// Whether the rule is for that operation and that edge.
    pub(crate) fn is_for(&self, operation: usize, edge: usize) -> bool {
        self.operation.index == operation && self.from.iter().any(|mention| mention.index == edge)
    }

    /// Whether the rule is for that operation and that edge, for every root.
    pub(crate) fn decides(&self, operation: usize, edge: usize) -> bool {
        self.is_for(operation, edge) && self.roots.is_empty()
    }

    /// Whether the operation propagates along the edges of the rule, so that they need a finder.
    pub(crate) fn propagates(&self) -> bool {
        !matches!(self.decision, Decision::Policy(PolicyKind::Ignore))
    }
}

impl Model {
    /// The first mention of every type that is named anywhere.
    pub(crate) fn first_mentions(&self) -> &[TypeRef] {
        &self.first_mentions
    }

    /// The first mention of the type.
    pub(crate) fn first_mention(&self, ty: &TypeRef) -> Option<&TypeRef> {
        self.first_mentions.iter().find(|first| first.has_spelling_of(ty))
    }

    /// Resolves each mention of an edge or operation; reports and omits those that cannot be resolved.
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
                // Without this, a rule all of whose edges are unknown would become one for the root.
                if from.is_empty() == rule.from.is_empty() {
                    let roots = rule.roots.iter().map(|root| resolver.first_mention(root)).collect();
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
        let may_cut = resolver.may_cut(&args);
        let exclusive = args.exclusive.as_ref().and_then(|parent| resolver.edge(parent));
        let exclusive = exclusive.map(|edge| edge.index);
        let Resolver { edges, operations, first_mentions, respelled, .. } = resolver;
        Self {
            args,
            methods,
            edges,
            after,
            may_cut,
            exclusive,
            operations,
            finders,
            rules,
            phases,
            first_mentions,
            respelled,
        }
    }
}

struct Resolver<'a> {
    edges: Vec<Edge>,
    has_unread_edges: bool,
    operations: Vec<TypeRef>,
    first_mentions: Vec<TypeRef>,
    respelled: Vec<Mention>,
    errors: &'a mut Errors,
}

impl<'a> Resolver<'a> {
    fn new(args: &Args, errors: &'a mut Errors) -> Self {
        let mut resolver = Self {
            edges: declared(args, errors),
            has_unread_edges: args.edges.has_unread,
            operations: Vec::new(),
            first_mentions: args.resource.iter().cloned().collect(),
            respelled: Vec::new(),
            errors,
        };
        for edge in &args.edges.entries {
            resolver.first_mention(&edge.resource);
        }
        resolver
    }

    /// The first mention of the type, which is `ty` if there is none before.
    fn first_mention(&mut self, ty: &TypeRef) -> TypeRef {
        if let Some(first) = self.first_mentions.iter().find(|first| first.has_spelling_of(ty)) {
            return first.clone();
        }
        self.first_mentions.push(ty.clone());
        ty.clone()
    }

    fn operation(&mut self, ty: &TypeRef) -> Mention {
        let known = self.operations.iter().position(|operation| operation.matches(ty));
        let index = known.unwrap_or_else(|| {
            self.operations.push(ty.clone());
            self.operations.len() - 1
        });
        Mention { ty: self.first_mention(ty), role: None, at: ty.span(), index, guessed: false }
    }

    /// The edge with that name, else one of a similar name. The names may differ by a typo or by an alias, or may be
    /// different types: the expansion asserts that the types are equal, and the compiler reports a difference.
    fn edge(&mut self, name: &TypeRef) -> Option<Mention> {
        let (index, guessed) = match named(name, &self.edges) {
            Named::Edge(index) => (index, false),
            Named::SimilarType(index) => (index, true),
            Named::Misnamed { message, meant } => {
                self.not_an_edge(name, message, meant.is_some());
                (meant?, true)
            }
            Named::Unlisted { message } => {
                // The compiler would report that there is no type of that name.
                if !name.is_like_role() {
                    self.first_mention(name);
                }
                self.not_an_edge(name, message, false);
                return None;
            }
        };
        Some(self.mention(name, index, guessed))
    }

    /// Reports a name that means no edge, unless it may mean one that could not be read.
    fn not_an_edge(&mut self, name: &TypeRef, message: String, is_guessed: bool) {
        match (self.has_unread_edges, is_guessed) {
            (true, _) => {}
            (false, true) => self.errors.at(name, message),
            (false, false) => self.errors.incomplete_at(name, message),
        }
    }

    /// The mention of the edge with that index by that name.
    fn mention(&mut self, name: &TypeRef, index: usize, guessed: bool) -> Mention {
        let edge = self.edges[index].clone();
        let ty = self.first_mention(if edge.role.is_some() { &edge.resource } else { name });
        let mention = Mention { ty, role: edge.role, at: name.span(), index, guessed };
        let is_known = |other: &Mention| other.ty.has_spelling_of(&mention.ty);
        if !edge.resource.has_spelling_of(&mention.ty) && !self.respelled.iter().any(is_known) {
            self.respelled.push(mention.clone());
        }
        mention
    }

    fn after(&mut self, args: &Args) -> Vec<Mention> {
        let mut after: Vec<Mention> = Vec::new();
        for (index, resource) in args.after.iter().enumerate() {
            if args.resource.as_ref().is_some_and(|own| own.matches(resource)) {
                self.errors
                    .at(resource, format!("`{resource}` cannot wait for itself: remove it from `after`"));
            } else if after.iter().any(|earlier| earlier.ty.matches(resource)) {
                self.errors.at(resource, format!("`{resource}` is listed twice in `after`"));
            } else {
                let ty = self.first_mention(resource);
                after.push(Mention { ty, role: None, at: resource.span(), index, guessed: false });
            }
        }
        after
    }

    fn may_cut(&mut self, args: &Args) -> Vec<usize> {
        let mut may_cut = Vec::new();
        for parent in &args.may_cut {
            let Some(edge) = self.edge(parent) else { continue };
            if may_cut.contains(&edge.index) {
                self.errors.at(parent, format!("`{parent}` is listed twice in `may_cut`"));
            } else {
                may_cut.push(edge.index);
            }
        }
        may_cut
    }

    /// Adds the rules of the policies. Those with `others` are last: `others` means the edges that are undecided until
    /// then.
    fn policies(&mut self, args: &Args, rules: &mut Vec<Rule>) {
        for policy in &args.policies {
            let operation = self.operation(&policy.operation);
            let from = match &policy.from {
                PolicyEdges::Listed(edges) => edges.iter().filter_map(|edge| self.edge(edge)).collect(),
                PolicyEdges::Others(_) => continue,
            };
            rules.push(policy_rule(operation, from, policy));
        }
        for policy in &args.policies {
            let PolicyEdges::Others(others) = &policy.from else { continue };
            let operation = self.operation(&policy.operation);
            let from = self.undecided(&operation, others, rules);
            if from.is_empty() && self.errors.is_complete() {
                let message = format!(
                    "`others` matches no edge: every edge already has a rule or a policy for `{}`",
                    operation.ty
                );
                self.errors.at(others, message);
            }
            rules.push(policy_rule(operation, from, policy));
        }
        rules.retain(|rule| matches!(rule.decision, Decision::Effect { .. }) || !rule.from.is_empty());
    }

    fn undecided(&self, operation: &Mention, at: &Ident, rules: &[Rule]) -> Vec<Mention> {
        let is_decided = |edge: usize| rules.iter().any(|rule| rule.decides(operation.index, edge));
        let left = self.edges.iter().enumerate().filter(|(edge, _)| !is_decided(*edge));
        let mention = |(index, edge): (usize, &Edge)| {
            let (ty, role) = (edge.resource.clone(), edge.role.clone());
            Mention { ty, role, at: at.span(), index, guessed: false }
        };
        left.map(mention).collect()
    }
}

fn policy_rule(operation: Mention, from: Vec<Mention>, policy: &Policy) -> Rule {
    Rule { operation, from, roots: Vec::new(), decision: Decision::Policy(policy.kind) }
}
