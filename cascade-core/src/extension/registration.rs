//! Registration of extensions through the linker.

use super::bound::{Bound, DynExtension};
use super::generated::{Annotated, DeclarationWriter};
use super::provide::{Extension, NotProvided, Provided};
use crate::model::ExtensionDescriptor;

/// An extension under `#[cascade]`, as the linker collects it.
#[derive(Clone, Copy)]
pub struct Registration {
    link: fn(&mut Linked<'_>),
}

/// The declaration and, if requested, the value of a linked extension.
struct Linked<'p> {
    writer: DeclarationWriter,
    /// The values to make the extension from; `None` if only its declaration is needed.
    provided: Option<&'p Provided>,
    made: Option<Result<Box<dyn Annotated>, NotProvided>>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let descriptor = self.describe();
        write!(f, "{} at {}", descriptor.name, descriptor.place)
    }
}

impl Registration {
    /// The registration of `E`. `#[cascade]` submits it.
    pub const fn of<E: Annotated + Extension>() -> Self {
        Self { link: link::<E> }
    }

    pub(crate) fn describe(self) -> ExtensionDescriptor {
        self.linked(None).writer.declaration.descriptor
    }

    pub(crate) fn make(self, provided: &Provided) -> Result<Box<dyn DynExtension>, NotProvided> {
        let Linked { writer, made, .. } = self.linked(Some(provided));
        let annotated = made.transpose()?;
        Ok(Box::new(Bound { extension: None, annotated, declaration: writer.declaration }))
    }

    fn linked(self, provided: Option<&Provided>) -> Linked<'_> {
        let mut linked = Linked { writer: DeclarationWriter::new(), provided, made: None };
        (self.link)(&mut linked);
        linked
    }
}

impl Linked<'_> {
    #[inline(never)]
    fn made(&mut self, extension: Box<dyn Annotated>) {
        self.made = Some(Ok(extension));
    }

    #[inline(never)]
    fn missing(&mut self, missing: NotProvided) {
        self.made = Some(Err(missing));
    }
}

/// Compiled once for each extension of a program, so it is as small as possible.
fn link<E: Annotated + Extension>(linked: &mut Linked<'_>) {
    if let Some(provided) = linked.provided {
        match E::from_provided(provided) {
            Ok(extension) => linked.made(Box::new(extension)),
            Err(missing) => linked.missing(missing),
        }
    }
    E::declare(&mut linked.writer);
}

/// Submits an extension to the linker's collection; does nothing where the feature `inventory` is off.
#[cfg(feature = "inventory")]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($extension:ty) => {
        $crate::__private::inventory::submit! { $crate::__private::Registration::of::<$extension>() }
    };
}

#[cfg(not(feature = "inventory"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __submit {
    ($extension:ty) => {};
}
