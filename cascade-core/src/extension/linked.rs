//! The extensions collected by the linker.

use super::registration::Registration;
use crate::graph::Graph;
use crate::model::{BuildError, Fault, FaultKind};

inventory::collect!(Registration);

/// All extensions collected by the linker, in unspecified order.
pub(crate) fn linked() -> Vec<Registration> {
    inventory::iter::<Registration>.into_iter().copied().collect()
}

/// The fault of a program in which no extension is linked.
pub(crate) fn nothing_linked() -> Fault {
    Fault::new(
        FaultKind::Empty,
        "no extension is linked into this program",
        "name the crates that hold your `#[cascade]` impls in the binary: `cascade_core::link!(your_crate);`",
    )
}

impl Graph {
    /// The graph of all linked extensions, for documents and tests. Does not construct the extensions, so nothing must
    /// be provided.
    pub fn linked() -> Result<Self, BuildError> {
        let registrations = linked();
        if registrations.is_empty() {
            return Err(BuildError::new(vec![nothing_linked()]));
        }
        Self::build(registrations.iter().copied().map(Registration::describe))
    }
}
