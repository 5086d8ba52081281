//! How the engine calls an annotated method: ids in, an answer in the engine's form out. What the method takes and
//! answers is checked here, each type where the user wrote it.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

use crate::methods::Method;
use crate::model::Model;
use crate::signature::{Extra, Kind, Signature};
use crate::types::TypeRef;

/// What calls the method of a number: an arm of the one function that calls them all.
///
/// None of what it uses names the extension, so that methods of the same types are adapted by the same code.
pub(crate) fn arm(resource: &TypeRef, number: usize, method: &Method, model: &Model) -> Option<TokenStream> {
    if !method.is_called() {
        return None;
    }
    let signature = method.signature.as_ref()?;
    let id = id_of(resource);
    let (asked, into) = match method.kind() {
        Kind::Finder => {
            let parent = id_of(parent(method, model)?);
            (quote!(to_find), quote!(IntoFound<#parent, #id, _>))
        }
        Kind::Check => (quote!(to_step), quote!(IntoVetoes<#id>)),
        Kind::Verify => (quote!(to_find), quote!(IntoSurvivors<#id>)),
        Kind::Effect => (quote!(to_step), quote!(IntoOutcome<#id>)),
    };
    let (ids, taken) = (&signature.ids, id_of(taken(resource, method, model)?));
    let (cx, operation, called) = called(method, signature, model)?;
    let (ok, error) = result(signature);
    let (cfgs, number) = (&method.cfgs, number_of(number));
    Some(quote! {
        #(#cfgs)*
        #number => {
            let ::core::option::Option::Some((ids, #cx)) =
                <#ids as ::cascade_core::Ids<#taken>>::#asked(call)
            else {
                return call.refused();
            };
            #operation
            <#ok as ::cascade_core::#into>::answered::<#error>(call, #called)
        }
    })
}

/// A number without a type of its own, as people write it.
pub(crate) fn number_of(number: usize) -> Literal {
    Literal::usize_unsuffixed(number)
}

/// `T` and `E` of what the method answers, where they can be named.
fn result(signature: &Signature) -> (TokenStream, TokenStream) {
    let unknown = || quote_spanned!(signature.output.span()=> _);
    match &signature.result {
        Some((ok, error)) => (quote!(#ok), quote!(#error)),
        None => (unknown(), unknown()),
    }
}

/// The name of the context, what makes the operation, and the future, boxed.
///
/// A future that is not `Send` is reported where it is boxed: at the name of the method.
fn called(
    method: &Method,
    signature: &Signature,
    model: &Model,
) -> Option<(TokenStream, Option<TokenStream>, TokenStream)> {
    let (mut extras, mut operation) = (Vec::new(), None);
    for extra in &signature.extras {
        extras.push(match extra {
            Extra::Context(_) => quote!(cx),
            Extra::Operation(ty) => {
                let named = model.spelled(method.operations().next()?)?;
                operation = Some(quote! {
                    let operation = match <#ty as ::cascade_core::TheOperation<#named>>::of(cx) {
                        ::core::result::Result::Ok(operation) => operation,
                        ::core::result::Result::Err(error) => return ::core::result::Result::Err(error),
                    };
                });
                quote!(operation)
            }
        });
    }
    let cx = if extras.is_empty() { quote!(_) } else { quote!(cx) };
    let name = &method.name;
    let call = quote!(self.#name(ids #(, #extras)*));
    let future = if signature.result.is_some() {
        call
    } else {
        // The compiler finds the types.
        let answer = quote_spanned! {signature.output.span()=>
            <_ as ::cascade_core::MethodResult>::into_result(#call.await)
        };
        quote!(async move { #answer })
    };
    Some((cx, operation, quote_spanned!(name.span()=> ::std::boxed::Box::pin(#future))))
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
