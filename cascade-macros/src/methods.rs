//! The methods of the annotated `impl`: their attributes and their signatures.

use proc_macro2::Ident;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, ImplItem, ItemImpl, Meta, Token};

use crate::conditions;
use crate::docs;
use crate::errors::{Errors, listed};
use crate::method_attributes::{Finder, Phase, PhaseKind, Rule, cascade_attribute};
use crate::signature::{Kind, Signature};
use crate::types::TypeRef;

/// An annotated method.
pub(crate) struct Method {
    pub(crate) name: Ident,
    /// Its doc comments.
    pub(crate) docs: String,
    pub(crate) finders: Vec<Finder>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) supersedes: Vec<Ident>,
    /// `None` if the signature is invalid or the method depends on a condition, which has been reported.
    pub(crate) signature: Option<Signature>,
}

impl Method {
    /// Reads all annotated methods.
    pub(crate) fn read_all(extension: &Ident, item: &ItemImpl, errors: &mut Errors) -> Vec<Self> {
        let methods = item.items.iter().filter_map(|item| match item {
            ImplItem::Fn(method) => Some(method),
            _ => None,
        });
        methods.filter_map(|method| Self::read(extension, &method.attrs, &method.sig, errors)).collect()
    }

    fn read(
        extension: &Ident,
        attributes: &[Attribute],
        signature: &syn::Signature,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut method = Self {
            name: signature.ident.clone(),
            docs: docs::text(attributes),
            finders: Vec::new(),
            phases: Vec::new(),
            rules: Vec::new(),
            supersedes: Vec::new(),
            signature: None,
        };
        let mut annotated = false;
        for attribute in attributes {
            let Some(word) = attribute.path().get_ident() else { continue };
            let Some(name) = cascade_attribute(&word.to_string()) else { continue };
            annotated = true;
            if word != name {
                let message =
                    format!("unknown attribute `{word}` under `#[cascade]`: did you mean `#[{name}(…)]`?");
                errors.at(word, message);
            }
            if let Err(error) = method.attribute(name, attribute, errors) {
                errors.add_incomplete(error);
            }
        }
        let is_conditional = conditions::report(attributes, annotated, errors);
        if !annotated {
            return None;
        }
        if method.is_of_one_kind(errors) && !is_conditional {
            let signature = Signature::read(extension, signature, method.kind(), errors);
            method.signature = signature.filter(|signature| method.check_operation(signature, errors));
        }
        Some(method)
    }

    /// The kind of the method, which decides its signature.
    pub(crate) fn kind(&self) -> Kind {
        if !self.finders.is_empty() {
            Kind::Finder
        } else if self.is_in(PhaseKind::Check) {
            Kind::Check
        } else if self.is_in(PhaseKind::Verify) {
            Kind::Verify
        } else {
            Kind::Effect
        }
    }

    fn is_in(&self, kind: PhaseKind) -> bool {
        self.phases.iter().any(|phase| phase.kind == kind)
    }

    /// Whether the engine calls the method. It does not if the attributes could not be read.
    pub(crate) fn is_called(&self) -> bool {
        !(self.finders.is_empty() && self.phases.is_empty() && self.rules.is_empty())
    }

    /// Reports attributes that cannot be combined on one method; returns whether there are none.
    fn is_of_one_kind(&self, errors: &mut Errors) -> bool {
        let name = &self.name;
        let acts = !self.rules.is_empty() || self.is_in(PhaseKind::Begin) || self.is_in(PhaseKind::Cleanup);
        let kinds =
            [!self.finders.is_empty(), self.is_in(PhaseKind::Check), self.is_in(PhaseKind::Verify), acts];
        if kinds.into_iter().filter(|&is_of_kind| is_of_kind).count() > 1 {
            let message = format!(
                "`{name}` has attributes of several kinds: write separate methods to find, to check, to act and to \
                 verify"
            );
            errors.at(name, message);
            return false;
        }
        if let Some(other) = self.finders.iter().find(|finder| !finder.by.matches(&self.finders[0].by)) {
            let message =
                format!("`{name}` is already the finder of `{}`: write a second method", self.finders[0].by);
            errors.at(&other.by, message);
            return false;
        }
        true
    }

    /// Reports a method that takes the operation although its attributes are not all for one operation; returns whether
    /// the signature is valid.
    fn check_operation(&self, signature: &Signature, errors: &mut Errors) -> bool {
        let Some(taken) = signature.operation() else { return true };
        let mut operations: Vec<&TypeRef> = Vec::new();
        for operation in self.operations() {
            if !operations.iter().any(|known| known.matches(operation)) {
                operations.push(operation);
            }
        }
        if self.finders.iter().any(|finder| finder.on.is_none()) {
            let message = "a finder can take the operation only if its attribute names one: `#[affected(by = …, on = …)]`";
            errors.at(taken, message);
            return false;
        }
        if operations.len() > 1 {
            let operations = listed(&operations, "and");
            let message =
                format!("a method for {operations} cannot take the operation: call `cx.operation::<…>()`");
            errors.at(taken, message);
            return false;
        }
        true
    }

    /// The operations that its attributes name, in order and with repetitions.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &TypeRef> {
        let found = self.finders.iter().filter_map(|finder| finder.on.as_ref());
        let phases = self.phases.iter().map(|phase| &phase.operation);
        found.chain(phases).chain(self.rules.iter().map(|rule| &rule.operation))
    }

    fn attribute(
        &mut self,
        name: &'static str,
        attribute: &Attribute,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if has_no_arguments(attribute) {
            let (needs, example) = match name {
                "affected" => ("an edge", "by = Host"),
                "supersedes" => ("the effects that it replaces", "stop"),
                _ => ("an operation", "Delete"),
            };
            let message = format!("`#[{name}]` needs {needs}, as in `#[{name}({example})]`");
            return Err(syn::Error::new_spanned(attribute.path(), message));
        }
        attribute.parse_args_with(|input: ParseStream<'_>| {
            match name {
                "affected" => self.finders.extend(Finder::read(attribute.path(), input, errors)?),
                "on" => self.rules.push(Rule::read(input, errors)?),
                "check" => self.phases.push(Phase::read(PhaseKind::Check, input, errors)?),
                "begin" => self.phases.push(Phase::read(PhaseKind::Begin, input, errors)?),
                "cleanup" => self.phases.push(Phase::read(PhaseKind::Cleanup, input, errors)?),
                "verify" => self.phases.push(Phase::read(PhaseKind::Verify, input, errors)?),
                _ => self.supersedes.extend(input.parse_terminated(Ident::parse, Token![,])?),
            }
            Ok(())
        })
    }
}

/// Whether the attribute has no arguments.
fn has_no_arguments(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::Path(_) => true,
        Meta::List(list) => list.tokens.is_empty(),
        Meta::NameValue(_) => false,
    }
}
