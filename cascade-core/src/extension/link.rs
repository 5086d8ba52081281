//! What makes sure that the crates with the extensions are in the program at all.

/// Says that `#[cascade]` on `H` handles resource `Self`. The attribute implements it, not for add-ons.
#[diagnostic::on_unimplemented(
    message = "no extension of `{Self}` is linked into this crate",
    label = "no `#[cascade(resource = …)]` for it is visible here",
    note = "name the crate that has it: `cascade_core::link!(that_crate);`"
)]
pub trait HandledBy<H> {}

/// Does not compile where no extension handles `R` or, because `H` cannot be descriptor_from_text, where several do.
#[doc(hidden)]
pub const fn assert_handled<R: HandledBy<H>, H>() {}

/// Links crates for the sake of the extensions in them: a dependency that is never named is not linked, and its
/// extensions are missing without a word.
///
/// ```
/// cascade_core::link!(cascade_core);
/// ```
#[macro_export]
macro_rules! link {
    ($($krate:ident),+ $(,)?) => {
        $(
            #[allow(unused_imports, reason = "named so that it is linked")]
            use ::$krate as _;
        )+
    };
}

/// Fails to compile unless an extension of each of these resources is linked. Write it where the program is put
/// together.
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
