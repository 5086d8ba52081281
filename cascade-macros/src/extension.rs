//! `#[derive(Extension)]`

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Field, Fields};

use crate::errors::Errors;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics.params,
            "an extension has no generic parameters: there is one of it in a program",
        );
    }
    let Data::Struct(data) = &input.data else {
        errors
            .at(&input.ident, "an extension is a struct: its fields are taken by type from what is provided");
        return quote!(#errors);
    };
    if !errors.is_empty() {
        return quote!(#errors);
    }
    expand(input, &data.fields)
}

fn expand(input: &DeriveInput, fields: &Fields) -> TokenStream {
    let ident = &input.ident;
    let (names, shown, types) = unzip(fields);
    // No field can have these names: they are the macro's own.
    let missing = Ident::new("missing", Span::mixed_site());
    let provided = Ident::new("provided", Span::mixed_site());
    let value = match fields {
        Fields::Named(_) => quote!(Self { #(#names),* }),
        Fields::Unnamed(_) => quote!(Self(#(#names),*)),
        Fields::Unit => quote!(Self),
    };
    let body = if names.is_empty() {
        quote!(::core::result::Result::Ok(#value))
    } else {
        quote! {
            let mut #missing = <::cascade_core::NotProvided as ::core::default::Default>::default();
            #(let #names = #missing.take::<#types>(#provided, #shown);)*
            match (#(#names,)*) {
                (#(::core::option::Option::Some(#names),)*) => ::core::result::Result::Ok(#value),
                _ => ::core::result::Result::Err(#missing),
            }
        }
    };
    let argument = if names.is_empty() { quote!(_) } else { quote!(#provided) };
    quote! {
        #[automatically_derived]
        impl ::cascade_core::Extension for #ident {
            fn from_provided(
                #argument: &::cascade_core::Provided,
            ) -> ::core::result::Result<Self, ::cascade_core::NotProvided> {
                #body
            }
        }
    }
}

/// The fields as variables, as they are shown, and their types.
fn unzip(fields: &Fields) -> (Vec<Ident>, Vec<String>, Vec<&syn::Type>) {
    let mut parts = (Vec::new(), Vec::new(), Vec::new());
    for (index, Field { ident, ty, .. }) in fields.iter().enumerate() {
        parts.0.push(ident.clone().unwrap_or_else(|| format_ident!("field_{index}")));
        parts.1.push(ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string));
        parts.2.push(ty);
    }
    parts
}
