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
    once: &["resource", "edges", "batch", "concurrency", "timeout", "retries", "addon"],
    repeated: &["ignore"],
};

/// What `#[cascade(…)]` says.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) resource: Option<TypeRef>,
    pub(crate) edges: Vec<TypeRef>,
    pub(crate) settings: Settings,
    pub(crate) addon: bool,
    pub(crate) policies: Vec<Policy>,
}

/// What was said about packing, limits and tries; the rest is left to the engine's defaults.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) batch: Option<LitInt>,
    pub(crate) concurrency: Option<LitInt>,
    /// `Some(None)` is no limit.
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) retries: Option<LitInt>,
}

/// A decision about edges that has no method behind it.
pub(crate) struct Policy {
    pub(crate) key: Ident,
    pub(crate) kind: PolicyKind,
    pub(crate) operation: TypeRef,
    pub(crate) from: Along,
}

/// What a policy decides.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// The operation does not go along the edge.
    Ignore,
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
            KEYS.read(input, errors, |name, key, input, errors| read.argument(name, key, input, errors));
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
        key: Ident,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        match name {
            "addon" => self.addon = true,
            "ignore" => self.policies.push(policy(key, PolicyKind::Ignore, input, errors)?),
            _ => {
                input.parse::<Token![=]>()?;
                self.value(name, input, errors)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, name: &'static str, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
        let settings = &mut self.settings;
        match name {
            "resource" => self.resource = Some(input.parse()?),
            "edges" => self.edges = type_list(input)?,
            "timeout" => settings.timeout = forgiven(timeout(input), input, errors),
            "batch" => settings.batch = forgiven(number(name, 1, input), input, errors),
            "concurrency" => settings.concurrency = forgiven(number(name, 1, input), input, errors),
            _ => settings.retries = forgiven(number(name, 0, input), input, errors),
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

fn number(name: &str, least: u32, input: ParseStream<'_>) -> syn::Result<LitInt> {
    let wrong = |at| {
        let message =
            format!("`{name}` takes a whole number from {least} up, as in `{name} = {}`", least.max(3));
        syn::Error::new(at, message)
    };
    let at = input.span();
    let number: LitInt = input.parse().map_err(|_| wrong(at))?;
    match number.base10_parse::<u32>() {
        Ok(value) if value >= least && number.suffix().is_empty() => Ok(number),
        _ => Err(wrong(at)),
    }
}

fn timeout(input: ParseStream<'_>) -> syn::Result<Option<Duration>> {
    let wrong = |at| {
        let message =
            "`timeout` takes a duration, as in `timeout = \"30s\"` or `\"5m\"`, or `\"none\"` for no limit";
        syn::Error::new(at, message)
    };
    let at = input.span();
    let literal: LitStr = input.parse().map_err(|_| wrong(at))?;
    if literal.value() == "none" {
        return Ok(None);
    }
    match humantime::parse_duration(&literal.value()) {
        Ok(duration) if !duration.is_zero() => Ok(Some(duration)),
        _ => Err(wrong(at)),
    }
}

/// `(Delete, from = [A, B])` or `(Delete, from = others)`.
fn policy(key: Ident, kind: PolicyKind, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Policy> {
    let content;
    parenthesized!(content in input);
    let operation: TypeRef = content.parse()?;
    let mut from = None;
    if !content.is_empty() {
        content.parse::<Token![,]>()?;
        let keys = Keys { attribute: "`ignore`", once: &["from"], repeated: &[] };
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
    Ok(Policy { key, kind, operation, from })
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
