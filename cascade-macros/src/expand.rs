//! What an annotated `impl` becomes: itself, and an implementation of `Declare` beside it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::args::{PolicyKind, Settings};
use crate::methods::PhaseKind;
use crate::model::{Decision, Finder, Mention, Model, Phase, Rule};
use crate::signature::{Extra, Signature};
use crate::types::TypeRef;

/// The implementation of `Declare` for `extension`, and what registers it.
pub(crate) fn expand(extension: &Ident, resource: &TypeRef, model: &Model) -> TokenStream {
    let statements = statements(resource, model);
    let name = extension.to_string();
    let descriptor = descriptor(resource);
    let place = place(extension.span());
    let handled = (!model.args.addon).then(|| {
        quote! {
            #[automatically_derived]
            impl ::cascade_core::__private::HandledBy<#extension> for #resource {}
        }
    });
    let assertions = assertions(resource, model);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl ::cascade_core::Declare for #extension {
                type Resource = #resource;

                fn declare()
                -> ::cascade_core::Declaration<Self, <#resource as ::cascade_core::Resource>::Id> {
                    let mut declaration = ::cascade_core::Declaration::new(#name, #descriptor, #place);
                    #(#statements)*
                    declaration
                }
            }
            #handled
            ::cascade_core::__submit!(#extension);
            #(#assertions)*
        };
    }
}

