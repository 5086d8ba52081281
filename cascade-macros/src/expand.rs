//! What an annotated `impl` becomes: itself, and beside it what says what was written and calls its methods.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ItemImpl;

use crate::adapter::{arm, id_of, number_of};
use crate::args::{Settings, Timeout};
use crate::docs;
use crate::methods::Method;
use crate::model::Model;
use crate::parts::{Numbers, parts};
use crate::types::TypeRef;

/// What implements `Declare` for `extension`, and what registers it.
pub(crate) fn declaration(
    (extension, item): (&Ident, &ItemImpl),
    resource: &TypeRef,
    model: &Model,
) -> TokenStream {
    let written = written((extension, &docs::text(&item.attrs)), resource, model);
    let id = id_of(resource);
    // A resource that is none is reported at its name, once.
    let declare = quote_spanned! {resource.span()=>
        #[inline]
        fn declare(written: &mut ::cascade_core::__private::Written) {
            use ::cascade_core::__private::Part as __Part;

            #(#written)*
        }
    };
    let handled = (!model.args.addon).then(|| {
        quote! {
            #[automatically_derived]
            impl ::cascade_core::HandledBy<#extension> for #resource {}
        }
    });
    let arms = model.methods.iter().enumerate();
    let arms: Vec<TokenStream> =
        arms.filter_map(|(number, method)| arm(resource, number, method, model)).collect();
    let assertions = assertions(resource, model);
    quote! {
        #[automatically_derived]
        impl ::cascade_core::__private::Annotated for #extension {
            type Id = #id;

            #declare

            fn call<'a>(
                &'a self,
                method: u16,
                call: &::cascade_core::__private::Call<'a, '_>,
            ) -> ::cascade_core::__private::Answered<'a> {
                match method {
                    #(#arms)*
                    _ => call.refused(),
                }
            }
        }
        #handled
        ::cascade_core::__submit!(#extension);
        #(#assertions)*
    }
}

/// What builds the declaration: as few calls as will do.
fn written((extension, docs): (&Ident, &str), resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut numbers = Numbers::new(resource);
    let parts = parts(extension, model, &mut numbers);
    let names = names(extension, model);
    let described = quote!(<#resource as ::cascade_core::Resource>::described);
    let mut statements = vec![quote!(written.extension(#names, ::core::file!(), #described);)];
    statements.extend(
        numbers
            .resources
            .iter()
            .skip(1)
            .map(|ty| quote!(written.resource(<#ty as ::cascade_core::Resource>::described);)),
    );
    statements.extend(
        numbers
            .operations
            .iter()
            .map(|ty| quote!(written.operation(<#ty as ::cascade_core::Operation>::described);)),
    );
    if !docs.is_empty() {
        statements.push(quote!(written.docs(#docs);));
    }
    if model.args.addon {
        statements.push(quote!(written.addon();));
    }
    statements.extend(settings(&model.args.settings));
    statements.extend(parts);
    statements
        .extend(model.methods.iter().enumerate().filter_map(|(number, method)| effect_docs(number, method)));
    statements
}

/// What the author says of the effect that the method is.
fn effect_docs(number: usize, method: &Method) -> Option<TokenStream> {
    let (cfgs, docs, number) = (&method.cfgs, &method.docs, number_of(number));
    let is_documented = !method.rules.is_empty() && !docs.is_empty();
    is_documented.then(|| quote!(#(#cfgs)* written.effect_docs(#number, #docs);))
}

/// The names of the package, the extension and its methods.
fn names(extension: &Ident, model: &Model) -> TokenStream {
    let mut names = extension.to_string();
    for method in &model.methods {
        names.push(' ');
        names.push_str(&method.name.to_string());
    }
    let Ok(package) = std::env::var("CARGO_PKG_NAME") else {
        return quote!(::core::concat!(::core::env!("CARGO_PKG_NAME"), " ", #names));
    };
    let names = format!("{package} {names}");
    quote!(#names)
}

fn settings(settings: &Settings) -> Option<TokenStream> {
    let batch = settings.batch.iter().map(|batch| quote!(.batch(#batch)));
    let concurrency = settings.concurrency.iter().map(|concurrency| quote!(.concurrency(#concurrency)));
    let timeout = settings.timeout.iter().map(|timeout| match timeout {
        Timeout::Never => quote!(.timeout(::core::option::Option::None)),
        Timeout::After(timeout) => {
            let (seconds, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
            quote!(.timeout(::core::option::Option::Some(::core::time::Duration::new(#seconds, #nanos))))
        }
    });
    let retries = settings.retries.iter().map(|retries| quote!(.retries(#retries)));
    let given: Vec<TokenStream> = batch.chain(concurrency).chain(timeout).chain(retries).collect();
    (!given.is_empty()).then(|| {
        quote!(written.settings(<::cascade_core::StepSettings as ::core::default::Default>::default()#(#given)*);)
    })
}

/// What only the compiler can see: whether two types that are named differently are one resource.
fn assertions(resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut assertions = Vec::new();
    if let Some(literal) = resource.literal() {
        let name = resource.name();
        let message =
            format!("`{name}` is the type, and its resource has another name: write `resource = {name}`");
        let declared = name_of(resource);
        assertions.push(quote_spanned! {literal.span()=>
            const _: () = ::core::assert!(::cascade_core::__private::is_among(#declared, &[#name]), #message);
        });
    }
    for (index, edge) in model.edges.iter().enumerate().skip(1) {
        let message = format!("the edge `{edge}` is listed already, under another name");
        let earlier = model.edges[..index].iter().map(name_of);
        let name = name_of(edge);
        assertions.push(quote_spanned! {edge.span()=>
            const _: () = ::core::assert!(
                !::cascade_core::__private::is_among(#name, &[#(#earlier),*]),
                #message
            );
        });
    }
    for mention in &model.respelled {
        let (ty, edge) = (&mention.ty, &model.edges[mention.index]);
        assertions.push(quote!(const _: () = <#ty as ::cascade_core::TheEdge<#edge>>::IS_EDGE;));
    }
    assertions
}

fn name_of(resource: &TypeRef) -> TokenStream {
    quote_spanned!(resource.span()=> <#resource as ::cascade_core::Resource>::NAME)
}

/// Names every type that the attributes name, so that none seems unused where there is an error.
pub(crate) fn references(model: &Model) -> TokenStream {
    let types = model.all_spelled().iter();
    quote!(#(const _: ::core::marker::PhantomData<#types> = ::core::marker::PhantomData;)*)
}
