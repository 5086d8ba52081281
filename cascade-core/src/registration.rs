//! How extensions come together: by the linker, or by hand.

use crate::adapt::AnyExtension;
use crate::declare::{Declare, ExtensionDescriptor};
use crate::extension::{Bound, DynExtension};
use crate::provide::{Extension, NotProvided, Provided};
use crate::untyped::UntypedDeclaration;

/// An annotated extension, as the linker collects it.
#[derive(Clone, Copy)]
pub struct Registration {
    declare: fn() -> UntypedDeclaration,
    make: fn(&Provided) -> Result<Box<AnyExtension>, NotProvided>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let descriptor = self.describe();
        write!(f, "{} at {}", descriptor.name, descriptor.place)
    }
}

impl Registration {
    /// The registration of `E`. `#[cascade]` submits it.
    pub const fn of<E: Declare + Extension>() -> Self {
        Self { declare: declare::<E>, make: make::<E> }
    }

    pub(crate) fn describe(&self) -> ExtensionDescriptor {
        (self.declare)().descriptor
    }

    pub(crate) fn make(&self, provided: &Provided) -> Result<Box<dyn DynExtension>, NotProvided> {
        let extension = (self.make)(provided)?;
        Ok(Box::new(Bound { extension, declaration: (self.declare)() }))
    }
}

// There is one of these for each extension in a program: they do no more than they must.

fn declare<E: Declare>() -> UntypedDeclaration {
    E::declare().untyped
}

fn make<E: Extension>(provided: &Provided) -> Result<Box<AnyExtension>, NotProvided> {
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
