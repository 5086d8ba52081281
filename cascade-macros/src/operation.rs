//! `#[derive(Operation)]`

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::ParseStream;
use syn::{DeriveInput, LitStr, Token};

use crate::docs;
use crate::errors::Errors;
use crate::keys::Keys;
use crate::place::place;
use crate::types::{TypeRef, type_list};

const KEYS: Keys = Keys { attribute: "`#[operation]`", once: &["code", "root", "total"], repeated: &[] };

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let (mut code, mut roots, mut total): (Option<LitStr>, Vec<TypeRef>, bool) = (None, Vec::new(), false);
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("operation")) {
        let read = attribute.parse_args_with(|input: ParseStream<'_>| {
            KEYS.read(input, &mut errors, |key, _, input, _| {
                if key == "total" {
                    total = true;
                    return Ok(());
                }
                input.parse::<Token![=]>()?;
                match key {
                    "code" => code = Some(not_empty(input.parse()?)?),
                    _ => roots = type_list(input)?,
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
        errors.at(&input.generics.params, "an operation cannot be generic: it has one code");
        return quote!(#errors);
    }
    let Some(code) = code else {
        if errors.is_complete() {
            let message = "an operation needs a stable code: `#[operation(code = \"host.detach\")]`";
            errors.at(&input.ident, message);
        }
        return quote!(#errors);
    };
    let expanded = expand(input, &code, &roots, total);
    quote!(#errors #expanded)
}

fn not_empty(code: LitStr) -> syn::Result<LitStr> {
    if code.value().trim().is_empty() {
        return Err(syn::Error::new(code.span(), "the code of an operation cannot be empty"));
    }
    Ok(code)
}

fn expand(input: &DeriveInput, code: &LitStr, roots: &[TypeRef], total: bool) -> TokenStream {
    let ident = &input.ident;
    let name = ident.to_string();
    let docs = docs::text(&input.attrs);
    let docs = (!docs.is_empty()).then(|| quote!(.documented(#docs)));
    let total = total.then(|| quote!(.total()));
    let place = place(ident.span());
    let descriptors = roots.iter().map(|root| quote!(<#root as ::cascade_core::Resource>::DESCRIPTOR));
    let starts = if roots.is_empty() {
        quote! {
            #[automatically_derived]
            #[diagnostic::do_not_recommend]
            impl<R: ::cascade_core::Resource> ::cascade_core::StartsFrom<R> for #ident {}
        }
    } else {
        let starts = roots.iter().map(|root| {
            quote_spanned! {root.span()=>
                #[automatically_derived]
                impl ::cascade_core::StartsFrom<#root> for #ident {}
            }
        });
        // With a single implementation, the compiler would infer the root from it and report another root as a type
        // mismatch. With a second one, it reports the message of `StartsFrom`.
        let second = (roots.len() == 1).then(|| {
            quote! {
                #[automatically_derived]
                #[diagnostic::do_not_recommend]
                impl ::cascade_core::StartsFrom<::cascade_core::__private::NoResource> for #ident {}
            }
        });
        quote! {
            #(#starts)*
            #second
        }
    };
    quote! {
        #[automatically_derived]
        impl ::cascade_core::Operation for #ident {
            const CODE: &'static str = #code;
            const DESCRIPTOR: ::cascade_core::OperationDescriptor = ::cascade_core::OperationDescriptor::of::<Self>(
                #name,
                #code,
                || ::std::vec![#(#descriptors),*],
                #place,
            )#docs #total;
        }
        #starts
    }
}
