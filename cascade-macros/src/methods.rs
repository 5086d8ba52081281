//! The methods of the annotated `impl`: their attributes and their signatures.

use proc_macro2::Ident;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, ImplItem, ItemImpl, Meta, Token};

use crate::errors::{Errors, listed};
use crate::item::our_attribute;
use crate::keys::Keys;
use crate::signature::Signature;
use crate::types::{TypeRef, name_list, type_list};

/// The attributes that a method may have.
pub(crate) const ATTRIBUTES: [&str; 6] = ["affected", "on", "check", "begin", "cleanup", "supersedes"];

/// An annotated method.
pub(crate) struct Method {
    pub(crate) name: Ident,
    /// Its `#[cfg(…)]`s: what is generated for it is there when it is.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) finders: Vec<Finder>,
    pub(crate) phases: Vec<Phase>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) supersedes: Vec<Ident>,
    /// How it is called; `None` where the signature is wrong, which has been reported.
    pub(crate) signature: Option<Signature>,
}

/// `#[affected(by = Host, on = Delete)]`
pub(crate) struct Finder {
    pub(crate) by: TypeRef,
    pub(crate) on: Option<TypeRef>,
}

/// `#[check(Delete, effects = [destroy])]`, `#[begin(…)]` or `#[cleanup(…)]`
pub(crate) struct Phase {
    pub(crate) kind: PhaseKind,
    pub(crate) operation: TypeRef,
    pub(crate) effects: Vec<Ident>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhaseKind {
    Check,
    Begin,
    Cleanup,
}

/// `#[on(Delete, from = [Host], root = Zone, leaf)]`
pub(crate) struct Rule {
    pub(crate) operation: TypeRef,
    /// Empty for an instance that is itself the root.
    pub(crate) from: Vec<TypeRef>,
    pub(crate) roots: Vec<TypeRef>,
    pub(crate) leaf: bool,
    /// Only for instances that lose all their owners.
    pub(crate) shared: bool,
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
            cfgs: attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect(),
            finders: Vec::new(),
            phases: Vec::new(),
            rules: Vec::new(),
            supersedes: Vec::new(),
            signature: None,
        };
        let mut annotated = false;
        for attribute in attributes {
            let Some(word) = attribute.path().get_ident() else { continue };
            let Some(name) = our_attribute(&word.to_string()) else { continue };
            annotated = true;
            if word != name {
                errors.at(
                    word,
                    format!("`#[cascade]` knows no attribute `{word}`: did you mean `#[{name}(…)]`?"),
                );
            }
            if let Err(error) = method.attribute(name, attribute, errors) {
                errors.unread(error);
            }
        }
        if !annotated {
            return None;
        }
        if method.is_of_one_kind(errors) {
            let signature = Signature::read(extension, signature, method.kind(), errors);
            method.signature = signature.filter(|signature| method.may_take(signature, errors));
        }
        Some(method)
    }

    /// What the method is for, to say so in errors.
    pub(crate) fn kind(&self) -> Kind {
        if !self.finders.is_empty() {
            Kind::Finder
        } else if self.phases.iter().any(|phase| phase.kind == PhaseKind::Check) {
            Kind::Check
        } else {
            Kind::Effect
        }
    }

    /// Whether all its attributes go together on one method.
    fn is_of_one_kind(&self, errors: &mut Errors) -> bool {
        let name = &self.name;
        let is_check = self.phases.iter().any(|phase| phase.kind == PhaseKind::Check);
        let acts = !self.rules.is_empty() || self.phases.iter().any(|phase| phase.kind != PhaseKind::Check);
        if usize::from(!self.finders.is_empty()) + usize::from(is_check) + usize::from(acts) > 1 {
            errors.at(name, format!("`{name}` cannot find, check and act at once: make it several methods"));
            return false;
        }
        if let Some(other) = self.finders.iter().find(|finder| !finder.by.is(&self.finders[0].by)) {
            let message = format!("`{name}` finds by `{}` already: make it two methods", self.finders[0].by);
            errors.at(&other.by, message);
            return false;
        }
        true
    }

    /// A method may take the operation where all its attributes are for that one.
    fn may_take(&self, signature: &Signature, errors: &mut Errors) -> bool {
        let Some(taken) = signature.operation() else { return true };
        let mut operations: Vec<&TypeRef> = Vec::new();
        for operation in self.operations() {
            if !operations.iter().any(|known| known.is(operation)) {
                operations.push(operation);
            }
        }
        if self.finders.iter().any(|finder| finder.on.is_none()) {
            let message = "a finder takes the operation only if it is for one: `#[affected(by = …, on = …)]`";
            errors.at(taken, message);
            return false;
        }
        if operations.len() > 1 {
            let operations = listed(&operations, "and");
            let message = format!("a method for {operations} takes none of them: ask `cx.operation::<…>()`");
            errors.at(taken, message);
            return false;
        }
        true
    }

    /// The operations that it is for, as often as they are named.
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
        if matches!(&attribute.meta, Meta::Path(_))
            || matches!(&attribute.meta, Meta::List(list) if list.tokens.is_empty())
        {
            let (needs, example) = match name {
                "affected" => ("the edge it answers for", "by = Host"),
                "supersedes" => ("the effects that need not run", "stop"),
                _ => ("its operation", "Delete"),
            };
            let message = format!("`#[{name}]` needs {needs}, as in `#[{name}({example})]`");
            return Err(syn::Error::new_spanned(attribute.path(), message));
        }
        attribute.parse_args_with(|input: ParseStream<'_>| {
            match name {
                "affected" => self.finders.extend(finder(attribute, input, errors)?),
                "on" => self.rules.push(rule(input, errors)?),
                "check" => self.phases.push(phase(PhaseKind::Check, input, errors)?),
                "begin" => self.phases.push(phase(PhaseKind::Begin, input, errors)?),
                "cleanup" => self.phases.push(phase(PhaseKind::Cleanup, input, errors)?),
                _ => {
                    let names = input.parse_terminated(Ident::parse, Token![,])?;
                    self.supersedes.extend(names);
                }
            }
            Ok(())
        })
    }
}

