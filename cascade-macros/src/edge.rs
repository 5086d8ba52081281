//! An entry of `edges`: a resource, or a reference to it that has a role.

use std::fmt;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Token, bracketed, token};

use crate::errors::Errors;
use crate::keys::skip_argument;
use crate::types::TypeRef;

/// The name of one of several references to a resource.
#[derive(Clone)]
pub(crate) struct Role(Ident);

impl Role {
    /// Whether the word names the role.
    pub(crate) fn is(&self, word: &Ident) -> bool {
        self.0.unraw() == word.unraw()
    }

    /// Whether the role is a keyword. `r#type` is none.
    pub(crate) fn is_keyword(&self) -> bool {
        syn::parse_str::<Ident>(&self.0.to_string()).is_err()
    }

    /// Whether both roles have the same name.
    pub(crate) fn has_name_of(&self, other: &Self) -> bool {
        self.is(&other.0)
    }
}

impl fmt::Display for Role {
    /// The name, without the `r#` of a raw identifier.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.unraw().fmt(f)
    }
}

impl ToTokens for Role {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

/// An edge: `Folder`, or `git_root: Folder`.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) role: Option<Role>,
    pub(crate) resource: TypeRef,
}

impl Edge {
    /// The place of its name.
    pub(crate) fn at(&self) -> Span {
        self.role.as_ref().map_or_else(|| self.resource.span(), |role| role.0.span())
    }

    /// What names the edge in `by` and `from`, so that it can be copied from an error into code.
    pub(crate) fn in_code(&self) -> String {
        self.role.as_ref().map_or_else(|| self.resource.to_string(), |role| role.0.to_string())
    }
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Some(role) => role.fmt(f),
            None => self.resource.fmt(f),
        }
    }
}

impl Parse for Edge {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let role = if input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
            Some(role(input)?)
        } else {
            None
        };
        Ok(Self { role, resource: input.parse()? })
    }
}

/// `git_root:`, with something after it.
fn role(input: ParseStream<'_>) -> syn::Result<Role> {
    let role = input.call(Ident::parse_any)?;
    input.parse::<Token![:]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{role}` needs a type, as in `{role}: Folder`");
        return Err(syn::Error::new(role.span(), message));
    }
    Ok(Role(role))
}

/// The value of `edges`: `[A, role: B]`, or one edge without brackets.
#[derive(Default)]
pub(crate) struct EdgeList {
    pub(crate) entries: Vec<Edge>,
    /// Whether an entry could not be read, which has been reported.
    pub(crate) has_unread: bool,
}

impl EdgeList {
    /// Reads every entry; skips one that is invalid.
    pub(crate) fn read(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<Self> {
        let mut list = Self::default();
        if !input.peek(token::Bracket) {
            list.entry(input, errors);
            return Ok(list);
        }
        let content;
        bracketed!(content in input);
        while !content.is_empty() {
            list.entry(&content, errors);
            // The next token is a comma, or there is none.
            let _: Option<Token![,]> = content.parse().unwrap_or_default();
        }
        Ok(list)
    }

    fn entry(&mut self, input: ParseStream<'_>, errors: &mut Errors) {
        let error = match input.parse() {
            Ok(edge) if input.is_empty() || input.peek(Token![,]) => {
                self.entries.push(edge);
                return;
            }
            Ok(_) => input
                .error("expected `,`: an edge is a type, as `Folder`, or has a role, as `git_root: Folder`"),
            Err(error) => error,
        };
        errors.add_incomplete(error);
        self.has_unread = true;
        skip_argument(input);
    }
}
