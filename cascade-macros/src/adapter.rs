//! How the engine calls an annotated method: ids in, an answer in the engine's form out. What the method takes and
//! answers is checked here, each type where the user wrote it.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::methods::Method;
use crate::model::Model;
use crate::signature::{Extra, Kind, Signature};
use crate::types::TypeRef;

/// The method as the engine takes it: a function that calls it, and what makes the answer one of the engine's.
///
/// None of it names the extension, so that methods of the same types are adapted by the same code.
pub(crate) fn adapted(
    resource: &TypeRef,
    extension: &Ident,
    method: &Method,
    signature: &Signature,
    model: &Model,
) -> Option<TokenStream> {
    let id = id_of(resource);
    let into = match method.kind() {
        Kind::Finder => {
            let parent = id_of(parent(method, model)?);
            quote!(IntoFound<#parent, #id, _>>::into_found)
        }
        Kind::Check => quote!(IntoVetoes<#id>>::into_vetoes),
        Kind::Verify => quote!(IntoSurvivors<#id>>::into_survivors),
        Kind::Effect => quote!(IntoOutcome<#id>>::into_outcome),
    };
    let (name, ids, taken) = (&method.name, &signature.ids, id_of(taken(resource, method, model)?));
    let call = match output(signature) {
        Some(_) => quote!(#name),
        None => inferred(extension, method, signature, model)?,
    };
    let unknown = || quote_spanned!(signature.output.span()=> _);
    let (ok, error) = match &signature.result {
        Some((ok, error)) => (quote!(#ok), quote!(#error)),
        None => (unknown(), unknown()),
    };
    Some(quote! {
        (
            #call,
            <#ids as ::cascade_core::Ids<#taken>>::these,
            <#ok as ::cascade_core::#into,
            <#error as ::cascade_core::MethodError>::into_step_error,
        )
    })
}

/// The function that calls the method, where all its types can be named.
pub(crate) fn function(
    extension: &Ident,
    method: &Method,
    signature: &Signature,
    model: &Model,
) -> Option<TokenStream> {
    if !method.is_called() {
        return None;
    }
    let output = output(signature)?;
    let (cfgs, name, ids) = (&method.cfgs, &method.name, &signature.ids);
    let context = format_ident!("{}", method.kind().context());
    let (cx, call) = call(method, signature, model)?;
    let called = called(extension, method, &call);
    Some(quote! {
        #(#cfgs)*
        fn #name<'a>(
            extension: &'a ::cascade_core::__private::AnyExtension,
            ids: &'a [#ids],
            #cx: &'a ::cascade_core::#context,
        ) -> ::cascade_core::__private::Called<'a, #output> {
            #called
        }
    })
}

/// A closure in the place of the function: the compiler finds the types.
fn inferred(extension: &Ident, method: &Method, signature: &Signature, model: &Model) -> Option<TokenStream> {
    let (cx, call) = call(method, signature, model)?;
    let answer = quote_spanned! {signature.output.span()=>
        <_ as ::cascade_core::MethodResult>::into_result(#call.await)
    };
    let called = called(extension, method, &quote!(async move { #answer }));
    Some(quote!(|extension, ids, #cx| { #called }))
}

/// A future that is not `Send` is reported where it is boxed: at the name of the method.
fn called(extension: &Ident, method: &Method, future: &TokenStream) -> TokenStream {
    let boxed = quote_spanned!(method.name.span()=> ::std::boxed::Box::pin(#future));
    quote! {
        let ::core::option::Option::Some(extension) =
            <dyn ::core::any::Any>::downcast_ref::<#extension>(extension)
        else {
            return ::core::result::Result::Err(::cascade_core::__private::other_extension());
        };
        ::core::result::Result::Ok(#boxed)
    }
}

/// The name of the context and the call of the method.
fn call(method: &Method, signature: &Signature, model: &Model) -> Option<(TokenStream, TokenStream)> {
    let mut extras = Vec::new();
    for extra in &signature.extras {
        extras.push(match extra {
            Extra::Context(_) => quote!(cx),
            Extra::Operation(ty) => {
                let operation = model.spelled(method.operations().next()?)?;
                quote!(<#ty as ::cascade_core::TheOperation<#operation>>::of(cx)?)
            }
        });
    }
    let name = &method.name;
    let cx = if extras.is_empty() { quote!(_) } else { quote!(cx) };
    let call = quote!(extension.#name(ids #(, #extras)*));
    Some((cx, call))
}

/// What the method answers, where that and its ids can be named again.
fn output(signature: &Signature) -> Option<&TokenStream> {
    signature.result.as_ref()?;
    signature.ids.ty()?;
    signature.output.ty()
}

/// The resource whose ids the method takes.
fn taken<'m>(resource: &'m TypeRef, method: &Method, model: &'m Model) -> Option<&'m TypeRef> {
    match method.kind() {
        Kind::Finder => parent(method, model),
        Kind::Check | Kind::Verify | Kind::Effect => Some(resource),
    }
}

fn parent<'m>(method: &Method, model: &'m Model) -> Option<&'m TypeRef> {
    let mut finders = model.finders.iter();
    finders.find(|finder| model.methods[finder.method].name == method.name).map(|finder| &finder.edge.ty)
}

/// The type of the resource's ids. A type that is no resource is reported where it is named.
pub(crate) fn id_of(resource: &TypeRef) -> TokenStream {
    quote_spanned!(resource.span()=> ::cascade_core::IdOf<#resource>)
}
