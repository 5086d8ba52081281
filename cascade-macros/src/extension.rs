//! `#[derive(Extension)]`

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::errors::Errors;
use crate::provided_field::{self, ProvidedField};

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
    let fields = provided_field::read(&data.fields, &mut errors);
    let expanded = expand(input, &data.fields, &fields);
    // The impl exists despite errors, so that rustc does not also report that it is missing.
    quote!(#errors #expanded)
}

fn expand(input: &DeriveInput, fields: &Fields, provided_fields: &[ProvidedField<'_>]) -> TokenStream {
    let ident = &input.ident;
    let names: Vec<&Ident> = provided_fields.iter().map(|field| &field.variable).collect();
    // Hygienic names: a field of the same name does not clash with them.
    let missing = Ident::new("missing", Span::mixed_site());
    let provided = Ident::new("provided", Span::mixed_site());
    let value = match fields {
        Fields::Named(_) => quote!(Self { #(#names),* }),
        Fields::Unnamed(_) => quote!(Self(#(#names),*)),
        Fields::Unit => quote!(Self),
    };
    let takes = provided_fields.iter().map(|ProvidedField { variable, shown, ty, name, .. }| {
        if let Some(name) = name {
            quote!(let #variable = #missing.take_named::<#ty>(#provided, #shown, #name);)
        } else {
            quote!(let #variable = #missing.take::<#ty>(#provided, #shown);)
        }
    });
    let body = if names.is_empty() {
        quote!(::core::result::Result::Ok(#value))
    } else {
        quote! {
            let mut #missing = <::cascade_core::NotProvided as ::core::default::Default>::default();
            #(#takes)*
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
