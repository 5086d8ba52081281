//! Generates the code beside an annotated `impl`: its declaration, the calls of its methods, and its registration.

use std::iter;

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::adapter::{id_of, index_literal, match_arm};
use crate::args::{Settings, Timeout};
use crate::declaration_items::{TypeTable, declaration_items};
use crate::docs;
use crate::edge::Role;
use crate::impl_block::ParsedImpl;
use crate::methods::Method;
use crate::model::Model;
use crate::total;
use crate::types::TypeRef;

/// The implementation of `Annotated` for the extension, its registration, and assertions for the compiler.
pub(crate) fn declaration(parsed: &ParsedImpl, resource: &TypeRef, model: &Model) -> TokenStream {
    let extension = &parsed.extension;
    let statements = statements(parsed, resource, model);
    let id = id_of(resource);
    // With this span, the compiler reports a type that is not a resource once, at its name.
    let declare = quote_spanned! {resource.span()=>
        #[inline]
        fn declare(writer: &mut ::cascade_core::__private::DeclarationWriter) {
            use ::cascade_core::__private::Item as __Item;

            #(#statements)*
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
        arms.filter_map(|(index, method)| match_arm(resource, index, method, model)).collect();
    let assertions = assertions(resource, model);
    quote! {
        #[automatically_derived]
        impl ::cascade_core::__private::Annotated for #extension {
            type Id = #id;

            #declare

            fn call<'a>(
                &'a self,
                method: u16,
                call: &::cascade_core::__private::Invocation<'a, '_>,
            ) -> ::cascade_core::__private::ReplyResult<'a> {
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

/// The statements that build the declaration. They are few, because each call takes the compiler time.
fn statements(parsed: &ParsedImpl, resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let (extension, docs) = (&parsed.extension, docs::text(&parsed.item.attrs));
    let mut types = TypeTable::new(resource);
    let items = declaration_items(extension, model, &mut types);
    let names = names(extension, model);
    let descriptor = quote!(<#resource as ::cascade_core::Resource>::descriptor);
    let mut statements = vec![quote!(writer.extension(#names, ::core::file!(), #descriptor);)];
    statements.extend(
        types
            .resources
            .iter()
            .skip(1)
            .map(|ty| quote!(writer.resource(<#ty as ::cascade_core::Resource>::descriptor);)),
    );
    statements.extend(
        types
            .operations
            .iter()
            .map(|ty| quote!(writer.operation(<#ty as ::cascade_core::Operation>::descriptor);)),
    );
    if !docs.is_empty() {
        statements.push(quote!(writer.docs(#docs);));
    }
    if model.args.addon {
        statements.push(quote!(writer.addon();));
    }
    statements.extend(settings(&model.args.settings));
    statements.push(items);
    statements
        .extend(model.methods.iter().enumerate().filter_map(|(index, method)| effect_docs(index, method)));
    statements
}

/// The statement that adds the doc comments of the effect, if it has any.
fn effect_docs(index: usize, method: &Method) -> Option<TokenStream> {
    let (docs, index) = (&method.docs, index_literal(index));
    let is_documented = !method.rules.is_empty() && !docs.is_empty();
    is_documented.then(|| quote!(writer.effect_docs(#index, #docs);))
}

/// The names of the package, the extension, its methods and the roles of its edges, separated by spaces.
fn names(extension: &Ident, model: &Model) -> TokenStream {
    let methods = model.methods.iter().map(|method| method.name.to_string());
    let roles = model.edges.iter().filter_map(|edge| edge.role.as_ref()).map(Role::to_string);
    let names: Vec<String> = iter::once(extension.to_string()).chain(methods).chain(roles).collect();
    let names = names.join(" ");
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
        quote!(writer.settings(<::cascade_core::StepSettings as ::core::default::Default>::default()#(#given)*);)
    })
}

/// Assertions that only the compiler can evaluate: whether types with different names are the same.
fn assertions(resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut assertions = Vec::new();
    if let Some(literal) = resource.literal() {
        let name = resource.name();
        let message = format!(
            "`{name}` is the name of the type, but its resource has another name: write `resource = {name}`"
        );
        let declared = name_of(resource);
        assertions.push(quote_spanned! {literal.span()=>
            const _: () = ::core::assert!(::cascade_core::__private::is_among(#declared, &[#name]), #message);
        });
    }
    let without_role = model.edges.iter().filter(|edge| edge.role.is_none());
    let edges: Vec<&TypeRef> = without_role.map(|edge| &edge.resource).collect();
    for (index, edge) in edges.iter().enumerate().skip(1) {
        let message = format!("the edge `{edge}` is listed twice, here under another name");
        let earlier = edges[..index].iter().map(|earlier| name_of(earlier));
        let name = name_of(edge);
        assertions.push(quote_spanned! {edge.span()=>
            const _: () = ::core::assert!(
                !::cascade_core::__private::is_among(#name, &[#(#earlier),*]),
                #message
            );
        });
    }
    for mention in &model.respelled {
        let (ty, edge) = (&mention.ty, &model.edges[mention.index].resource);
        assertions.push(quote!(const _: () = <#ty as ::cascade_core::TheEdge<#edge>>::IS_EDGE;));
    }
    assertions.extend(total::assertion(model));
    assertions
}

fn name_of(resource: &TypeRef) -> TokenStream {
    quote_spanned!(resource.span()=> <#resource as ::cascade_core::Resource>::NAME)
}

/// Uses every type that the attributes name, so that the compiler reports no unused import beside an error.
pub(crate) fn references(model: &Model) -> TokenStream {
    let types = model.first_mentions().iter();
    quote!(#(const _: ::core::marker::PhantomData<#types> = ::core::marker::PhantomData;)*)
}
