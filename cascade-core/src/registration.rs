//! How extensions come together: by the linker, or by hand.

use crate::declare::{Declare, ExtensionDescriptor};
use crate::extension::{Bound, DynExtension};
use crate::provide::{Extension, NotProvided, Provided};

/// An annotated extension, as the linker collects it.
#[derive(Clone, Copy)]
pub struct Registration {
    describe: fn() -> ExtensionDescriptor,
    make: fn(&Provided) -> Result<Box<dyn DynExtension>, NotProvided>,
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let descriptor = (self.describe)();
        write!(f, "{} at {}", descriptor.name, descriptor.place)
    }
}

impl Registration {
    /// The registration of `E`. `#[cascade]` submits it.
    pub const fn of<E: Declare + Extension>() -> Self {
        Self {
            describe: || E::declare().descriptor,
            make: |provided| {
                let extension = E::from_provided(provided)?;
                Ok(Box::new(Bound { extension, declaration: E::declare() }))
            },
        }
    }

    pub(crate) fn describe(&self) -> ExtensionDescriptor {
        (self.describe)()
    }

    pub(crate) fn make(&self, provided: &Provided) -> Result<Box<dyn DynExtension>, NotProvided> {
        (self.make)(provided)
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
