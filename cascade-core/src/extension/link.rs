//! Macros that link crates with extensions into the program, and check that they are linked.

/// Implemented for a resource whose extension is `H`. `#[cascade]` implements it, except for add-ons.
#[diagnostic::on_unimplemented(
    message = "no extension of `{Self}` is linked into this crate",
    label = "no `#[cascade(resource = {Self})]` in this crate or its linked dependencies",
    note = "link the crate that has the extension: `cascade_core::link!(that_crate);`"
)]
pub trait HandledBy<H> {}

/// Fails to compile if no extension handles `R`, or if several do: then `H` is ambiguous.
#[doc(hidden)]
pub const fn assert_handled<R: HandledBy<H>, H>() {}

/// Links crates, so that their extensions are part of the program. The compiler does not link a dependency that the
/// code never names: its extensions would be missing without an error.
///
/// ```
/// cascade_core::link!(cascade_core);
/// ```
#[macro_export]
macro_rules! link {
    ($($krate:ident),+ $(,)?) => {
        $(
            #[allow(unused_imports, reason = "naming the crate links it")]
            use ::$krate as _;
        )+
    };
}

/// Fails to compile unless an extension of each of these resources is linked. Use it in the crate of the program.
///
/// ```
/// use cascade_core::prelude::*;
///
/// #[derive(Resource)]
/// #[resource(id = String)]
/// struct Host;
///
/// #[derive(Extension)]
/// struct HostCascade;
///
/// #[cascade(resource = Host)]
/// impl HostCascade {}
///
/// cascade_core::assert_handled!(Host);
/// ```
#[macro_export]
macro_rules! assert_handled {
    ($($resource:ty),+ $(,)?) => {
        const _: () = { $($crate::__private::assert_handled::<$resource, _>();)+ };
    };
}
