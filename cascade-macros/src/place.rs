//! Where something was written, for the errors that come at run time.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

/// The place at the line of `span`: what `place!()` is there, written out, since each expansion costs the compiler time.
pub(crate) fn place(span: Span) -> TokenStream {
    let package = package();
    quote_spanned!(span=> ::cascade_core::Place::new(#package, ::core::file!(), ::core::line!()))
}

/// The package that is compiled.
pub(crate) fn package() -> TokenStream {
    let package = std::env::var("CARGO_PKG_NAME");
    package.map_or_else(|_| quote!(::core::env!("CARGO_PKG_NAME")), |name| quote!(#name))
}

/// The line of `span`, for what is in the same file as all that it belongs to.
pub(crate) fn line(span: Span) -> TokenStream {
    quote_spanned!(span=> ::core::line!())
}
