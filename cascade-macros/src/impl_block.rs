//! The tokens of the annotated `impl`: the copy that is emitted, and the part that is parsed.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{ItemImpl, Type};

use crate::conditions::{Subject, subject};
use crate::errors::Errors;
use crate::method_attributes::cascade_attribute;

/// An annotated `impl` block.
pub(crate) struct ImplBlock {
    /// The block as it was written, without the attributes of `#[cascade]`. Method bodies are copied unparsed, so that
    /// an unfinished method does not hide the others.
    pub(crate) clean: TokenStream,
    /// `None` if the block could not be parsed, which has been reported.
    pub(crate) parsed: Option<ParsedImpl>,
}

/// A parsed `impl` block.
pub(crate) struct ParsedImpl {
    /// The name of the type that is implemented.
    pub(crate) extension: Ident,
    /// The block with all its attributes and with empty method bodies.
    pub(crate) item: ItemImpl,
}

impl ImplBlock {
    pub(crate) fn read(tokens: &TokenStream, errors: &mut Errors) -> Self {
        let clean = map_body(tokens, without_cascade_attributes);
        let bodiless = map_body(tokens, without_bodies);
        let parsed = match syn::parse2::<ItemImpl>(bodiless) {
            Ok(parsed) => check_header(parsed, errors),
            Err(error) => {
                let message = "`#[cascade]` applies to an `impl` block: `impl MyExtension { … }`";
                let other = other_item(tokens).map(|keyword| syn::Error::new(keyword, message));
                errors.add_incomplete(other.unwrap_or(error));
                None
            }
        };
        Self { clean, parsed }
    }
}

/// Reports an `impl` that the attribute does not support, and returns `None` for it.
fn check_header(item: ItemImpl, errors: &mut Errors) -> Option<ParsedImpl> {
    if let Some((path, _)) = &item.trait_ {
        errors
            .incomplete_at(path, "`#[cascade]` applies to an inherent `impl`, not to the `impl` of a trait");
        return None;
    }
    if !item.generics.params.is_empty() {
        let message = "an extension cannot be generic: a program has exactly one instance of it";
        errors.incomplete_at(&item.generics.params, message);
        return None;
    }
    let Type::Path(path) = &*item.self_ty else {
        errors.incomplete_at(&item.self_ty, "`#[cascade]` applies to the `impl` of a struct or an enum");
        return None;
    };
    let extension = path.path.segments.last()?.ident.clone();
    Some(ParsedImpl { extension, item })
}

/// Inserts `attributes` directly before the keyword `impl`, after the attributes that are there.
pub(crate) fn insert_before_impl(item: TokenStream, attributes: TokenStream) -> TokenStream {
    let is_impl = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "impl");
    let mut tokens: Vec<TokenTree> = item.into_iter().collect();
    let at = tokens.iter().position(is_impl).unwrap_or(0);
    tokens.splice(at..at, attributes);
    tokens.into_iter().collect()
}

/// The item without its doc comments.
pub(crate) fn without_docs(item: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in item {
        if is_doc_comment(&token) && kept.last().is_some_and(is_pound) {
            kept.pop();
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

fn is_doc_comment(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let mut inside = group.stream().into_iter();
    let is_doc = matches!(inside.next(), Some(TokenTree::Ident(name)) if name == "doc");
    let is_value = matches!(inside.next(), Some(TokenTree::Punct(sign)) if sign.as_char() == '=');
    group.delimiter() == Delimiter::Bracket && is_doc && is_value
}

/// The keyword of an item that is not an `impl`.
fn other_item(tokens: &TokenStream) -> Option<Span> {
    const KEYWORDS: [&str; 10] =
        ["struct", "enum", "union", "trait", "fn", "mod", "static", "const", "type", "use"];
    let words = tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word),
        _ => None,
    });
    let mut keywords =
        words.skip_while(|word| word != "impl" && !KEYWORDS.iter().any(|keyword| word == keyword));
    keywords.next().filter(|word| word != "impl").map(|word| word.span())
}

/// Applies `change` to the tokens inside the braces of the item.
fn map_body(item: &TokenStream, change: fn(TokenStream) -> TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = item.clone().into_iter().collect();
    if let Some(TokenTree::Group(body)) = tokens.last_mut()
        && body.delimiter() == Delimiter::Brace
    {
        *body = with_stream(body, change(body.stream()));
    }
    tokens.into_iter().collect()
}

fn with_stream(group: &Group, stream: TokenStream) -> Group {
    let mut changed = Group::new(group.delimiter(), stream);
    changed.set_span(group.span());
    changed
}

fn without_bodies(body: TokenStream) -> TokenStream {
    body.into_iter()
        .map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                TokenTree::Group(with_stream(&group, TokenStream::new()))
            }
            other => other,
        })
        .collect()
}

/// Replaces the attributes of `#[cascade]` on each method by one `#[allow]`: an annotated method has to be `async` even
/// if its body awaits nothing, which clippy would report.
fn without_cascade_attributes(body: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut is_allowed = false;
    for token in body {
        if is_cascade_attribute(&token) && kept.last().is_some_and(is_pound) {
            kept.pop();
            if !is_allowed {
                let reason = "the engine calls async methods only";
                kept.extend(quote!(#[allow(clippy::unused_async, reason = #reason)]));
                is_allowed = true;
            }
            continue;
        }
        // A brace group is the body, which ends the method.
        is_allowed &= !matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        kept.push(token);
    }
    kept.into_iter().collect()
}

fn is_pound(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#')
}

/// Whether the token is the bracket of an attribute of `#[cascade]`, also of one under a condition, which is an error.
fn is_cascade_attribute(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let mut inside = group.stream().into_iter();
    let (Some(TokenTree::Ident(name)), second) = (inside.next(), inside.next()) else { return false };
    let name = name.to_string();
    let is_ours = match second {
        None => cascade_attribute(&name).is_some(),
        Some(TokenTree::Group(arguments)) => {
            cascade_attribute(&name).is_some()
                || subject(&name, arguments.stream()) == Some(Subject::Attribute)
        }
        Some(_) => false,
    };
    group.delimiter() == Delimiter::Bracket && is_ours
}
