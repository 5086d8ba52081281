//! `Delete` is total: every extension has to decide it for each of its edges, also an extension that does not mention it.
//!
//! The attribute sees names, not types. It takes an operation whose path ends in `Delete` for `Delete`; if that is another
//! type, `build()` reports the edge. An operation of another name may be `Delete` too, imported as something else. The
//! compiler knows, so the expansion asserts it.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use crate::edge::Edge;
use crate::errors::{Errors, listed};
use crate::model::{Mention, Model};
use crate::types::TypeRef;

const DELETE: &str = "Delete";

/// Whether the path of the operation ends in `Delete`.
pub(crate) fn is_delete(operation: &Mention) -> bool {
    operation.ty.name() == DELETE
}

/// Whether the `impl` has edges, but no rule or policy for an operation that is named `Delete`. If it has one, the check of
/// each operation's edges includes it.
pub(crate) fn forgets_delete(model: &Model) -> bool {
    !model.edges.is_empty() && !model.rules.iter().any(|rule| is_delete(&rule.operation))
}

/// Reports an `impl` with edges and without any rule.
pub(crate) fn undecided_delete(model: &Model, errors: &mut Errors) {
    if let (true, Some(edge), []) = (forgets_delete(model), model.edges.first(), decided(model).as_slice()) {
        errors.add(syn::Error::new(edge.at(), message(model)));
    }
}

/// The assertion that one of the operations with rules is `Delete` under another name.
pub(crate) fn assertion(model: &Model) -> Option<TokenStream> {
    let (operations, edge) = (decided(model), model.edges.first()?);
    if !forgets_delete(model) || operations.is_empty() {
        return None;
    }
    let codes = operations
        .iter()
        .map(|operation| quote_spanned!(operation.span()=> <#operation as ::cascade_core::Operation>::CODE));
    let message = message(model);
    Some(quote_spanned! {edge.at()=>
        const _: () = ::core::assert!(
            ::cascade_core::__private::is_among(
                <::cascade_core::Delete as ::cascade_core::Operation>::CODE,
                &[#(#codes),*]
            ),
            #message
        );
    })
}

/// The operations that have rules or policies.
fn decided(model: &Model) -> Vec<&TypeRef> {
    let has_rules = |operation: usize| model.rules.iter().any(|rule| rule.operation.index == operation);
    let operations = model.operations.iter().enumerate().filter(|(index, _)| has_rules(*index));
    operations.map(|(_, operation)| operation).collect()
}

fn message(model: &Model) -> String {
    let spelled = model.operations.iter().find(|operation| operation.name() == DELETE);
    let delete = spelled.map_or_else(|| String::from(DELETE), ToString::to_string);
    let edges = model.edges.iter().map(Edge::in_code).collect::<Vec<_>>().join(", ");
    let (have, them) = if model.edges.len() == 1 { ("has", "it") } else { ("have", "them") };
    format!(
        "{} {have} no rule for `{delete}`, which every extension has to decide: name {them} in a `from`, or write \
         `ignore({delete}, from = [{edges}])`",
        listed(&model.edges, "and")
    )
}
