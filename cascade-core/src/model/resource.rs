//! Resource types and their descriptors.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt;
use std::fmt::Debug;
use std::str::FromStr;

use super::instance_name::InstanceName;
use super::location::Place;
#[cfg(feature = "remote")]
use crate::ids::{Batch, BatchIds};
use crate::ids::{IdKind, IdTable, ResourceId};

/// A resource type, for example `VmInstance`: a node of the resource graph. Derive it where the type is defined.
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
    note = "add `#[derive(cascade_core::Resource)]` and `#[resource(id = …)]` to the definition of the type"
)]
pub trait Resource: 'static {
    /// The id of an instance.
    type Id: ResourceId;
    /// The stable name in journals, plans and reports. Unique in a graph.
    const NAME: &'static str;
    /// The description that the engine works with.
    const DESCRIPTOR: ResourceDescriptor;

    /// The descriptor encoded as one text, which [`descriptor`](Self::descriptor) decodes in optimised builds. If the text is
    /// empty, [`DESCRIPTOR`](Self::DESCRIPTOR) is used.
    #[doc(hidden)]
    const TEXT: &'static str = "";

    /// Reads a printed id with `FromStr`. `#[derive(Resource)]` implements it if the id type has `FromStr`.
    #[doc(hidden)]
    #[inline(never)]
    fn parse_id(_text: &str) -> Option<Self::Id>
    where
        Self: Sized,
    {
        None
    }

    /// The descriptor, from one function per resource instead of a copy of the constant at each use.
    ///
    /// Optimised builds decode it from [`TEXT`](Self::TEXT). As constant data it would hold six pointers, and each needs a
    /// relocation at program start, 32 bytes in size. Other builds return the constant, which compiles fastest.
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

    /// The descriptor, decoded from [`TEXT`](Self::TEXT).
    #[doc(hidden)]
    #[inline]
    fn descriptor_from_text() -> ResourceDescriptor
    where
        Self: Sized,
    {
        ResourceDescriptor::read(Self::TEXT, TypeId::of::<Self>, IdKind::of::<Self::Id>, printed_id::<Self>)
    }

    /// The instances that an operation starts from. A repeated id counts once.
    fn roots<I>(ids: impl IntoIterator<Item = I>) -> Roots<Self>
    where
        I: Into<Self::Id>,
        Self: Sized,
    {
        Roots { ids: ids.into_iter().map(Into::into).collect() }
    }
}

/// The id type of resource `R`.
pub type IdOf<R> = <R as Resource>::Id;

/// The instances of `R` that an operation starts from. [`Resource::roots`] creates it.
pub struct Roots<R: Resource> {
    ids: Vec<R::Id>,
}

impl<R: Resource> Roots<R> {
    /// The ids as given, including repeated ones.
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

/// The description of a resource: its name, its docs, its id type, and where it was declared.
///
/// The name identifies a resource. Two descriptors with the same name describe the same resource if the same type declares
/// both (or both are known only at run time) and their id types are equal. Otherwise [`Graph::build`](crate::Graph::build)
/// reports a fault.
#[derive(Clone)]
pub struct ResourceDescriptor {
    name: Cow<'static, str>,
    docs: Cow<'static, str>,
    /// A function, because `TypeId::of` is `const` only since Rust 1.91.
    type_id: Option<fn() -> TypeId>,
    /// A function, because an `IdKind` would be larger than all other fields together.
    ids: fn() -> IdKind,
    /// Reads a printed id and serialises it: see [`parse_printed`](Self::parse_printed).
    parse: Option<ParsePrinted>,
    place: Place,
}

type ParsePrinted = fn(&str) -> Option<serde_json::Value>;

/// Reads a printed id with `FromStr` and serialises it. `FromStr` may accept more than `Display` prints; here only the
/// printed text counts.
fn printed_id<R: Resource>(text: &str) -> Option<serde_json::Value> {
    serialised(R::parse_id(text)?, text)
}

fn serialised<Id: ResourceId>(id: Id, text: &str) -> Option<serde_json::Value> {
    if id.to_string() == text { serde_json::to_value(id).ok() } else { None }
}

impl ResourceDescriptor {
    /// The descriptor of resource type `R`. `docs` is the doc comment of the type, or empty. `#[derive(Resource)]` calls this.
    pub const fn of<R: Resource>(name: &'static str, docs: &'static str, place: Place) -> Self {
        Self {
            name: Cow::Borrowed(name),
            docs: Cow::Borrowed(docs),
            type_id: Some(TypeId::of::<R>),
            ids: IdKind::of::<R::Id>,
            parse: Some(printed_id::<R>),
            place,
        }
    }

