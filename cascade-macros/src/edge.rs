//! An entry of `edges`: a resource, or a reference to it that has a role.

use std::fmt;

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};

use crate::types::{TypeRef, one_or_list};

/// The name of one of several references to a resource.
#[derive(Clone)]
pub(crate) struct Role(Ident);

impl Role {
    /// Whether the word names the role.
    pub(crate) fn is(&self, word: &Ident) -> bool {
        self.0.unraw() == word.unraw()
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
        let has_role = input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]);
        let mut role = None;
        if has_role {
            role = Some(Role(input.parse()?));
            input.parse::<Token![:]>()?;
        }
        Ok(Self { role, resource: input.parse()? })
    }
}

/// `[A, role: B]`, or one edge without brackets.
pub(crate) fn edge_list(input: ParseStream<'_>) -> syn::Result<Vec<Edge>> {
    one_or_list(input)
}
