//! How the engine calls an annotated method: ids in, an answer in the engine's form out. What the method takes and
//! answers is checked here, each type where the user wrote it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use crate::methods::Method;
use crate::model::Model;
use crate::signature::{Extra, Kind, Signature};
use crate::types::TypeRef;

/// The closure that the engine calls.
pub(crate) fn closure(
    resource: &TypeRef,
    method: &Method,
    signature: &Signature,
    model: &Model,
) -> Option<TokenStream> {
    let id = id_of(resource);
    let (ids, into) = match method.kind() {
        Kind::Finder => {
            let mut finders = model.finders.iter();
            let finder = finders.find(|finder| model.methods[finder.method].name == method.name)?;
            let parent = id_of(&finder.edge.ty);
            (parent.clone(), quote!(IntoFound<#parent, #id, _>>::into_found))
        }
        Kind::Check => (id.clone(), quote!(IntoVetoes<#id>>::into_vetoes)),
        Kind::Verify => (id.clone(), quote!(IntoSurvivors<#id>>::into_survivors)),
        Kind::Effect => (id.clone(), quote!(IntoOutcome<#id>>::into_outcome)),
    };
    let extras = signature.extras.iter().filter_map(|extra| match extra {
        Extra::Context(_) => Some(quote!(cx)),
        Extra::Operation(ty) => {
            let operation = model.spelled(method.operations().next()?)?;
            Some(quote!(<#ty as ::cascade_core::TheOperation<#operation>>::of(cx)?))
        }
    });
    let (name, id) = (&method.name, &signature.ids);
    let call = if sendable_future(name, signature).is_some() {
        quote!(#name(extension, ids #(, #extras)*))
    } else {
        quote!(extension.#name(ids #(, #extras)*))
    };
    let (answer, ok) = answer(signature, &quote!(#call.await));
    let cx = if signature.extras.is_empty() { quote!(_) } else { quote!(cx) };
    Some(quote! {
        |extension, ids, #cx| ::std::boxed::Box::pin(async move {
            let ids = <#id as ::cascade_core::Ids<#ids>>::these(ids);
            let answer = #answer?;
            ::core::result::Result::Ok(<#ok as ::cascade_core::#into(answer))
        })
    })
}

/// The answer as a `Result` with an error of ours, and the type of what is in it.
fn answer(signature: &Signature, answer: &TokenStream) -> (TokenStream, TokenStream) {
    if let Some((ok, error)) = &signature.result {
        return (quote!(<#error as ::cascade_core::MethodError>::in_result(#answer)), quote!(#ok));
    }
    let answer = quote_spanned! {signature.output.span()=>
        ::cascade_core::MethodError::in_result(<_ as ::cascade_core::MethodResult>::into_result(#answer))
    };
    (answer, quote_spanned!(signature.output.span()=> _))
}

/// A function that calls the method and says that its future is `Send`. The engine needs no more than that, but
/// only here does the compiler report a future that is not `Send` at the method, and without any type of ours.
pub(crate) fn sendable(extension: &Ident, method: &Method, signature: &Signature) -> Option<TokenStream> {
    let (cfgs, name, ids) = (&method.cfgs, &method.name, &signature.ids);
    let future = sendable_future(name, signature)?;
    let (names, types): (Vec<_>, Vec<_>) = signature
        .extras
        .iter()
        .map(|extra| match extra {
            Extra::Context(ty) => (quote!(cx), quote!(::cascade_core::#ty)),
            Extra::Operation(ty) => (quote!(op), quote!(#ty)),
        })
        .unzip();
    Some(quote! {
        #(#cfgs)*
        fn #name<'a>(extension: &'a #extension, ids: &'a [#ids] #(, #names: &'a #types)*) -> #future {
            extension.#name(ids #(, #names)*)
        }
    })
}

/// The type of the method's future, with `Send` in it; `None` where it cannot be named again. A future that is not
/// is reported at this type: at the name of the method.
fn sendable_future(method: &Ident, signature: &Signature) -> Option<TokenStream> {
    let output = signature.output.ty()?;
    signature.ids.ty()?;
    let future = if signature.is_async {
        quote_spanned!(method.span()=> impl ::core::future::Future<Output = #output>)
    } else {
        let is_opaque = output.clone().into_iter().next().is_some_and(|first| first.to_string() == "impl");
        is_opaque.then(|| output.clone())?
    };
    Some(quote_spanned!(method.span()=> #future + ::core::marker::Send + 'a))
}

/// The type of the resource's ids. A type that is no resource is reported where it is named.
pub(crate) fn id_of(resource: &TypeRef) -> TokenStream {
    quote_spanned!(resource.span()=> ::cascade_core::IdOf<#resource>)
}
