//! How extensions come together: by the linker, or by hand.

use crate::annotated::{Annotated, Written};
use crate::declare::ExtensionDescriptor;
use crate::extension::{Bound, DynExtension};
use crate::provide::{Extension, NotProvided, Provided};

/// An annotated extension, as the linker collects it.
#[derive(Clone, Copy)]
pub struct Registration {
    declare: fn(&mut Written),
    make: fn(&Provided) -> Result<Box<dyn Annotated>, NotProvided>,
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
        Self { declare: E::declare, make: make::<E> }
    }

    pub(crate) fn describe(&self) -> ExtensionDescriptor {
        Written::read(self.declare).descriptor
    }

    pub(crate) fn make(&self, provided: &Provided) -> Result<Box<dyn DynExtension>, NotProvided> {
        let annotated = Some((self.make)(provided)?);
        let declaration = Written::read(self.declare);
        Ok(Box::new(Bound { extension: None, annotated, declaration }))
    }
}

/// There is one of these for each extension in a program: it does no more than it must.
fn make<E: Annotated + Extension>(provided: &Provided) -> Result<Box<dyn Annotated>, NotProvided> {
    match E::from_provided(provided) {
        Ok(extension) => Ok(Box::new(extension)),
        Err(missing) => Err(missing),
    }
}

#[cfg(feature = "inventory")]
inventory::collect!(Registration);

/// All that the linker collected, in no order that could be relied on.
#[cfg(feature = "inventory")]
pub(crate) fn linked() -> Vec<Registration> {
    inventory::iter::<Registration>.into_iter().copied().collect()
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
