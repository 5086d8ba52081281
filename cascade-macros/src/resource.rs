//! `#[derive(Resource)]`

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::ParseStream;
use syn::{DeriveInput, LitStr, Token, Type, parse_quote};

use crate::docs;
use crate::errors::Errors;
use crate::keys::Keys;
use crate::place::{self, place};
use crate::types;

const KEYS: Keys = Keys { attribute: "`#[resource]`", once: &["id", "name"], repeated: &[] };

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let (mut id, mut name): (Option<Type>, Option<LitStr>) = (None, None);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("resource")) {
        let read = attribute.parse_args_with(|input: ParseStream<'_>| {
            KEYS.read(input, &mut errors, |key, _, input, _| {
                input.parse::<Token![=]>()?;
                match key {
                    "id" => id = Some(input.parse()?),
                    _ => name = Some(one_line(input.parse()?)?),
                }
                Ok(())
            });
            Ok(())
        });
        if let Err(error) = read {
            errors.add_incomplete(error);
        }
    }
    if !input.generics.params.is_empty() {
        errors.at(&input.generics.params, "a resource cannot be generic: it is one node of the graph");
        return quote!(#errors);
    }
    let Some(id) = id else {
        if errors.is_complete() {
            let message = "a resource needs the type of its ids: `#[resource(id = …)]`";
            errors.at(&input.ident, message);
        }
        return quote!(#errors);
    };
    let id = pair_for_tuple(id, &mut errors);
    let ident = &input.ident;
    let name = name.map_or_else(|| ident.to_string(), |name| name.value());
    let docs = docs::text(&input.attrs);
    let (place, text) = (place(ident.span()), text(ident.span(), &name, &docs));
    quote! {
        #errors

        #[automatically_derived]
        impl ::cascade_core::Resource for #ident {
            type Id = #id;
            const NAME: &'static str = #name;
            const DESCRIPTOR: ::cascade_core::ResourceDescriptor =
                ::cascade_core::ResourceDescriptor::of::<Self>(#name, #docs, #place);
            const TEXT: &'static str = #text;

            fn parse_id(text: &str) -> ::core::option::Option<Self::Id> {
                #[allow(unused_imports, reason = "not used if the id type has `FromStr`")]
                use ::cascade_core::__private::NoFromStr as _;
                ::cascade_core::__private::IdParser::<<Self as ::cascade_core::Resource>::Id>::new().parse(text)
            }
        }
    }
}

/// Refuses a tuple, which has no `Display`, and takes the pair in its place, so that no further error follows.
fn pair_for_tuple(id: Type, errors: &mut Errors) -> Type {
    let Type::Tuple(tuple) = &id else { return id };
    let mut columns: Vec<&Type> = tuple.elems.iter().collect();
    let Some(last) = columns.pop().filter(|_| !columns.is_empty()) else { return id };
    let nested = |pair: &Type| -> Type {
        columns.iter().rev().fold(last.clone(), |inner, column| parse_quote!(#pair<#column, #inner>))
    };
    let shown = types::text(&nested(&parse_quote!(Pair))).replace(" ,", ",");
    let message =
        format!("a tuple cannot be an id, because it has no `Display`: use `cascade_core::{shown}`");
    errors.at(&id, message);
    nested(&parse_quote!(::cascade_core::Pair))
}

/// The whole descriptor as one text, with one field a line. The docs come last, because they alone can have several
/// lines.
fn text(span: Span, name: &str, docs: &str) -> TokenStream {
    let package = place::package();
    let rest = format!("\n{name}\n{docs}");
    quote_spanned!(span=> ::core::concat!(#package, "\n", ::core::file!(), "\n", ::core::line!(), #rest))
}

fn one_line(name: LitStr) -> syn::Result<LitStr> {
    let text = name.value();
    if text.trim().is_empty() {
        return Err(syn::Error::new(name.span(), "the name of a resource cannot be empty"));
    }
    if text.contains(char::is_control) {
        return Err(syn::Error::new(
            name.span(),
            "the name of a resource cannot contain line breaks or other control characters",
        ));
    }
    Ok(name)
}
