//! A public view of one instance of a plan.

use std::fmt;

use super::affected::Affected;
use crate::ids::{InstanceIx, ResourceIx};
use crate::model::{InstanceName, Printed};

/// One instance of a plan.
#[derive(Clone, Copy)]
pub struct InstanceRef<'a> {
    affected: &'a Affected,
    resource: ResourceIx,
    index: InstanceIx,
}

impl<'a> InstanceRef<'a> {
    pub(crate) fn new(affected: &'a Affected, resource: ResourceIx, index: InstanceIx) -> Self {
        Self { affected, resource, index }
    }

    /// The effects that run on it, in the order they run in.
    pub fn effects(&self) -> impl Iterator<Item = &'a str> {
        self.affected.effect_names(self.resource, self.index)
    }

    /// Whether it is removed: see [`StepContext::is_going`](crate::StepContext::is_going).
    pub fn is_going(&self) -> bool {
        self.affected.is_going(self.resource, self.index)
    }

    /// The name of its resource.
    pub fn resource(&self) -> &'a str {
        self.affected.resource_name(self.resource)
    }

    /// Its name, as documents have it: the resource, and the id both serialised and printed.
    pub fn name(&self) -> InstanceName {
        self.affected.name(self.resource, self.index)
    }

    /// Its id, printed.
    pub fn id(&self) -> String {
        self.affected.display(self.resource, self.index).to_string()
    }
}

impl fmt::Display for InstanceRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource(), Printed(self.affected.display(self.resource, self.index)))
    }
}

impl fmt::Debug for InstanceRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
