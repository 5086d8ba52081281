//! `#[derive(Resource)]`

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::ParseStream;
use syn::{DeriveInput, LitStr, Token, Type};

use crate::docs;
use crate::errors::Errors;
use crate::keys::Keys;
use crate::place::place;

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
                    _ => name = Some(not_empty(input.parse()?)?),
                }
                Ok(())
            });
            Ok(())
        });
        if let Err(error) = read {
            errors.unread(error);
        }
    }
    if !input.generics.params.is_empty() {
        errors
            .at(&input.generics.params, "a resource has no generic parameters: it is one node of the graph");
        return quote!(#errors);
    }
    let Some(id) = id else {
        if errors.saw_everything() {
            let message = "a resource needs the type of its ids: `#[resource(id = …)]`";
            errors.at(&input.ident, message);
        }
        return quote!(#errors);
    };
    let ident = &input.ident;
    let name = name.map_or_else(|| ident.to_string(), |name| name.value());
    let docs = docs::text(&input.attrs);
    let place = place(ident.span());
    quote! {
        #errors

        #[automatically_derived]
        impl ::cascade_core::Resource for #ident {
            type Id = #id;
            const NAME: &'static str = #name;
            const DESCRIPTOR: ::cascade_core::ResourceDescriptor =
                ::cascade_core::ResourceDescriptor::of::<Self>(#name, #docs, #place);
        }
    }
}

fn not_empty(name: LitStr) -> syn::Result<LitStr> {
    if name.value().trim().is_empty() {
        return Err(syn::Error::new(name.span(), "the name of a resource is not empty"));
    }
    Ok(name)
}
