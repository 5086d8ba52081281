//! Roots of several resources.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use crate::affected::{Column, MAX_ROOT_RESOURCES};
use crate::graph::Graph;
use crate::ids::{IdTable, Index, InstanceIx, ResourceIx};
use crate::model::{Operation, Resource, ResourceDescriptor, Roots, StartsFrom};
use crate::plan::PlanError;

/// Roots of several resources, from which one operation starts: see [`Cascade::plan_all`](crate::Cascade::plan_all).
///
/// The compiler checks that the operation may start from each resource. The order in which resources are added does not matter,
/// and a repeated id counts once.
///
/// ```
/// use cascade_core::RootSet;
/// use cascade_core::prelude::*;
///
/// #[derive(Resource)]
/// #[resource(id = String)]
/// pub struct Zone;
///
/// #[derive(Resource)]
/// #[resource(id = u64)]
/// pub struct Host;
///
/// let roots: RootSet<Delete> = RootSet::new().and(Zone::roots(["zone-1"])).and(Host::roots([7_u64, 9]));
/// assert_eq!(format!("{roots:?}"), "Zone 1, Host 2");
/// ```
pub struct RootSet<O> {
    given: Vec<Given>,
    allow_missing: bool,
    operation: PhantomData<fn() -> O>,
}

/// The roots of one resource, as they were given.
enum Given {
    Typed { resource: ResourceDescriptor, roots: Column },
    Named { resource: String, ids: Vec<String> },
}

impl<O: Operation> RootSet<O> {
    /// No roots yet.
    pub fn new() -> Self {
        Self { given: Vec::new(), allow_missing: false, operation: PhantomData }
    }

    /// Adds roots of the resource `R`.
    #[must_use]
    pub fn and<R: Resource>(mut self, roots: Roots<R>) -> Self
    where
        O: StartsFrom<R>,
    {
        let mut column = Column::new(R::DESCRIPTOR.new_table());
        if let Some(ids) = column.ids.typed_mut::<R::Id>() {
            for id in roots.into_ids() {
                ids.insert(id);
            }
        }
        self.given.push(Given::Typed { resource: R::DESCRIPTOR, roots: column });
        self
    }

    /// Adds roots of the resource with that name. The ids are parsed when the operation is planned, as by
    /// [`Cascade::plan_named`](crate::Cascade::plan_named).
    #[must_use]
    pub fn and_named(
        mut self,
        resource: impl Into<String>,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let ids = ids.into_iter().map(Into::into).collect();
        self.given.push(Given::Named { resource: resource.into(), ids });
        self
    }

    /// Roots that do not exist are no error ([`PlanError::MissingRoots`](crate::PlanError::MissingRoots)). This plans what still
    /// depends on roots that were removed already, for example by a forced run in which a dependent failed. The plan has the
    /// missing roots too, and a run calls their effects once more.
    ///
    /// ```
    /// use cascade_core::{Delete, RootSet};
    ///
    /// let roots: RootSet<Delete> = RootSet::new().and_named("Zone", ["zone-1"]).allow_missing();
    /// ```
    #[must_use]
    pub fn allow_missing(mut self) -> Self {
        self.allow_missing = true;
        self
    }
}

impl<O: Operation> Default for RootSet<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O> fmt::Debug for RootSet<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, given) in self.given.iter().enumerate() {
            let (resource, count) = match given {
                Given::Typed { resource, roots } => (resource.name(), roots.ids.len()),
                Given::Named { resource, ids } => (resource.as_str(), ids.len()),
            };
            write!(f, "{}{resource} {count}", if position > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

/// Roots of the resources of a graph.
pub(super) struct ResolvedRoots {
    pub(super) columns: BTreeMap<ResourceIx, Column>,
    /// Whether roots that do not exist are no error.
    pub(super) allow_missing: bool,
}

impl<O> RootSet<O> {
    /// The roots by resource. An error if a resource is unknown or has no roots, an id cannot be parsed, or there are too many
    /// resources.
    pub(super) fn resolve(self, graph: &Graph) -> Result<ResolvedRoots, PlanError> {
        let mut resolved: BTreeMap<ResourceIx, Column> = BTreeMap::new();
        for given in self.given {
            let (resource, column) = given.resolve(graph)?;
            match resolved.entry(resource) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(column);
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    let all: Vec<InstanceIx> = InstanceIx::all(column.ids.len()).collect();
                    entry.get_mut().ids.insert_batch(&column.ids.select(&all), all.len());
                }
            }
        }
        if resolved.len() > MAX_ROOT_RESOURCES {
            return Err(PlanError::TooManyRootResources {
                count: resolved.len(),
                maximum: MAX_ROOT_RESOURCES,
            });
        }
        Ok(ResolvedRoots { columns: resolved, allow_missing: self.allow_missing })
    }
}

impl Given {
    fn resolve(self, graph: &Graph) -> Result<(ResourceIx, Column), PlanError> {
        let (resource, column) = match self {
            Self::Typed { resource: descriptor, roots } => {
                let resource = known_resource(graph, descriptor.name())?;
                if !graph.resources[resource].descriptor.is_same(&descriptor) {
                    let name = descriptor.name().to_owned();
                    return Err(PlanError::UnknownResource { name, nearest: None });
                }
                (resource, roots)
            }
            Self::Named { resource: name, ids } => {
                let resource = known_resource(graph, &name)?;
                let descriptor = &graph.resources[resource].descriptor;
                let mut column = Column::new(descriptor.new_table());
                for text in ids {
                    insert_text(descriptor, &mut *column.ids, &text)?;
                }
                (resource, column)
            }
        };
        if column.ids.len() == 0 {
            return Err(PlanError::NoRoots { resource: graph.resources[resource].name().to_owned() });
        }
        Ok((resource, column))
    }
}

/// The resource with that name.
pub(super) fn known_resource(graph: &Graph, name: &str) -> Result<ResourceIx, PlanError> {
    graph.find_resource(name).ok_or_else(|| PlanError::UnknownResource {
        name: name.to_owned(),
        nearest: graph.nearest_resource(name).map(ToOwned::to_owned),
    })
}

/// Adds an id that a person has given as text.
pub(super) fn insert_text(
    descriptor: &ResourceDescriptor,
    ids: &mut dyn IdTable,
    text: &str,
) -> Result<InstanceIx, PlanError> {
    let inserted = match descriptor.parse_printed(text) {
        Some(id) => ids.insert_json(id),
        None => ids.parse_and_insert(text),
    };
    inserted.map_err(|source| PlanError::BadId {
        resource: descriptor.name().to_owned(),
        text: text.to_owned(),
        id_type: descriptor.id_type(),
        source,
    })
}
