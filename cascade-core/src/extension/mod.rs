//! Extensions: their declarations, their methods, and how they are registered, by the linker or by the program.

mod bound;
mod declaration;
mod edge;
mod generated;
mod link;
#[cfg(feature = "inventory")]
mod linked;
#[cfg(debug_assertions)]
mod precompiled;
mod provide;
mod registration;
mod untyped;

pub(crate) use bound::{Bound, DynExtension};
pub use declaration::{Declaration, Declare};
pub use edge::DeclaredEdge;
pub use generated::{Annotated, DeclarationWriter, Item, Policy};
pub use link::{HandledBy, assert_handled};
#[cfg(feature = "inventory")]
pub(crate) use linked::{linked, nothing_linked};
#[cfg(debug_assertions)]
pub use precompiled::FOR_COMMON_IDS;
pub use provide::{Extension, MissingField, NotProvided, Provide, Provided};
pub use registration::Registration;
