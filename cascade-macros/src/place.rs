//! Source locations for errors at run time.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

/// The `Place` of `span`. This is the expansion of `place!()`, written out because each macro expansion takes the
/// compiler time.
pub(crate) fn place(span: Span) -> TokenStream {
    let package = package();
    quote_spanned!(span=> ::cascade_core::Place::new(#package, ::core::file!(), ::core::line!()))
}

/// The name of the package that is being compiled.
pub(crate) fn package() -> TokenStream {
    let package = std::env::var("CARGO_PKG_NAME");
    package.map_or_else(|_| quote!(::core::env!("CARGO_PKG_NAME")), |name| quote!(#name))
}

/// The line of `span`, for items that are in the same file as the declaration that they belong to.
pub(crate) fn line(span: Span) -> TokenStream {
    quote_spanned!(span=> ::core::line!())
}
