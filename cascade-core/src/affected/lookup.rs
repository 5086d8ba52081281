//! Looks up an instance by the name of its resource, for graphs whose types exist only at run time, and for people.

use super::affected::Affected;
use crate::ids::{Index, InstanceIx, ResourceId, ResourceIx};
use crate::model::{Printed, Resource};

/// What is known about an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// The graph has no such resource with ids of that type.
    Unknown,
    /// The instance is not affected.
    Unaffected,
    Affected(ResourceIx, InstanceIx),
}

/// Why an instance could not be looked up by names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// No resource has that name.
    #[error("there is no resource `{name}`{}", did_you_mean(.nearest.as_deref()))]
    UnknownResource {
        /// The name that was given.
        name: String,
        /// The most similar name of a resource.
        nearest: Option<String>,
    },
    /// Several instances of the plan print alike.
    #[error("{count} instances of {resource} print as `{}`: give one of them as JSON, as in `{json}`", Printed(.text))]
    Ambiguous {
        /// The resource.
        resource: String,
        /// The text that was given.
        text: String,
        /// The number of these instances.
        count: usize,
        /// The first of them as JSON.
        json: String,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(": did you mean `{name}`?"))
}

impl Affected {
    /// An affected instance of `R`.
    pub(crate) fn find<R: Resource>(&self, id: &R::Id) -> Option<(ResourceIx, InstanceIx)> {
        match self.find_by_id(R::NAME, id) {
            Lookup::Affected(resource, index) => Some((resource, index)),
            Lookup::Unknown | Lookup::Unaffected => None,
        }
    }

    /// The instance with that id of the resource with that name.
    pub(crate) fn find_by_id<Id: ResourceId>(&self, resource: &str, id: &Id) -> Lookup {
        let Some(resource) = self.graph.find_resource(resource) else { return Lookup::Unknown };
        let Some(ids) = self.columns[resource].ids.typed::<Id>() else { return Lookup::Unknown };
        match ids.index_of(id) {
            Some(index) if self.columns[resource].is_affected(index) => Lookup::Affected(resource, index),
            _ => Lookup::Unaffected,
        }
    }

    /// An affected instance, for an id as text: see [`position_of_text`](Self::position_of_text).
    pub(crate) fn find_text(
        &self,
        resource: &str,
        id: &str,
    ) -> Result<Option<(ResourceIx, InstanceIx)>, LookupError> {
        let (resource, index) = self.position_of_text(resource, id)?;
        let affected = index.filter(|&index| self.columns[resource].is_affected(index));
        Ok(affected.map(|index| (resource, index)))
    }

    /// The resource, and the index of the instance with that id, affected or not. The text is the id as `Display` prints it,
    /// as a plan prints it (with control characters escaped), or as JSON, in this order. Compares it with every id of the
    /// resource.
    pub(crate) fn position_of_text(
        &self,
        name: &str,
        id: &str,
    ) -> Result<(ResourceIx, Option<InstanceIx>), LookupError> {
        let resource = self.graph.find_resource(name).ok_or_else(|| LookupError::UnknownResource {
            name: name.to_owned(),
            nearest: self.graph.nearest_resource(name).map(ToOwned::to_owned),
        })?;
        let ids = &self.columns[resource].ids;
        let matching = |is_match: fn(String, &str) -> bool| -> Vec<InstanceIx> {
            InstanceIx::all(ids.len()).filter(|&at| is_match(ids.display(at).to_string(), id)).collect()
        };
        let mut printed = matching(|printed, id| printed == id);
        if printed.is_empty() && !id.contains(char::is_control) {
            printed = matching(|printed, id| Printed(printed).to_string() == id);
        }
        match printed[..] {
            [] => Ok((resource, ids.find_text(id))),
            [index] => Ok((resource, Some(index))),
            [first, ..] => Err(LookupError::Ambiguous {
                resource: name.to_owned(),
                text: id.to_owned(),
                count: printed.len(),
                json: self.name(resource, first).id.to_string(),
            }),
        }
    }
}
