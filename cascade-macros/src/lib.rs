//! The attribute and the derives of `cascade-core`. Use them through that crate, which re-exports them.
#![forbid(unsafe_code)]

mod adapter;
mod args;
mod attribute;
mod check;
mod errors;
mod expand;
mod extension;
mod item;
mod keys;
mod methods;
mod model;
mod operation;
mod resource;
mod signature;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Declares what an extension does; see the table of its options.
#[proc_macro_attribute]
pub fn cascade(args: TokenStream, item: TokenStream) -> TokenStream {
    attribute::cascade(args.into(), &item.into()).into()
}

/// Declares a type to be a resource.
#[proc_macro_derive(Resource, attributes(resource))]
pub fn resource(input: TokenStream) -> TokenStream {
    resource::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Declares a type to be an operation.
#[proc_macro_derive(Operation, attributes(operation))]
pub fn operation(input: TokenStream) -> TokenStream {
    operation::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an extension from what a program provides.
#[proc_macro_derive(Extension)]
pub fn extension(input: TokenStream) -> TokenStream {
    extension::derive(&parse_macro_input!(input as DeriveInput)).into()
}
