//! What an annotated `impl` becomes: itself, and an implementation of `Declare` beside it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::adapter::{closure, id_of, sendable};
use crate::args::{PolicyKind, Settings};
use crate::methods::{Method, PhaseKind};
use crate::model::{Decision, Finder, Mention, Model, Phase, Rule};
use crate::types::TypeRef;

/// The implementation of `Declare` for `extension`, and what registers it.
pub(crate) fn expand(extension: &Ident, resource: &TypeRef, model: &Model) -> TokenStream {
    let statements = statements(resource, model);
    let name = extension.to_string();
    let (id, descriptor) = (id_of(resource), descriptor(resource));
    let place = place(extension.span());
    // A resource that is none is reported at its name, once.
    let declare = quote_spanned!(resource.span()=> fn declare() -> ::cascade_core::Declaration<Self, #id>);
    let handled = (!model.args.addon).then(|| {
        quote! {
            #[automatically_derived]
            impl ::cascade_core::__private::HandledBy<#extension> for #resource {}
        }
    });
    let sendable = model.methods.iter().filter_map(|one| sendable(extension, one, one.signature.as_ref()?));
    let assertions = assertions(resource, model);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl ::cascade_core::Declare for #extension {
                type Resource = #resource;

                #declare {
                    let mut declaration = ::cascade_core::Declaration::new(#name, #descriptor, #place);
                    #(#statements)*
                    declaration
                }
            }
            #(#sendable)*
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
    statements.extend(model.methods.iter().filter_map(|one| effect(one, resource, model)));
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
    let closure = closure(resource, method, method.signature.as_ref()?, model)?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let (descriptor, place) = (descriptor(&finder.edge.ty), place(finder.edge.at));
    let operation = if let Some(Mention { ty, .. }) = &finder.operation {
        quote!(::core::option::Option::Some(<#ty as ::cascade_core::Operation>::DESCRIPTOR))
    } else {
        quote!(::core::option::Option::None)
    };
    let id = id_of(&finder.edge.ty);
    Some(quote! {
        #(#cfgs)*
        declaration.finder::<#id, _>(#name, #descriptor, #operation, #place, #closure);
    })
}

/// The effect that the method is, with what it supersedes.
fn effect(method: &Method, resource: &TypeRef, model: &Model) -> Option<TokenStream> {
    if method.rules.is_empty() {
        return None;
    }
    let closure = closure(resource, method, method.signature.as_ref()?, model)?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let place = place(method.name.span());
    let supersedes = (!method.supersedes.is_empty()).then(|| {
        let others = method.supersedes.iter().map(ToString::to_string);
        quote!(#(#cfgs)* declaration.supersedes(#name, [#(#others),*]);)
    });
    Some(quote! {
        #(#cfgs)*
        declaration.effect(#name, #place, #closure);
        #supersedes
    })
}

fn phase(phase: &Phase, resource: &TypeRef, model: &Model) -> Option<TokenStream> {
    let method = &model.methods[phase.method];
    let closure = closure(resource, method, method.signature.as_ref()?, model)?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let (operation, place) = (&phase.operation.ty, place(phase.operation.at));
    let (declare, variant) = match phase.kind {
        PhaseKind::Check => (quote!(check), quote!(Check)),
        PhaseKind::Begin => (quote!(begin), quote!(Begin)),
        PhaseKind::Cleanup => (quote!(cleanup), quote!(Cleanup)),
    };
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
