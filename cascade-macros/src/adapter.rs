//! Generates the code through which the engine calls an annotated method. This code names each type of the signature
//! with the span of the user's code, so that the compiler reports a wrong type there.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};

use crate::methods::Method;
use crate::model::Model;
use crate::signature::{Extra, Kind, ResultTypes, Signature};
use crate::types::TypeRef;

/// The arm for the method at `index` in the `match` of `Annotated::call`.
///
/// The functions that it calls are not generic over the extension, so that methods with equal types share their code.
pub(crate) fn match_arm(
    resource: &TypeRef,
    index: usize,
    method: &Method,
    model: &Model,
) -> Option<TokenStream> {
    if !method.is_called() {
        return None;
    }
    let signature = method.signature.as_ref()?;
    let id = id_of(resource);
    let (convert_ids, into) = match method.kind() {
        Kind::Finder => {
            let parent = id_of(parent(method, model)?);
            (quote!(to_find), quote!(IntoFound<#parent, #id, _>))
        }
        Kind::Check => (quote!(to_step), quote!(IntoVetoes<#id>)),
        Kind::Verify => (quote!(to_find), quote!(IntoSurvivors<#id>)),
        Kind::Effect => (quote!(to_step), quote!(IntoOutcome<#id>)),
    };
    let (ids, expected) = (&signature.ids, id_of(resource_of_ids(resource, method, model)?));
    let MethodCall { context, operation, future } = method_call(method, signature, model)?;
    let (ok, error) = result(signature);
    let index = index_literal(index);
    Some(quote! {
        #index => {
            let ::core::option::Option::Some((ids, #context)) =
                <#ids as ::cascade_core::Ids<#expected>>::#convert_ids(call)
            else {
                return call.refused();
            };
            #operation
            <#ok as ::cascade_core::#into>::answered::<#error>(call, #future)
        }
    })
}

/// An index as an integer literal without a type suffix.
pub(crate) fn index_literal(index: usize) -> Literal {
    Literal::usize_unsuffixed(index)
}

/// `T` and `E` of the `Result`, or `_` for each that the macro cannot see.
fn result(signature: &Signature) -> (TokenStream, TokenStream) {
    let unknown = || quote_spanned!(signature.output.span()=> _);
    match &signature.result {
        Some(ResultTypes { ok, error }) => (quote!(#ok), quote!(#error)),
        None => (unknown(), unknown()),
    }
}

/// The call of a method.
struct MethodCall {
    /// The variable for the context, or `_` if the method does not need it.
    context: TokenStream,
    /// The statement that gets the operation, if the method takes it.
    operation: Option<TokenStream>,
    /// The boxed future.
    future: TokenStream,
}

fn method_call(method: &Method, signature: &Signature, model: &Model) -> Option<MethodCall> {
    let (mut extras, mut operation) = (Vec::new(), None);
    for extra in &signature.extras {
        extras.push(match extra {
            Extra::Context(_) => quote!(cx),
            Extra::Operation(ty) => {
                let named = model.first_mention(method.operations().next()?)?;
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
    let context = if extras.is_empty() { quote!(_) } else { quote!(cx) };
    let name = &method.name;
    let call = quote!(self.#name(ids #(, #extras)*));
    let future = if signature.result.is_some() {
        call
    } else {
        // The type is not visible to the macro: the compiler infers it.
        let answer = quote_spanned! {signature.output.span()=>
            <_ as ::cascade_core::MethodResult>::into_result(#call.await)
        };
        quote!(async move { #answer })
    };
    // The compiler reports a future that is not `Send` where it is boxed: at the name of the method.
    let future = quote_spanned!(name.span()=> ::std::boxed::Box::pin(#future));
    Some(MethodCall { context, operation, future })
}

/// The resource whose ids the method takes.
fn resource_of_ids<'m>(resource: &'m TypeRef, method: &Method, model: &'m Model) -> Option<&'m TypeRef> {
    match method.kind() {
        Kind::Finder => parent(method, model),
        Kind::Check | Kind::Verify | Kind::Effect => Some(resource),
    }
}

fn parent<'m>(method: &Method, model: &'m Model) -> Option<&'m TypeRef> {
    let mut finders = model.finders.iter();
    finders.find(|finder| model.methods[finder.method].name == method.name).map(|finder| &finder.edge.ty)
}

/// The id type of the resource. The compiler reports a type that is not a resource at the place where it is named.
pub(crate) fn id_of(resource: &TypeRef) -> TokenStream {
    quote_spanned!(resource.span()=> ::cascade_core::IdOf<#resource>)
}
