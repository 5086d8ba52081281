//! The attribute and the derives of `cascade-core`. Use them through that crate, which re-exports them.
#![forbid(unsafe_code)]

mod adapter;
mod annotated;
mod args;
mod cascade;
mod check;
mod conditions;
mod declaration_items;
mod docs;
mod edge;
mod edges;
mod errors;
mod expand;
mod extension;
mod impl_block;
mod keys;
mod method_attributes;
mod methods;
mod model;
mod operation;
mod place;
mod provided_field;
mod resource;
mod rustdoc;
mod signature;
mod total;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

#[doc = include_str!("../docs/cascade.md")]
#[proc_macro_attribute]
pub fn cascade(args: TokenStream, item: TokenStream) -> TokenStream {
    cascade::expand(&args.into(), &item.into()).into()
}

/// Writes the documents of an annotated `impl` when rustdoc runs. Not part of the public interface.
#[doc(hidden)]
#[proc_macro_attribute]
pub fn documents(annotated: TokenStream, item: TokenStream) -> TokenStream {
    rustdoc::expand(annotated.into(), item.into()).into()
}

/// Makes a type a resource: a node of the graph.
///
/// | key | meaning | default |
/// | --- | --- | --- |
/// | `id = VmId` | the type of the ids of its instances | required |
/// | `name = "VmInstance"` | the stable name, in plans and on disk; unique in a program | the name of the type |
///
/// The type is a struct or an enum without generic parameters; its fields do not matter. For a type that another crate
/// defines, derive it on a marker type of your own:
///
/// ```
/// use cascade_core::prelude::*;
///
/// /// A bucket; the client library of the storage has its own type for it.
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

/// Makes a type an operation, which is applied to an instance and to everything that depends on it. The fields of the
/// type are the payload.
///
/// | key | meaning | default |
/// | --- | --- | --- |
/// | `code = "host.detach"` | the stable code, in plans and on disk; unique in a program | required |
/// | `root = Host`, `root = [Host, Zone]` | the resources that it can start from; with another, the program does not compile | any |
/// | `total` | every extension of a graph has to decide it for each of its edges, also an extension that does not mention it; otherwise `build()` fails | not total |
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

/// Makes a struct an extension. Each field is filled, by its type, with a value that the program provides. The type of
/// a field is `Clone + Send + Sync + 'static`; wrap other types in an `Arc`.
///
/// A field with `#[provided(name = "replica")]` gets the value that the program provides under this name with
/// `provide_named`. Two fields of one type need names: without them, the second field is a compile error. The derive compares
/// types as they are written, so it does not notice that two of them are the same through an alias or another path.
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
/// assert_eq!(missing.fields()[0].field, "agents");
///
/// provided.insert(Arc::new(Agents));
/// assert!(HostCascade::from_provided(&provided).is_ok());
/// ```
#[proc_macro_derive(Extension, attributes(provided))]
pub fn extension(input: TokenStream) -> TokenStream {
    extension::derive(&parse_macro_input!(input as DeriveInput)).into()
}