fn statements(resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut statements = Vec::new();
    if model.args.addon {
        statements.push(quote!(declaration.addon();));
    }
    statements.extend(settings(&model.args.settings));
    for edge in &model.edges {
        let (descriptor, place) = (descriptor(edge), place(edge.span()));
        statements.push(quote!(declaration.edge(#descriptor, #place);));
    }
    statements.extend(model.finders.iter().filter_map(|one| finder(one, resource, model)));
    statements.extend(effects(resource, model));
    statements.extend(model.phases.iter().filter_map(|one| phase(one, resource, model)));
    statements.extend(model.rules.iter().map(|one| rule(one, model)));
    statements
}

fn settings(settings: &Settings) -> Option<TokenStream> {
    let batch = settings.batch.iter().map(|batch| quote!(.batch(#batch)));
    let concurrency = settings.concurrency.iter().map(|concurrency| quote!(.concurrency(#concurrency)));
    let timeout = settings.timeout.iter().map(|timeout| match timeout {
        None => quote!(.timeout(::core::option::Option::None)),
        Some(timeout) => {
            let (seconds, nanos) = (timeout.as_secs(), timeout.subsec_nanos());
            quote!(.timeout(::core::option::Option::Some(::core::time::Duration::new(#seconds, #nanos))))
        }
    });
    let retries = settings.retries.iter().map(|retries| quote!(.retries(#retries)));
    let given: Vec<TokenStream> = batch.chain(concurrency).chain(timeout).chain(retries).collect();
    (!given.is_empty()).then(|| {
        quote!(declaration.settings(<::cascade_core::StepSettings as ::core::default::Default>::default()#(#given)*);)
    })
}

fn finder(finder: &Finder, resource: &TypeRef, model: &Model) -> Option<TokenStream> {
    let method = &model.methods[finder.method];
    let signature = method.signature.as_ref()?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let parent = &finder.edge.ty;
    let (descriptor, place) = (descriptor(parent), place(finder.edge.at));
    let operation = match &finder.operation {
        Some(Mention { ty, .. }) => {
            quote!(::core::option::Option::Some(<#ty as ::cascade_core::Operation>::DESCRIPTOR))
        }
        None => quote!(::core::option::Option::None),
    };
    let call = Call { method: &method.name, signature, ids: parent, operation: finder.operation.as_ref() };
    let into = quote!(::cascade_core::IntoFound<#parent, #resource, _>>::into_found);
    let closure = call.closure(&into);
    Some(quote! {
        #(#cfgs)*
        declaration.finder::<<#parent as ::cascade_core::Resource>::Id, _>(
            #name,
            #descriptor,
            #operation,
            #place,
            #closure,
        );
    })
}

/// The effects with what they supersede, in the order in which they are written.
fn effects(resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut statements = Vec::new();
    for method in model.methods.iter().filter(|method| !method.rules.is_empty()) {
        let Some(signature) = &method.signature else { continue };
        let (cfgs, name, place) = (&method.cfgs, method.name.to_string(), place(method.name.span()));
        let operation = model.operations.iter().position(|known| known.is(&method.rules[0].operation));
        let operation = operation.and_then(|index| {
            let mut mentions = model.rules.iter().map(|rule| &rule.operation);
            mentions.find(|mention| mention.index == index)
        });
        let call = Call { method: &method.name, signature, ids: resource, operation };
        let closure = call.closure(&quote!(::cascade_core::IntoOutcome<#resource>>::into_outcome));
        statements.push(quote!(#(#cfgs)* declaration.effect(#name, #place, #closure);));
        if !method.supersedes.is_empty() {
            let others = method.supersedes.iter().map(ToString::to_string);
            statements.push(quote!(#(#cfgs)* declaration.supersedes(#name, [#(#others),*]);));
        }
    }
    statements
}

fn phase(phase: &Phase, resource: &TypeRef, model: &Model) -> Option<TokenStream> {
    let method = &model.methods[phase.method];
    let signature = method.signature.as_ref()?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let (operation, place) = (&phase.operation.ty, place(phase.operation.at));
    let (declare, variant, into) = match phase.kind {
        PhaseKind::Check => ("check", "Check", quote!(::cascade_core::IntoVetoes<#resource>>::into_vetoes)),
        PhaseKind::Begin => ("begin", "Begin", quote!(::cascade_core::IntoOutcome<#resource>>::into_outcome)),
        PhaseKind::Cleanup => {
            ("cleanup", "Cleanup", quote!(::cascade_core::IntoOutcome<#resource>>::into_outcome))
        }
    };
    let (declare, variant) = (format_ident!("{declare}"), format_ident!("{variant}"));
    let call = Call { method: &method.name, signature, ids: resource, operation: Some(&phase.operation) };
    let closure = call.closure(&into);
    let only = (!phase.effects.is_empty()).then(|| {
        let effects = phase.effects.iter().map(ToString::to_string);
        quote! {
            #(#cfgs)*
            declaration.only::<#operation>(::cascade_core::Phase::#variant, #name, [#(#effects),*]);
        }
    });
    Some(quote! {
        #(#cfgs)*
        declaration.#declare::<#operation, _>(#name, #place, #closure);
        #only
    })
}

fn rule(rule: &Rule, model: &Model) -> TokenStream {
    let (operation, place) = (&rule.operation.ty, place(rule.operation.at));
    let (cfgs, start, leaf) = match &rule.decision {
        Decision::Effect { method, leaf } => {
            let method = &model.methods[*method];
            let name = method.name.to_string();
            let start = quote!(::cascade_core::Rule::effect::<#operation>(#name, #place));
            (method.cfgs.as_slice(), start, leaf.then(|| quote!(.leaf())))
        }
        Decision::Policy { kind: PolicyKind::Ignore, .. } => {
            (&[][..], quote!(::cascade_core::Rule::ignore::<#operation>(#place)), None)
        }
    };
    let from = rule.from.iter().map(|edge| descriptor(&edge.ty));
    let roots = rule.roots.iter().map(descriptor);
    quote!(#(#cfgs)* declaration.rule(#start #(.from(#from))* #(.root(#roots))* #leaf);)
}

/// A call of a user's method from a closure that the engine calls.
struct Call<'a> {
    method: &'a Ident,
    signature: &'a Signature,
    /// The resource whose ids the method takes.
    ids: &'a TypeRef,
    operation: Option<&'a Mention>,
}

impl Call<'_> {
    /// The closure; `into` turns the method's answer into the engine's form.
    fn closure(&self, into: &TokenStream) -> TokenStream {
        let Self { method, signature, ids, operation } = self;
        let id = &signature.ids;
        let context = if signature.takes_context() { quote!(cx) } else { quote!(_) };
        let extras = signature.extras.iter().map(|extra| match (extra, operation) {
            (Extra::Operation(ty), Some(operation)) => {
                let operation = &operation.ty;
                quote_spanned! {span_of(ty)=>
                    ::cascade_core::__private::OperationContext::expect_operation::<#operation>(cx)?
                }
            }
            _ => quote!(cx),
        });
        let answer =
            signature.answer.as_ref().map_or_else(|| quote_spanned!(signature.output=> _), |ty| quote!(#ty));
        quote! {
            |extension, ids, #context| ::std::boxed::Box::pin(async move {
                let ids = <#id as ::cascade_core::__private::IdOf<#ids>>::these(ids);
                let answer = Self::#method(extension, ids #(, #extras)*).await?;
                ::core::result::Result::Ok(<#answer as #into(answer))
            })
        }
    }
}

fn span_of(ty: &syn::Type) -> Span {
    syn::spanned::Spanned::span(ty)
}

fn assertions(resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut assertions = Vec::new();
    if let Some(literal) = resource.literal() {
        let name = resource.name();
        let message = format!("the type is `{name}`, but its resource has another name: name it by its type");
        assertions.push(quote_spanned! {literal.span()=>
            const _: () = ::core::assert!(
                !::cascade_core::__private::names_differ(<#resource as ::cascade_core::Resource>::NAME, #name),
                #message
            );
        });
    }
    for mention in &model.respelled {
        let (ty, edge) = (&mention.ty, &model.edges[mention.index]);
        let message = format!("`{ty}` is not among the edges: did you mean `{edge}`?");
        assertions.push(quote_spanned! {mention.at=>
            const _: () = ::core::assert!(
                !::cascade_core::__private::names_differ(
                    <#ty as ::cascade_core::Resource>::NAME,
                    <#edge as ::cascade_core::Resource>::NAME
                ),
                #message
            );
        });
    }
    assertions
}

/// `<Host as Resource>::DESCRIPTOR`: a type that is no resource is reported where it is named.
fn descriptor(ty: &TypeRef) -> TokenStream {
    quote!(<#ty as ::cascade_core::Resource>::DESCRIPTOR)
}

/// The place at the line of `span`.
fn place(span: Span) -> TokenStream {
    quote_spanned!(span=> ::cascade_core::place!())
}
