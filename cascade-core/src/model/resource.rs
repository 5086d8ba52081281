//! Resources: the types of things that depend on each other.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Debug;

use super::location::Place;
#[cfg(feature = "remote")]
use crate::ids::{Batch, BatchIds};
use crate::ids::{IdKind, IdTable, ResourceId};

/// A type of thing: a node of the resource graph. Derive it where the type is defined.
///
/// ```
/// use cascade_core::prelude::*;
///
/// #[derive(Resource)]
/// #[resource(id = String)]
/// pub struct Host;
///
/// assert_eq!(Host::NAME, "Host");
/// let roots = Host::roots(["host-1", "host-2"]);
/// assert_eq!(roots.ids().len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cascade resource",
    label = "not a declared resource",
    note = "declare it where the type is defined: `#[derive(cascade_core::Resource)]` with `#[resource(id = …)]`"
)]
pub trait Resource: 'static {
    /// What names an instance.
    type Id: ResourceId;
    /// The stable name, on disk and in plans. Unique in a graph.
    const NAME: &'static str;
    /// What the engine needs to know of the resource.
    const DESCRIPTOR: ResourceDescriptor;

    /// All text of the descriptor in one, as [`descriptor`](Self::descriptor) reads it. Empty where nobody wrote it: then the
    /// descriptor is taken as it is.
    #[doc(hidden)]
    const TEXT: &'static str = "";

    /// The descriptor, for code that many share. A program has one of these for each of its resources: so it is read from
    /// text, where as data it is five pointers, each of which is relocated when the program starts and takes 32 bytes. Where
    /// nothing is optimised, it is as written: that costs the compiler least.
    #[doc(hidden)]
    #[inline(never)]
    fn descriptor() -> ResourceDescriptor
    where
        Self: Sized,
    {
        if cfg!(debug_assertions) || Self::TEXT.is_empty() {
            Self::DESCRIPTOR
        } else {
            Self::descriptor_from_text()
        }
    }

    /// The descriptor as its text tells it.
    #[doc(hidden)]
    #[inline]
    fn descriptor_from_text() -> ResourceDescriptor
    where
        Self: Sized,
    {
        ResourceDescriptor::read(Self::TEXT, TypeId::of::<Self>(), IdKind::of::<Self::Id>)
    }

    /// The instances that an operation starts from. An id that is given twice counts once.
    fn roots<I>(ids: impl IntoIterator<Item = I>) -> Roots<Self>
    where
        I: Into<Self::Id>,
        Self: Sized,
    {
        Roots { ids: ids.into_iter().map(Into::into).collect() }
    }
}

/// What names an instance of `R`.
pub type IdOf<R> = <R as Resource>::Id;

/// The instances of `R` that an operation starts from. Made by [`Resource::roots`].
pub struct Roots<R: Resource> {
    ids: Vec<R::Id>,
}

impl<R: Resource> Roots<R> {
    /// The ids, as they were given.
    pub fn ids(&self) -> &[R::Id] {
        &self.ids
    }

    pub(crate) fn into_ids(self) -> Vec<R::Id> {
        self.ids
    }
}

impl<R: Resource> Clone for Roots<R> {
    fn clone(&self) -> Self {
        Self { ids: self.ids.clone() }
    }
}

impl<R: Resource> Debug for Roots<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", R::NAME, self.ids)
    }
}

/// What the engine knows of a resource: its name, its kind of id, and where it was declared.
///
/// A resource is known by its name. Two descriptors of one name are the same resource if they come from the
/// same type (or both from no type) and have the same type of id; otherwise building the graph reports them.
#[derive(Clone)]
pub struct ResourceDescriptor {
    name: Cow<'static, str>,
    docs: Cow<'static, str>,
    type_id: Option<TypeId>,
    /// Made where it is needed: as data it would be as large as all the rest.
    ids: fn() -> IdKind,
    place: Place,
}

impl ResourceDescriptor {
    /// The descriptor of a type, with what its documents say (they may be empty). `#[derive(Resource)]` calls this.
    pub const fn of<R: Resource>(name: &'static str, docs: &'static str, place: Place) -> Self {
        Self {
            name: Cow::Borrowed(name),
            docs: Cow::Borrowed(docs),
            type_id: Some(TypeId::of::<R>()),
            ids: IdKind::of::<R::Id>,
            place,
        }
    }

    /// The descriptor of a resource that is known only at run time, with ids of type `Id`.
    pub fn runtime<Id: ResourceId>(name: impl Into<String>, place: Place) -> Self {
        let (name, docs) = (Cow::Owned(name.into()), Cow::Borrowed(""));
        Self { name, docs, type_id: None, ids: IdKind::of::<Id>, place }
    }

    /// The same, with what is to be said of it in documents of the graph: Markdown, as in a doc comment.
    #[must_use]
    pub fn documented(self, docs: impl Into<String>) -> Self {
        Self { docs: Cow::Owned(docs.into()), ..self }
    }

    /// The stable name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the documents of its type say; may be empty.
    pub fn docs(&self) -> &str {
        &self.docs
    }

    /// Where the resource was declared.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The name of the type of its ids, as the compiler writes it.
    pub fn id_type(&self) -> &'static str {
        ((self.ids)().type_name)()
    }

    /// Whether both describe one resource.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.type_id == other.type_id
            && (self.ids)().type_id == (other.ids)().type_id
    }

    pub(crate) fn has_ids_of<Id: ResourceId>(&self) -> bool {
        (self.ids)().type_id == TypeId::of::<Id>()
    }

    pub(crate) fn new_table(&self) -> Box<dyn IdTable> {
        ((self.ids)().table)()
    }

    /// BatchIds of this resource, serialised.
    #[cfg(feature = "remote")]
    pub(crate) fn write_ids(&self, ids: BatchIds<'_>) -> Result<Vec<serde_json::Value>, serde_json::Error> {
        ((self.ids)().batch.write)(ids)
    }

    #[cfg(feature = "remote")]
    pub(crate) fn read_ids(&self, ids: Vec<serde_json::Value>) -> Result<Batch<'static>, serde_json::Error> {
        ((self.ids)().batch.read)(ids)
    }

    /// The descriptor that `#[derive(Resource)]` wrote as text: package, file, line and name, each on a line, and then the
    /// docs.
    #[inline(never)]
    fn read(text: &'static str, type_id: TypeId, ids: fn() -> IdKind) -> Self {
        let mut parts = text.splitn(5, '\n');
        let mut next = || parts.next().unwrap_or_default();
        let (package, file, line, name, docs) = (next(), next(), next(), next(), next());
        let place = Place::new(package, file, line.parse().unwrap_or_default());
        Self { name: Cow::Borrowed(name), docs: Cow::Borrowed(docs), type_id: Some(type_id), ids, place }
    }

    /// The id at a position as it prints; empty where there is none.
    #[cfg(feature = "remote")]
    pub(crate) fn print_id(&self, ids: &Batch<'_>, position: usize) -> String {
        ((self.ids)().batch.print)(ids, position)
    }
}

impl Debug for ResourceDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.place)
    }
}
