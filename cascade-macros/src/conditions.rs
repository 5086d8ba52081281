//! Conditions on methods: `#[cfg(…)]` and `#[cfg_attr(…)]`.
//!
//! With a condition, a method that acts on instances would silently be missing from some builds. A condition on the whole
//! `impl` removes the declaration with it.

use proc_macro2::{TokenStream, TokenTree};
use syn::Attribute;

use crate::errors::Errors;
use crate::method_attributes::is_method_attribute;

const ELSEWHERE: &str = "put the condition on an `impl`, above `#[cascade]`, or into the body of the method";

/// What a condition decides about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Whether the method exists.
    Method,
    /// Whether the method has an attribute of `#[cascade]`.
    Attribute,
}

/// The subject of the condition in an attribute with that name and those arguments. `None` for other attributes and for
/// conditions that do not matter, as in `#[cfg_attr(test, allow(dead_code))]`.
pub(crate) fn subject(name: &str, arguments: TokenStream) -> Option<Subject> {
    match name {
        "cfg" => Some(Subject::Method),
        "cfg_attr" => {
            let names = conditional_attributes(arguments);
            if names.iter().any(|name| is_method_attribute(name)) {
                return Some(Subject::Attribute);
            }
            names.iter().any(|name| name == "cfg").then_some(Subject::Method)
        }
        _ => None,
    }
}

/// The names of the attributes in the arguments of `cfg_attr`, without its predicate.
fn conditional_attributes(arguments: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',');
    let first_words = tokens.split(is_comma).skip(1).filter_map(<[TokenTree]>::first);
    first_words.map(ToString::to_string).collect()
}

/// Reports the conditions of a method; returns whether there is one. Only an annotated method may not be conditional.
pub(crate) fn report(attributes: &[Attribute], is_annotated: bool, errors: &mut Errors) -> bool {
    let mut reported = false;
    for attribute in attributes {
        let Some(name) = attribute.path().get_ident() else { continue };
        let arguments = attribute.meta.require_list().map(|list| list.tokens.clone()).unwrap_or_default();
        match subject(&name.to_string(), arguments) {
            Some(Subject::Method) if is_annotated => errors.at(
                name,
                format!("`#[{name}]` on a method would silently change the declaration: {ELSEWHERE}"),
            ),
            Some(Subject::Attribute) => errors.incomplete_at(
                name,
                format!("an attribute of `#[cascade]` cannot be in `#[{name}]`: {ELSEWHERE}"),
            ),
            _ => continue,
        }
        reported = true;
    }
    reported
}