    /// The descriptor of a resource that is known only at run time, with ids of type `Id`.
    pub fn runtime<Id: ResourceId>(name: impl Into<String>, place: Place) -> Self {
        let (name, docs) = (Cow::Owned(name.into()), Cow::Borrowed(""));
        Self { name, docs, type_id: None, ids: IdKind::of::<Id>, parse: None, place }
    }

    /// Reads printed ids with `FromStr`, for a resource that is known only at run time and whose ids are of type `Id`. Needed
    /// only if `Display` prints another text than `Serialize` writes.
    #[must_use]
    pub fn ids_from_str<Id: ResourceId + FromStr>(self) -> Self {
        Self { parse: Some(|text| serialised(text.parse::<Id>().ok()?, text)), ..self }
    }

    /// Sets the docs, which documents of the graph show: Markdown, as in a doc comment.
    #[must_use]
    pub fn documented(self, docs: impl Into<String>) -> Self {
        Self { docs: Cow::Owned(docs.into()), ..self }
    }

    /// The stable name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The doc comment of the type; may be empty.
    pub fn docs(&self) -> &str {
        &self.docs
    }

    /// Where the resource was declared.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The name of the id type, as the compiler prints it.
    pub fn id_type(&self) -> &'static str {
        ((self.ids)().type_name)()
    }

    /// Whether both describe the same resource.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name
            && self.type_id() == other.type_id()
            && (self.ids)().type_id == (other.ids)().type_id
    }

    /// The type that declares the resource; `None` for a resource that is known only at run time.
    fn type_id(&self) -> Option<TypeId> {
        self.type_id.map(|type_id| type_id())
    }

    /// Whether no type declares it.
    pub(crate) fn is_runtime(&self) -> bool {
        self.type_id.is_none()
    }

    pub(crate) fn has_ids_of<Id: ResourceId>(&self) -> bool {
        (self.ids)().type_id == TypeId::of::<Id>()
    }

    /// The id that is printed as `text`, serialised; `None` if there is none, or the type of the ids has no `FromStr`.
    pub(crate) fn parse_printed(&self, text: &str) -> Option<serde_json::Value> {
        self.parse?(text)
    }

    /// The instance with that serialised id. If it is not an id of this resource, its text is that of its JSON.
    pub(crate) fn name_of(&self, id: serde_json::Value) -> InstanceName {
        let mut ids = self.new_table();
        match ids.insert_json(id.clone()) {
            Ok(index) => InstanceName::new(self.name(), id, ids.display(index).to_string()),
            Err(_) => InstanceName::of_json(self.name(), id),
        }
    }

    pub(crate) fn new_table(&self) -> Box<dyn IdTable> {
        ((self.ids)().table)()
    }

    /// Serialises ids of this resource.
    #[cfg(feature = "remote")]
    pub(crate) fn write_ids(&self, ids: BatchIds<'_>) -> Result<Vec<serde_json::Value>, serde_json::Error> {
        ((self.ids)().batch.write)(ids)
    }

    /// Deserialises ids of this resource.
    #[cfg(feature = "remote")]
    pub(crate) fn read_ids(&self, ids: Vec<serde_json::Value>) -> Result<Batch<'static>, serde_json::Error> {
        ((self.ids)().batch.read)(ids)
    }

    /// Decodes a descriptor from the text that `#[derive(Resource)]` generates: package, file, line and name, each on its own
    /// line, followed by the docs.
    #[inline(never)]
    fn read(text: &'static str, type_id: fn() -> TypeId, ids: fn() -> IdKind, parse: ParsePrinted) -> Self {
        let mut parts = text.splitn(5, '\n');
        let mut next = || parts.next().unwrap_or_default();
        let (package, file, line, name, docs) = (next(), next(), next(), next(), next());
        let place = Place::new(package, file, line.parse().unwrap_or_default());
        Self {
            name: Cow::Borrowed(name),
            docs: Cow::Borrowed(docs),
            type_id: Some(type_id),
            ids,
            parse: Some(parse),
            place,
        }
    }

    /// The printed id at `position`; empty if the batch is shorter.
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
