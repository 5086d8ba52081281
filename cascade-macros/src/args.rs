//! The arguments of `#[cascade(…)]`.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{LitInt, LitStr, Token, parenthesized};

use crate::edge::EdgeList;
use crate::errors::Errors;
use crate::keys::{Keys, skip_argument};
use crate::types::{TypeRef, type_list};

const KEYS: Keys = Keys {
    attribute: "`#[cascade]`",
    once: &[
        "resource",
        "edges",
        "after",
        "may_cut",
        "exclusive",
        "batch",
        "concurrency",
        "timeout",
        "retries",
        "addon",
    ],
    repeated: &["ignore", "retain", "restrict", "with_parent", "shared"],
};

/// The arguments of `#[cascade(…)]`.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) resource: Option<TypeRef>,
    pub(crate) edges: EdgeList,
    pub(crate) after: Vec<TypeRef>,
    pub(crate) may_cut: Vec<TypeRef>,
    pub(crate) exclusive: Option<TypeRef>,
    pub(crate) settings: Settings,
    pub(crate) addon: bool,
    pub(crate) policies: Vec<Policy>,
}

/// The settings that were given; the engine has defaults for the others.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) batch: Option<LitInt>,
    pub(crate) concurrency: Option<LitInt>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) retries: Option<LitInt>,
}

/// The time limit of one attempt.
pub(crate) enum Timeout {
    After(Duration),
    Never,
}

/// A rule without a method.
pub(crate) struct Policy {
    pub(crate) kind: PolicyKind,
    pub(crate) operation: TypeRef,
    pub(crate) from: PolicyEdges,
}

/// The decision of a policy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// The operation does not propagate along the edge.
    Ignore,
    /// Dependent instances stay and are listed in the plan.
    Retain,
    /// The operation is refused while a dependent instance exists that is not removed too.
    Restrict,
    /// The instance is removed together with its parent, without a step.
    WithParent,
    /// The instance is removed only together with its last owner.
    Shared,
}

impl PolicyKind {
    /// The policy for a key of `#[cascade]`.
    fn from_key(key: &str) -> Option<Self> {
        Some(match key {
            "ignore" => Self::Ignore,
            "retain" => Self::Retain,
            "restrict" => Self::Restrict,
            "with_parent" => Self::WithParent,
            "shared" => Self::Shared,
            _ => return None,
        })
    }

    /// The key of `#[cascade]` for the policy.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Retain => "retain",
            Self::Restrict => "restrict",
            Self::WithParent => "with_parent",
            Self::Shared => "shared",
        }
    }
}

/// The edges that a policy applies to.
pub(crate) enum PolicyEdges {
    Listed(Vec<TypeRef>),
    /// `others`: all edges without another rule or policy for the operation.
    Others(Ident),
}

impl Args {
    pub(crate) fn read(args: TokenStream, errors: &mut Errors) -> Self {
        let mut read = Self::default();
        let parser = |input: ParseStream<'_>| {
            KEYS.read(input, errors, |name, key, input, errors| read.argument(name, &key, input, errors));
            Ok(())
        };
        if let Err(error) = parser.parse2(args) {
            errors.add_incomplete(error);
        }
        read
    }

    fn argument(
        &mut self,
        name: &'static str,
        key: &Ident,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if let Some(kind) = PolicyKind::from_key(name) {
            self.policies.push(policy(key, kind, input, errors)?);
            return Ok(());
        }
        if name == "addon" {
            self.addon = true;
            return Ok(());
        }
        input.parse::<Token![=]>()?;
        self.value(name, input, errors)
    }

    fn value(&mut self, name: &'static str, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let settings = &mut self.settings;
        match name {
            "resource" => self.resource = Some(input.parse()?),
            "edges" => self.edges = EdgeList::read(input, errors)?,
            "after" => self.after = type_list(input)?,
            "may_cut" => self.may_cut = type_list(input)?,
            "exclusive" => self.exclusive = one_edge(name, input)?,
            "timeout" => settings.timeout = or_report(timeout(input), input, errors),
            "batch" => settings.batch = or_report(integer(name, 1, 100, input), input, errors),
            "concurrency" => settings.concurrency = or_report(integer(name, 1, 20, input), input, errors),
            _ => settings.retries = or_report(integer(name, 0, 3, input), input, errors),
        }
        Ok(())
    }
}

/// One edge, with or without brackets.
fn one_edge(name: &str, input: ParseStream<'_>) -> syn::Result<Option<TypeRef>> {
    let at = input.span();
    let mut edges = type_list(input)?.into_iter();
    let edge = edges.next();
    match (&edge, edges.next()) {
        (Some(_), None) => Ok(edge),
        (_, more) => {
            let at = more.map_or(at, |more| more.span());
            Err(syn::Error::new(at, format!("`{name}` takes one edge, as in `{name} = LoadBalancer`")))
        }
    }
}

/// Reports an invalid setting. Edges and rules do not depend on settings, so that their checks still run.
fn or_report<T>(value: syn::Result<T>, input: ParseStream<'_>, errors: &mut Errors) -> Option<T> {
    value
        .map_err(|error| {
            errors.add(error);
            skip_argument(input);
        })
        .ok()
}

fn integer(name: &str, minimum: u32, example: u32, input: ParseStream<'_>) -> syn::Result<LitInt> {
    let wrong = |at| {
        let message =
            format!("`{name}` must be an integer of at least {minimum}, as in `{name} = {example}`");
        syn::Error::new(at, message)
    };
    let at = input.span();
    let number: LitInt = input.parse().map_err(|_| wrong(at))?;
    match number.base10_parse::<u32>() {
        Ok(value) if value >= minimum && number.suffix().is_empty() => Ok(number),
        _ => Err(wrong(at)),
    }
}

fn timeout(input: ParseStream<'_>) -> syn::Result<Timeout> {
    let wrong = |at| {
        let message = "`timeout` must be a duration greater than zero, as in `timeout = \"30s\"`, or `\"none\"` for no \
                       limit";
        syn::Error::new(at, message)
    };
    let at = input.span();
    let literal: LitStr = input.parse().map_err(|_| wrong(at))?;
    if literal.value() == "none" {
        return Ok(Timeout::Never);
    }
    match humantime::parse_duration(&literal.value()) {
        Ok(duration) if !duration.is_zero() => Ok(Timeout::After(duration)),
        _ => Err(wrong(at)),
    }
}

/// `(Delete, from = [A, B])` or `(Delete, from = others)`.
fn policy(key: &Ident, kind: PolicyKind, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Policy> {
    let content;
    parenthesized!(content in input);
    let operation: TypeRef = content.parse()?;
    let mut from = None;
    if !content.is_empty() {
        content.parse::<Token![,]>()?;
        let keys = Keys { attribute: "a policy", once: &["from"], repeated: &[] };
        keys.read(&content, errors, |_, _, input, _| {
            input.parse::<Token![=]>()?;
            from = Some(policy_edges(input)?);
            Ok(())
        });
    }
    let Some(from) = from else {
        let message =
            format!("`{key}` needs the edges: `{key}({operation}, from = […])`, or `from = others`");
        return Err(syn::Error::new(key.span(), message));
    };
    Ok(Policy { kind, operation, from })
}

fn policy_edges(input: ParseStream<'_>) -> syn::Result<PolicyEdges> {
    let fork = input.fork();
    match fork.parse::<Ident>() {
        Ok(word) if word == "others" => {
            input.parse::<Ident>()?;
            Ok(PolicyEdges::Others(word))
        }
        _ => Ok(PolicyEdges::Listed(type_list(input)?)),
    }
}
