//! The attribute and the derives of `cascade-core`. Use them through that crate, which re-exports them.
#![forbid(unsafe_code)]

mod adapter;
mod args;
mod cascade;
mod check;
mod docs;
mod errors;
mod expand;
mod extension;
mod item;
mod keys;
mod method_attributes;
mod methods;
mod model;
mod operation;
mod parts;
mod place;
mod resource;
mod rustdoc;
mod signature;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

#[doc = include_str!("../docs/cascade.md")]
#[proc_macro_attribute]
pub fn cascade(args: TokenStream, item: TokenStream) -> TokenStream {
    cascade::expand(&args.into(), &item.into()).into()
}

/// Writes what `#[cascade]` knows on an `impl`, where rustdoc runs. No part of the public interface.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn documents(annotated: TokenStream, item: TokenStream) -> TokenStream {
    rustdoc::expand(annotated.into(), item.into()).into()
}

/// Makes a type a resource: a node of the graph.
///
/// | key | what it says | unless said |
/// | --- | --- | --- |
/// | `id = VmId` | the type that names an instance | must be said |
/// | `name = "VmInstance"` | the stable name, in plans and on disk; unique in a program | the name of the type |
///
/// The type may be a struct or an enum without generic parameters, with whatever is in it. For something that another
/// crate defines, derive it on a marker of your own:
///
/// ```
/// use cascade_core::prelude::*;
///
/// /// The buckets of our storage, whose own type is in the client library.
/// #[derive(Resource)]
/// #[resource(id = String, name = "S3Bucket")]
/// pub struct S3Bucket;
///
/// assert_eq!(S3Bucket::NAME, "S3Bucket");
/// ```
#[proc_macro_derive(Resource, attributes(resource))]
pub fn resource(input: TokenStream) -> TokenStream {
    resource::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a type an operation: what is done to a resource and to what hangs off it. Its fields are the payload.
///
/// | key | what it says | unless said |
/// | --- | --- | --- |
/// | `code = "host.detach"` | the stable code, in plans and on disk; unique in a program | must be said |
/// | `root = Host`, `root = [Host, Zone]` | the resources that it can start from: from another, it does not compile | any |
///
/// ```
/// use cascade_core::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Operation, Clone, Debug, Serialize, Deserialize)]
/// #[operation(code = "suspend")]
/// pub struct Suspend {
///     pub reason: String,
/// }
///
/// assert_eq!(Suspend::CODE, "suspend");
/// ```
#[proc_macro_derive(Operation, attributes(operation))]
pub fn operation(input: TokenStream) -> TokenStream {
    operation::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an extension from what a program provides: each field of the struct is taken by its type. A field is
/// anything that is `Clone + Send + Sync + 'static`; what is not stands in an `Arc`.
///
/// ```
/// use std::sync::Arc;
///
/// use cascade_core::prelude::*;
/// use cascade_core::Provided;
///
/// struct Agents;
///
/// #[derive(Extension)]
/// struct HostCascade {
///     agents: Arc<Agents>,
/// }
///
/// let mut provided = Provided::default();
/// let missing = HostCascade::from_provided(&provided).err().expect("nothing is provided");
/// assert_eq!(missing.fields()[0].0, "agents");
///
/// provided.insert(Arc::new(Agents));
/// assert!(HostCascade::from_provided(&provided).is_ok());
/// ```
#[proc_macro_derive(Extension)]
pub fn extension(input: TokenStream) -> TokenStream {
    extension::derive(&parse_macro_input!(input as DeriveInput)).into()
}
