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
            "an extension cannot be generic: a program has exactly one instance of it",
        );
    }
    let Data::Struct(data) = &input.data else {
        errors.at(
            &input.ident,
            "an extension must be a struct: its fields are filled by type from the values that the program \
             provides",
        );
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
    // Hygienic names: a field of the same name does not clash with them.
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

/// The variables for the fields, their names in messages, and their types.
fn unzip(fields: &Fields) -> (Vec<Ident>, Vec<String>, Vec<&syn::Type>) {
    let (mut variables, mut shown, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for (index, Field { ident, ty, .. }) in fields.iter().enumerate() {
        variables.push(ident.clone().unwrap_or_else(|| format_ident!("field_{index}")));
        shown.push(ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string));
        types.push(ty);
    }
    (variables, shown, types)
}
