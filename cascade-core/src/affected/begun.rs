//! The instances on which a run may have begun to act.

use super::affected::Affected;
use crate::ids::{Index, Indexed, InstanceIx, ResourceIx};

/// The instances on which an effect may have begun, in this process or in an earlier one. A refresh of the plan does not
/// judge them: that a finder no longer answers them may be the run's own work.
#[derive(Clone, Debug)]
pub(crate) struct Begun(Indexed<ResourceIx, Vec<Progress>>);

/// How far an instance is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    #[default]
    Nothing,
    /// It failed, or an early effect may have begun: the instance is still there, and so are its dependents.
    Started,
    /// An effect may have begun that removes it.
    Removing,
}

impl Begun {
    pub(crate) fn new(affected: &Affected) -> Self {
        Self(Indexed::like(&affected.columns, Vec::new))
    }

    /// Notes that an instance failed, or that one of its early effects begins.
    pub(crate) fn note_started(&mut self, resource: ResourceIx, index: InstanceIx) {
        self.note(resource, index, Progress::Started);
    }

    /// Notes that an effect begins which is not early.
    pub(crate) fn note_removing(&mut self, resource: ResourceIx, index: InstanceIx) {
        self.note(resource, index, Progress::Removing);
    }

    fn note(&mut self, resource: ResourceIx, index: InstanceIx, progress: Progress) {
        let column = &mut self.0[resource];
        if column.len() <= index.position() {
            column.resize(index.position() + 1, Progress::Nothing);
        }
        let known = &mut column[index.position()];
        *known = progress.max(*known);
    }

    fn of(&self, resource: ResourceIx, index: InstanceIx) -> Progress {
        self.0[resource].get(index.position()).copied().unwrap_or_default()
    }

    /// Whether the run may have begun to act on the instance.
    pub(crate) fn has(&self, resource: ResourceIx, index: InstanceIx) -> bool {
        self.of(resource, index) > Progress::Nothing
    }

    /// Whether the instance may be gone by the run's own work. Its finders are not asked about it: its dependents stay those of
    /// the plan.
    pub(crate) fn may_be_gone(&self, resource: ResourceIx, index: InstanceIx) -> bool {
        self.of(resource, index) == Progress::Removing
    }

    /// All instances of a resource on which the run may have begun to act.
    pub(crate) fn all(&self, resource: ResourceIx) -> impl Iterator<Item = InstanceIx> {
        let begun = self.0[resource].iter().enumerate();
        begun
            .filter(|(_, progress)| **progress > Progress::Nothing)
            .map(|(position, _)| InstanceIx::at(position))
    }
}
