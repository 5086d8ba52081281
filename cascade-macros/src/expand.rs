//! What an annotated `impl` becomes: itself, and an implementation of `Declare` beside it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ItemImpl;

use crate::adapter::{adapted, function, id_of};
use crate::args::{Settings, Timeout};
use crate::docs;
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::model::{Decision, Finder, Mention, Model, Phase, Rule};
use crate::place::place;
use crate::types::TypeRef;

/// The implementation of `Declare` for `extension`, and what registers it.
pub(crate) fn declaration(
    (extension, item): (&Ident, &ItemImpl),
    resource: &TypeRef,
    model: &Model,
) -> TokenStream {
    let statements = statements((extension, &docs::text(&item.attrs)), resource, model);
    let mutability = (!statements.is_empty()).then(|| quote!(mut));
    let name = extension.to_string();
    let (id, descriptor) = (id_of(resource), descriptor(resource));
    let place = place(extension.span());
    // A resource that is none is reported at its name, once.
    let declare = quote_spanned! {resource.span()=>
        fn declare() -> ::cascade_core::Declaration<Self, #id> {
            let #mutability declaration =
                ::cascade_core::__private::UntypedDeclaration::new(#name, #descriptor, #place);
            #(#statements)*
            ::cascade_core::Declaration::typed(declaration)
        }
    };
    let handled = (!model.args.addon).then(|| {
        quote! {
            #[automatically_derived]
            impl ::cascade_core::HandledBy<#extension> for #resource {}
        }
    });
    let functions = model.methods.iter();
    let functions = functions.filter_map(|one| function(extension, one, one.signature.as_ref()?, model));
    let assertions = assertions(resource, model);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl ::cascade_core::Declare for #extension {
                type Id = #id;

                #declare
            }
            #(#functions)*
            #handled
            ::cascade_core::__submit!(#extension);
            #(#assertions)*
        };
    }
}

fn statements((extension, docs): (&Ident, &str), resource: &TypeRef, model: &Model) -> Vec<TokenStream> {
    let mut statements = Vec::new();
    if !docs.is_empty() {
        statements.push(quote!(declaration.docs(#docs);));
    }
    if model.args.addon {
        statements.push(quote!(declaration.addon();));
    }
    statements.extend(settings(&model.args.settings));
    for edge in &model.edges {
        let (descriptor, place) = (descriptor(edge), place(edge.span()));
        statements.push(quote!(declaration.edge(#descriptor, #place);));
    }
    for resource in &model.after {
        let (descriptor, place) = (descriptor(&resource.ty), place(resource.at));
        statements.push(quote!(declaration.after(#descriptor, #place);));
    }
    statements.extend(model.finders.iter().filter_map(|one| finder(one, (extension, resource), model)));
    statements.extend(model.methods.iter().filter_map(|one| effect(one, (extension, resource), model)));
    statements.extend(model.phases.iter().filter_map(|one| phase(one, (extension, resource), model)));
    statements.extend(model.rules.iter().map(|one| rule(one, model)));
    statements
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
        quote!(declaration.settings(<::cascade_core::StepSettings as ::core::default::Default>::default()#(#given)*);)
    })
}

fn finder(finder: &Finder, (extension, resource): (&Ident, &TypeRef), model: &Model) -> Option<TokenStream> {
    let method = &model.methods[finder.method];
    let adapted = adapted(resource, extension, method, method.signature.as_ref()?, model)?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let (descriptor, place) = (descriptor(&finder.edge.ty), place(finder.edge.at));
    let operation = if let Some(Mention { ty, .. }) = &finder.operation {
        quote!(::core::option::Option::Some(<#ty as ::cascade_core::Operation>::DESCRIPTOR))
    } else {
        quote!(::core::option::Option::None)
    };
    Some(quote! {
        #(#cfgs)*
        declaration.finder((#name, #place), (#descriptor, #operation), #adapted);
    })
}

/// The effect that the method is, with what it supersedes.
fn effect(method: &Method, (extension, resource): (&Ident, &TypeRef), model: &Model) -> Option<TokenStream> {
    if method.rules.is_empty() {
        return None;
    }
    let adapted = adapted(resource, extension, method, method.signature.as_ref()?, model)?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let place = place(method.name.span());
    let supersedes = (!method.supersedes.is_empty()).then(|| {
        let others = method.supersedes.iter().map(ToString::to_string);
        quote!(#(#cfgs)* declaration.supersedes(#name, [#(#others),*]);)
    });
    let docs = (!method.docs.is_empty()).then(|| {
        let docs = &method.docs;
        quote!(#(#cfgs)* declaration.effect_docs(#name, #docs);)
    });
    Some(quote! {
        #(#cfgs)*
        declaration.effect((#name, #place), #adapted);
        #docs
        #supersedes
    })
}

fn phase(phase: &Phase, (extension, resource): (&Ident, &TypeRef), model: &Model) -> Option<TokenStream> {
    let method = &model.methods[phase.method];
    let adapted = adapted(resource, extension, method, method.signature.as_ref()?, model)?;
    let (cfgs, name) = (&method.cfgs, method.name.to_string());
    let (operation, place) = (&phase.operation.ty, place(phase.operation.at));
    let (declare, variant) = match phase.kind {
        PhaseKind::Check => (quote!(check), quote!(Check)),
        PhaseKind::Begin => (quote!(begin), quote!(Begin)),
        PhaseKind::Cleanup => (quote!(cleanup), quote!(Cleanup)),
        PhaseKind::Verify => (quote!(verify), quote!(Verify)),
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
        declaration.#declare::<#operation, _, _, _, _>((#name, #place), #adapted);
        #only
    })
}

fn rule(rule: &Rule, model: &Model) -> TokenStream {
    let (operation, place) = (&rule.operation.ty, place(rule.operation.at));
    let (cfgs, start, end) = match &rule.decision {
        Decision::Effect { method, leaf, shared } => {
            let method = &model.methods[*method];
            let name = method.name.to_string();
            let start = quote!(::cascade_core::Rule::effect::<#operation>(#name, #place));
            let leaf = leaf.then(|| quote!(.leaf()));
            (method.cfgs.as_slice(), start, leaf.or_else(|| shared.then(|| quote!(.with_last_owner()))))
        }
        Decision::Policy(kind) => {
            let policy = Ident::new(kind.name(), Span::call_site());
            (&[][..], quote!(::cascade_core::Rule::#policy::<#operation>(#place)), None)
        }
    };
    let from = rule.from.iter().map(|edge| descriptor(&edge.ty));
    let roots = rule.roots.iter().map(descriptor);
    quote!(#(#cfgs)* declaration.rule(#start #(.from(#from))* #(.root(#roots))* #end);)
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

/// `<Host as Resource>::DESCRIPTOR`: a type that is no resource is reported where it is named.
fn descriptor(ty: &TypeRef) -> TokenStream {
    quote!(<#ty as ::cascade_core::Resource>::DESCRIPTOR)
}
