//! The arguments of `#[cascade(…)]`.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream};
use syn::parse::{ParseStream, Parser};
use syn::{LitInt, LitStr, Token, parenthesized};

use crate::errors::Errors;
use crate::keys::{Keys, skip_argument};
use crate::types::{TypeRef, type_list};

const KEYS: Keys = Keys {
    attribute: "`#[cascade]`",
    once: &["resource", "edges", "after", "batch", "concurrency", "timeout", "retries", "addon"],
    repeated: &["ignore", "retain", "restrict", "with_parent", "shared"],
};

/// What `#[cascade(…)]` says.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) resource: Option<TypeRef>,
    pub(crate) edges: Vec<TypeRef>,
    pub(crate) after: Vec<TypeRef>,
    pub(crate) settings: Settings,
    pub(crate) addon: bool,
    pub(crate) policies: Vec<Policy>,
}

/// What was said about packing, limits and tries; the rest is left to the engine's defaults.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) batch: Option<LitInt>,
    pub(crate) concurrency: Option<LitInt>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) retries: Option<LitInt>,
}

/// How long a try may take.
pub(crate) enum Timeout {
    After(Duration),
    Never,
}

/// A decision about edges that has no method behind it.
pub(crate) struct Policy {
    pub(crate) kind: PolicyKind,
    pub(crate) operation: TypeRef,
    pub(crate) from: Along,
}

/// What a policy decides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// The operation does not go along the edge.
    Ignore,
    /// What hangs off the parent stays, and is listed.
    Retain,
    /// Refused while anything hangs off the parent that is not going too.
    Restrict,
    /// The parent's end takes it.
    WithParent,
    /// It goes only with its last owner.
    Shared,
}

impl PolicyKind {
    /// The policy that a key of `#[cascade]` is.
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "ignore" => Self::Ignore,
            "retain" => Self::Retain,
            "restrict" => Self::Restrict,
            "with_parent" => Self::WithParent,
            "shared" => Self::Shared,
            _ => return None,
        })
    }

    /// The constructor of its rule, and the key that it is written with.
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

/// Where a policy applies.
pub(crate) enum Along {
    Edges(Vec<TypeRef>),
    /// All edges that are left.
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
            errors.unread(error);
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
        if let Some(kind) = PolicyKind::of(name) {
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
            "edges" => self.edges = type_list(input)?,
            "after" => self.after = type_list(input)?,
            "timeout" => settings.timeout = forgiven(timeout(input), input, errors),
            "batch" => settings.batch = forgiven(number(name, 1, 100, input), input, errors),
            "concurrency" => settings.concurrency = forgiven(number(name, 1, 20, input), input, errors),
            _ => settings.retries = forgiven(number(name, 0, 3, input), input, errors),
        }
        Ok(())
    }
}

/// A bad setting says nothing about edges and rules: all checks of those still hold.
fn forgiven<T>(value: syn::Result<T>, input: ParseStream<'_>, errors: &mut Errors) -> Option<T> {
    value
        .map_err(|error| {
            errors.add(error);
            skip_argument(input);
        })
        .ok()
}

fn number(name: &str, least: u32, example: u32, input: ParseStream<'_>) -> syn::Result<LitInt> {
    let wrong = |at| {
        let message = format!("`{name}` takes a whole number from {least} up, as in `{name} = {example}`");
        syn::Error::new(at, message)
    };
    let at = input.span();
    let number: LitInt = input.parse().map_err(|_| wrong(at))?;
    match number.base10_parse::<u32>() {
        Ok(value) if value >= least && number.suffix().is_empty() => Ok(number),
        _ => Err(wrong(at)),
    }
}

fn timeout(input: ParseStream<'_>) -> syn::Result<Timeout> {
    let wrong = |at| {
        let message =
            "`timeout` takes a duration, as in `timeout = \"30s\"` or `\"5m\"`, or `\"none\"` for no limit";
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
            from = Some(edges_from(input)?);
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

fn edges_from(input: ParseStream<'_>) -> syn::Result<Along> {
    let fork = input.fork();
    match fork.parse::<Ident>() {
        Ok(word) if word == "others" => {
            input.parse::<Ident>()?;
            Ok(Along::Others(word))
        }
        _ => Ok(Along::Edges(type_list(input)?)),
    }
}
