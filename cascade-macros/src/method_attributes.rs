//! The attributes of methods under `#[cascade]`.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Path, Token};

use crate::errors::{Errors, closest};
use crate::keys::Keys;
use crate::types::{TypeRef, name_list, type_list};

const ATTRIBUTES: [&str; 7] = ["affected", "on", "check", "begin", "cleanup", "verify", "supersedes"];

/// Whether an attribute of this crate has that name.
pub(crate) fn is_method_attribute(name: &str) -> bool {
    ATTRIBUTES.contains(&name)
}

/// The attribute of this crate with that name, or the one that the name is most likely a typo of.
pub(crate) fn cascade_attribute(name: &str) -> Option<&'static str> {
    let exact = ATTRIBUTES.into_iter().find(|attribute| *attribute == name);
    // Nearly every word of up to three letters is similar to `on`.
    exact.or_else(|| closest(name, ATTRIBUTES.into_iter().filter(|_| name.len() > 3)))
}

/// `#[affected(by = Host, on = Delete)]`
pub(crate) struct Finder {
    pub(crate) by: TypeRef,
    pub(crate) on: Option<TypeRef>,
}

/// `#[check(Delete, effects = [destroy])]`, `#[begin(…)]`, `#[cleanup(…)]` or `#[verify(…)]`
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
    Verify,
}

/// `#[on(Delete, from = [Host], root = Zone, leaf)]`
pub(crate) struct Rule {
    pub(crate) operation: TypeRef,
    /// Empty if the rule is for an instance that is itself the root.
    pub(crate) from: Vec<TypeRef>,
    pub(crate) roots: Vec<TypeRef>,
    pub(crate) leaf: bool,
    /// Whether the rule applies only to instances all of whose owners are removed.
    pub(crate) shared: bool,
}

impl Finder {
    /// Reads the arguments; `None` if the edge could not be read, which has been reported.
    pub(crate) fn read(
        attribute: &Path,
        input: ParseStream<'_>,
        errors: &mut Errors,
    ) -> syn::Result<Option<Self>> {
        let keys = Keys { attribute: "`#[affected]`", once: &["by", "on"], repeated: &[] };
        let (mut by, mut on) = (None, None);
        keys.read(input, errors, |name, _, input, _| {
            input.parse::<Token![=]>()?;
            *(if name == "by" { &mut by } else { &mut on }) = Some(input.parse()?);
            Ok(())
        });
        if by.is_none() && errors.is_complete() {
            let message = "`#[affected]` needs an edge, as in `#[affected(by = Host)]`";
            return Err(syn::Error::new_spanned(attribute, message));
        }
        Ok(by.map(|by| Self { by, on }))
    }
}

impl Rule {
    /// Reads the arguments.
    pub(crate) fn read(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let keys = Keys { attribute: "`#[on]`", once: &["from", "root", "leaf", "shared"], repeated: &[] };
        let operation = operation(input)?;
        let mut rule = Self { operation, from: Vec::new(), roots: Vec::new(), leaf: false, shared: false };
        let mut given = Vec::new();
        keys.read(input, errors, |name, key, input, _| {
            given.push((name, key));
            rule.argument(name, input)
        });
        rule.check_together(&given, errors);
        Ok(rule)
    }

    fn argument(&mut self, name: &'static str, input: ParseStream<'_>) -> syn::Result<()> {
        match name {
            "leaf" => self.leaf = true,
            "shared" => self.shared = true,
            "root" => self.roots = nonempty_types(name, input)?,
            _ => self.from = nonempty_types(name, input)?,
        }
        Ok(())
    }

    fn check_together(&self, given: &[(&str, Ident)], errors: &mut Errors) {
        let key = |wanted: &str| given.iter().find(|(name, _)| *name == wanted).map(|(_, key)| key);
        if let Some(key) = key("root").or(key("shared"))
            && self.from.is_empty()
            && errors.is_complete()
        {
            let message = format!(
                "`{key}` needs a `from`: without it, the rule is for an instance that is itself the root"
            );
            errors.at(key, message);
        }
        if let (Some(leaf), Some(_)) = (key("leaf"), key("shared")) {
            let message = "a rule is either `leaf` or `shared`: `leaf` keeps the instance, `shared` removes it with its \
                           last owner";
            errors.at(leaf, message);
        }
    }
}

impl Phase {
    /// Reads the arguments.
    pub(crate) fn read(kind: PhaseKind, input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let attribute = match kind {
            PhaseKind::Check => "`#[check]`",
            PhaseKind::Begin => "`#[begin]`",
            PhaseKind::Cleanup => "`#[cleanup]`",
            PhaseKind::Verify => "`#[verify]`",
        };
        let keys = Keys { attribute, once: &["effects"], repeated: &[] };
        let mut phase = Self { kind, operation: operation(input)?, effects: Vec::new() };
        keys.read(input, errors, |_, _, input, _| {
            input.parse::<Token![=]>()?;
            phase.effects = name_list(input)?;
            Ok(())
        });
        Ok(phase)
    }
}

/// Reads the operation, which is the first argument, and the comma after it.
fn operation(input: ParseStream<'_>) -> syn::Result<TypeRef> {
    if input.peek2(Token![=]) {
        return Err(input.error("the first argument must be the operation, as in `Delete`"));
    }
    let operation = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(operation)
}

/// Reads `= [A, B]`; reports an empty list.
fn nonempty_types(key: &str, input: ParseStream<'_>) -> syn::Result<Vec<TypeRef>> {
    input.parse::<Token![=]>()?;
    let at = input.span();
    if input.fork().parse::<Ident>().is_ok_and(|word| word == "others") {
        let message = "only a policy can use `others`, as in `ignore(Delete, from = others)`: name the edges of the rule";
        return Err(syn::Error::new(at, message));
    }
    let types = type_list(input)?;
    if types.is_empty() {
        return Err(syn::Error::new(at, format!("`{key}` is an empty list: name a type, or remove `{key}`")));
    }
    Ok(types)
}
