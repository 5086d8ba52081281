//! The annotated `impl`: what goes out again, and what of it is read.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::{ItemImpl, Type};

use crate::errors::Errors;
use crate::method_attributes::our_attribute;

/// An annotated `impl`.
pub(crate) struct Item {
    /// As it was written, without our attributes. The bodies of its methods are never looked at, so that half a
    /// method does not hide the others.
    pub(crate) clean: TokenStream,
    /// What could be read, with the name of the type: with all attributes, and with empty bodies.
    pub(crate) parsed: Option<(Ident, ItemImpl)>,
}

impl Item {
    pub(crate) fn read(tokens: &TokenStream, errors: &mut Errors) -> Self {
        let clean = map_body(tokens, without_our_attributes);
        let bodiless = map_body(tokens, without_bodies);
        let parsed = match syn::parse2::<ItemImpl>(bodiless) {
            Ok(parsed) => check_header(parsed, errors),
            Err(error) => {
                let message = "`#[cascade]` goes on an `impl` block: `impl MyExtension { … }`";
                let other = other_item(tokens).map(|keyword| syn::Error::new(keyword, message));
                errors.unread(other.unwrap_or(error));
                None
            }
        };
        Self { clean, parsed }
    }
}

/// The item with the name of its type; `None` where the attribute is not for such an `impl`.
fn check_header(item: ItemImpl, errors: &mut Errors) -> Option<(Ident, ItemImpl)> {
    if let Some((path, _)) = &item.trait_ {
        errors.unread_at(path, "`#[cascade]` goes on an inherent `impl`, not on the `impl` of a trait");
        return None;
    }
    if !item.generics.params.is_empty() {
        let message = "an extension has no generic parameters: there is one of it in a program";
        errors.unread_at(&item.generics.params, message);
        return None;
    }
    let Type::Path(path) = &*item.self_ty else {
        errors.unread_at(&item.self_ty, "`#[cascade]` goes on the `impl` of a struct or an enum");
        return None;
    };
    let name = path.path.segments.last()?.ident.clone();
    Some((name, item))
}

/// The item with these attributes, below those that it has.
pub(crate) fn before_impl(item: TokenStream, attributes: TokenStream) -> TokenStream {
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

/// The keyword of an item that is no `impl`.
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

/// Changes what stands in the braces of the item.
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

/// An annotated method is `async` whatever is in it: in the place of our attributes stands one that tells clippy.
fn without_our_attributes(body: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut is_told = false;
    for token in body {
        if is_our_attribute(&token) && kept.last().is_some_and(is_pound) {
            kept.pop();
            if !is_told {
                kept.extend(quote!(#[allow(clippy::unused_async, reason = "the engine takes no others")]));
                is_told = true;
            }
            continue;
        }
        // The body of a method ends it.
        is_told &= !matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        kept.push(token);
    }
    kept.into_iter().collect()
}

fn is_pound(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '#')
}

fn is_our_attribute(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    let mut inside = group.stream().into_iter();
    let (Some(TokenTree::Ident(name)), second) = (inside.next(), inside.next()) else { return false };
    let is_whole_path = matches!(second, None | Some(TokenTree::Group(_)));
    group.delimiter() == Delimiter::Bracket && is_whole_path && our_attribute(&name.to_string()).is_some()
}