fn finder(attribute: &Attribute, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Option<Finder>> {
    let keys = Keys { attribute: "`#[affected]`", once: &["by", "on"], repeated: &[] };
    let (mut by, mut on) = (None, None);
    keys.read(input, errors, |name, _, input, _| {
        input.parse::<Token![=]>()?;
        *(if name == "by" { &mut by } else { &mut on }) = Some(input.parse()?);
        Ok(())
    });
    match by {
        Some(by) => Ok(Some(Finder { by, on })),
        // What stands there could not be read, and that has been reported.
        None if !errors.saw_everything() => Ok(None),
        None => {
            let message = "`#[affected]` needs the edge it answers for, as in `#[affected(by = Host)]`";
            Err(syn::Error::new_spanned(attribute.path(), message))
        }
    }
}

fn rule(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Rule> {
    let keys = Keys { attribute: "`#[on]`", once: &["from", "root", "leaf", "shared"], repeated: &[] };
    let mut rule = Rule {
        operation: operation(input)?,
        from: Vec::new(),
        roots: Vec::new(),
        leaf: false,
        shared: false,
    };
    let (mut of_edge, mut leaf_of_shared): (Option<Ident>, Option<Ident>) = (None, None);
    keys.read(input, errors, |name, key, input, _| {
        if name == "leaf" {
            rule.leaf = true;
            leaf_of_shared = Some(key);
            return Ok(());
        }
        if name == "shared" {
            rule.shared = true;
            of_edge = Some(key);
            return Ok(());
        }
        input.parse::<Token![=]>()?;
        let at = input.span();
        let types = type_list(input)?;
        if types.is_empty() {
            return Err(syn::Error::new(at, format!("`{name}` names no type: leave it out, or name some")));
        }
        if name == "root" {
            of_edge = Some(key);
            rule.roots = types;
        } else {
            rule.from = types;
        }
        Ok(())
    });
    if let Some(key) = of_edge
        && rule.from.is_empty()
        && errors.saw_everything()
    {
        let message = format!(
            "`{key}` needs a `from`: without it, the rule is for an instance that is itself the root"
        );
        errors.at(key, message);
    }
    if let (Some(key), true) = (leaf_of_shared, rule.shared) {
        return Err(syn::Error::new(
            key.span(),
            "a rule is `leaf` or `shared`: what goes with its last owner does not stay",
        ));
    }
    Ok(rule)
}

fn phase(kind: PhaseKind, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Phase> {
    let attribute = match kind {
        PhaseKind::Check => "`#[check]`",
        PhaseKind::Begin => "`#[begin]`",
        PhaseKind::Cleanup => "`#[cleanup]`",
    };
    let keys = Keys { attribute, once: &["effects"], repeated: &[] };
    let mut phase = Phase { kind, operation: operation(input)?, effects: Vec::new() };
    keys.read(input, errors, |_, _, input, _| {
        input.parse::<Token![=]>()?;
        phase.effects = name_list(input)?;
        Ok(())
    });
    Ok(phase)
}

/// The operation that stands first, with the comma behind it.
fn operation(input: ParseStream<'_>) -> syn::Result<TypeRef> {
    if input.peek2(Token![=]) {
        return Err(input.error("the operation stands first, as in `Delete`"));
    }
    let operation = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(operation)
}

/// The kinds of methods. Those of one kind answer alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Finder,
    Check,
    /// Effects, and begin and cleanup methods.
    Effect,
}
