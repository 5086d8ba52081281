//! Types in attributes: a path, or a path in a string literal.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{LitStr, Token, Type, bracketed, token};

/// A type that an attribute names.
#[derive(Clone)]
pub(crate) struct TypeRef {
    ty: Type,
    segments: Vec<String>,
    literal: Option<LitStr>,
}

impl TypeRef {
    fn new(ty: Type, literal: Option<LitStr>) -> Self {
        let segments = match &ty {
            Type::Path(path) if path.qself.is_none() => path.path.segments.iter().map(text).collect(),
            other => vec![text(other)],
        };
        Self { ty, segments, literal }
    }

    /// The last segment of the path.
    pub(crate) fn name(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The identifier, if the type is given by one.
    pub(crate) fn ident(&self) -> Option<&Ident> {
        match &self.ty {
            Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
            _ => None,
        }
    }

    /// Whether it looks like the role of an edge: an identifier that begins in lower case, as no type should.
    pub(crate) fn is_like_role(&self) -> bool {
        self.ident().is_some_and(|ident| ident.unraw().to_string().starts_with(char::is_lowercase))
    }

    /// The string literal, if the type was written as one.
    pub(crate) fn literal(&self) -> Option<&LitStr> {
        self.literal.as_ref()
    }

    /// The span of the last segment.
    pub(crate) fn span(&self) -> Span {
        match &self.ty {
            Type::Path(path) => {
                path.path.segments.last().map_or_else(|| self.ty.span(), |last| last.ident.span())
            }
            other => other.span(),
        }
    }

    /// Whether one path is equal to the other or is its end: `Host` and `infra::Host`.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.segments.iter().rev().zip(other.segments.iter().rev()).all(|(a, b)| a == b)
    }

    /// Whether the path consists of plain names only, without parameters, raw names or tokens from a macro.
    pub(crate) fn is_plain_path(&self) -> bool {
        let is_name = |char: char| char == '_' || char.is_alphanumeric();
        self.segments.iter().all(|segment| segment.chars().all(is_name))
    }

    /// Whether both paths are written identically.
    pub(crate) fn has_spelling_of(&self, other: &Self) -> bool {
        self.segments == other.segments
    }
}

/// The source text of tokens, without the spaces that `to_string` puts around `::`, `<` and `>`.
pub(crate) fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string().replace(" :: ", "::").replace(" < ", "<").replace(" >", ">")
}

impl std::fmt::Display for TypeRef {
    /// The path as it is written, so that it can be copied from an error into code.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.segments.join("::"))
    }
}

impl ToTokens for TypeRef {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.ty.to_tokens(tokens);
    }
}

impl Parse for TypeRef {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(LitStr) {
            return Ok(Self::new(input.parse()?, None));
        }
        let literal: LitStr = input.parse()?;
        match literal.parse() {
            Ok(ty) => Ok(Self::new(ty, Some(literal))),
            Err(_) => {
                Err(syn::Error::new(literal.span(), format!("`{}` is not a path to a type", literal.value())))
            }
        }
    }
}

/// `[A, B]`, or one type without brackets.
pub(crate) fn type_list(input: ParseStream<'_>) -> syn::Result<Vec<TypeRef>> {
    if !input.peek(token::Bracket) {
        return Ok(vec![input.parse()?]);
    }
    list(input)
}

/// `[stop, destroy]`, or one name without brackets.
pub(crate) fn name_list(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    if !input.peek(token::Bracket) {
        return Ok(vec![input.parse()?]);
    }
    list(input)
}

fn list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}
