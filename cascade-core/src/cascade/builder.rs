//! The builder of a [`Cascade`].

use std::any::type_name;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::cascade::Cascade;
use crate::engine::{Authorizer, Engine, FindSettings, Layer};
use crate::extension::{
    Bound, Declaration, Declare, DynExtension, MissingField, NotProvided, Provided, Registration,
};
use crate::graph::{Graph, extension_order};
use crate::ids::ResourceId;
use crate::journal::Journal;
use crate::model::{BuildError, ExtensionDescriptor, Fault, FaultKind, Place, nearest};
use crate::observe::{Event, Observers};
use crate::plan::Limits;

/// The builder of a [`Cascade`]: its extensions, the values for their fields, and the settings of all plans and runs.
#[must_use = "a builder does nothing until `build` is called"]
pub struct CascadeBuilder {
    registrations: Vec<Registration>,
    extensions: Vec<Box<dyn DynExtension>>,
    provided: Provided,
    faults: Vec<Fault>,
    find: FindSettings,
    concurrency: usize,
    limits: Limits,
    layers: Vec<Arc<dyn Layer>>,
    authorizers: Vec<Arc<dyn Authorizer>>,
    journal: Option<Arc<dyn Journal>>,
    observers: Observers,
}

impl fmt::Debug for CascadeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.registrations.len() + self.extensions.len();
        write!(f, "CascadeBuilder({count} extensions)")
    }
}

impl Cascade {
    /// Returns a builder with every annotated extension that is linked into the program.
    #[cfg(feature = "inventory")]
    pub fn linked() -> CascadeBuilder {
        CascadeBuilder::linked()
    }

    /// Returns a builder without extensions: add them with [`register`](CascadeBuilder::register).
    pub fn builder() -> CascadeBuilder {
        CascadeBuilder::new()
    }
}

impl CascadeBuilder {
    pub(crate) fn new() -> Self {
        Self {
            registrations: Vec::new(),
            extensions: Vec::new(),
            provided: Provided::default(),
            faults: Vec::new(),
            find: FindSettings { batch: 1000, concurrency: 16 },
            concurrency: usize::MAX,
            limits: Limits::none(),
            layers: Vec::new(),
            authorizers: Vec::new(),
            journal: None,
            observers: Observers::default(),
        }
    }

    #[cfg(feature = "inventory")]
    pub(crate) fn linked() -> Self {
        let registrations = crate::extension::linked();
        let fault = registrations.is_empty().then(crate::extension::nothing_linked);
        Self { registrations, faults: fault.into_iter().collect(), ..Self::new() }
    }

    /// Provides a value to the extensions: each field of this type gets a clone of it, unless the field asks for a name.
    ///
    /// Two values of one type need names: see [`provide_named`](Self::provide_named). A second value without a name is a
    /// fault of [`build`](Self::build).
    #[track_caller]
    pub fn provide<T: Clone + Send + Sync + 'static>(self, value: T) -> Self {
        self.put(None, value)
    }

    /// Provides a value under a name: each field of this type with `#[provided(name = "…")]` and the same name gets a clone
    /// of it.
    ///
    /// ```
    /// # use cascade_core::prelude::*;
    /// # #[derive(Clone)] pub struct Db;
    /// # impl Db { fn connect(_: &str) -> Self { Self } }
    /// #[derive(Extension)]
    /// struct InvoiceCascade {
    ///     #[provided(name = "billing")]
    ///     invoices: Db,
    ///     #[provided(name = "archive")]
    ///     archive: Db,
    /// }
    ///
    /// let builder = Cascade::builder()
    ///     .provide_named("billing", Db::connect("billing.example.org"))
    ///     .provide_named("archive", Db::connect("archive.example.org"));
    /// # let _ = builder;
    /// ```
    ///
    /// Two values of one type under one name are a fault of [`build`](Self::build).
    #[track_caller]
    pub fn provide_named<T: Clone + Send + Sync + 'static>(self, name: impl Into<String>, value: T) -> Self {
        self.put(Some(name.into()), value)
    }

    #[track_caller]
    fn put<T: Clone + Send + Sync + 'static>(mut self, name: Option<String>, value: T) -> Self {
        let here = Place::of(Location::caller());
        let shown =
            name.as_ref().map_or_else(|| "without a name".into(), |name| format!("under the name `{name}`"));
        if let Some(earlier) = self.provided.put(name, value) {
            let message = format!("a value of type `{}` is provided twice {shown}", type_name::<T>());
            let help = "provide each value under a name of its own with `.provide_named(…)`, and add \
                        `#[provided(name = \"…\")]` to the fields";
            let fault = Fault::new(FaultKind::ProvidedTwice, message, help);
            self.faults.push(fault.at(here).at(Place::of(earlier)));
        }
        self
    }

    /// Adds an extension value.
    pub fn register<E: Declare>(self, extension: E) -> Self {
        self.declare(extension, E::declare())
    }

    /// Adds an extension value with a declaration that was built at run time, for graphs that are not known at compile time.
    pub fn declare<E, Id>(mut self, extension: E, declaration: Declaration<E, Id>) -> Self
    where
        E: Send + Sync + 'static,
        Id: ResourceId,
    {
        let extension = Arc::new(extension);
        let annotated = declaration.annotated.map(|annotated| annotated(Arc::clone(&extension)));
        let declaration = declaration.untyped;
        self.extensions.push(Box::new(Bound { extension: Some(extension), annotated, declaration }));
        self
    }

    /// The maximum number of parents in one call of a finder, and of instances in one call of an authorizer. Default 1,000;
    /// zero is treated as one, and there is no upper limit. Set it to what one query of the finders may ask about.
    ///
    /// The parents of a call are of one resource, so a call may have fewer. Calls of effects, checks and other methods have
    /// the size that their extension sets, as in `#[cascade(…, batch = 100)]`.
    pub fn finder_batch(mut self, parents: usize) -> Self {
        self.find.batch = parents.max(1);
        self
    }

    /// The maximum number of concurrent calls of finders, checks and authorizers. Default 16; zero is treated as one.
    pub fn finder_concurrency(mut self, calls: usize) -> Self {
        self.find.concurrency = calls.max(1);
        self
    }

    /// The maximum number of concurrent steps of a run, over all extensions. By default, only the limits of the extensions
    /// apply; zero is treated as one.
    pub fn concurrency(mut self, steps: usize) -> Self {
        self.concurrency = steps.max(1);
        self
    }

    /// Limits the size of plans. A run can have other limits: see [`Apply::limits`](crate::Apply::limits).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Wraps every step in `layer`, inside the layers that were added before.
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Asks `authorizer` about every affected instance before anything runs.
    pub fn authorizer(mut self, authorizer: impl Authorizer) -> Self {
        self.authorizers.push(Arc::new(authorizer));
        self
    }

    /// Records every run in `journal`, so that it can be resumed after the process has died: see
    /// [`Cascade::resume`](crate::Cascade::resume). A nested cascade is part of the step that started it, and has no records
    /// of its own.
    pub fn journal(mut self, journal: impl Journal) -> Self {
        self.journal = Some(Arc::new(journal));
        self
    }

    /// Calls `observer` for each event of every plan and run, in their order. While a plan is made, events report how many
    /// instances have been found. Calls are synchronous in the task that plans or runs, so the observer should be quick.
    ///
    /// ```
    /// use cascade_core::{Cascade, Event};
    ///
    /// let builder = Cascade::builder().on_event(|event| {
    ///     if let Event::Found { resource, instances, .. } = event {
    ///         eprintln!("{instances} found, last of {resource}");
    ///     }
    /// });
    /// # let _ = builder;
    /// ```
    pub fn on_event(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observers.add(observer);
        self
    }

    /// Makes the extensions, and builds and validates the graph.
    ///
    /// # Errors
    ///
    /// The error lists all faults at once.
    pub fn build(mut self) -> Result<Cascade, BuildError> {
        let is_empty = self.registrations.is_empty() && self.extensions.is_empty();
        if is_empty && self.faults.is_empty() {
            return Err(BuildError::new(vec![nothing_registered()]));
        }
        let mut descriptors: Vec<ExtensionDescriptor> =
            self.extensions.iter().map(|extension| extension.descriptor().clone()).collect();
        for registration in &self.registrations {
            let descriptor = registration.describe();
            match registration.make(&self.provided) {
                Ok(extension) => self.extensions.push(extension),
                Err(missing) => self.faults.extend(not_provided(&descriptor, &missing)),
            }
            descriptors.push(descriptor);
        }
        match Graph::build(descriptors) {
            Ok(graph) => {
                self.faults.extend(unknown_limits(&graph, &self.limits));
                if self.faults.is_empty() {
                    Ok(self.assemble(graph))
                } else {
                    Err(BuildError::new(self.faults))
                }
            }
            Err(error) => {
                self.faults.extend_from_slice(error.faults());
                Err(BuildError::new(self.faults))
            }
        }
    }

    fn assemble(self, graph: Graph) -> Cascade {
        let Self {
            mut extensions, find, concurrency, limits, layers, authorizers, journal, observers, ..
        } = self;
        extensions.sort_by(|a, b| extension_order(a.descriptor()).cmp(&extension_order(b.descriptor())));
        let graph = Arc::new(graph);
        let engine = Engine {
            graph,
            extensions,
            find,
            concurrency,
            limits,
            layers,
            authorizers,
            journal,
            observers,
            timer: None,
        };
        Cascade { engine: Arc::new(engine), started_by: None }
    }
}

/// The fault of a builder without extensions. [`Cascade::linked`] reports its own.
fn nothing_registered() -> Fault {
    let help = if cfg!(feature = "inventory") {
        "start from `Cascade::linked()` for the extensions that are linked into the program, or add each with \
         `.register(…)`"
    } else {
        "add each extension with `.register(…)`"
    };
    Fault::new(FaultKind::Empty, "the builder has no extension", help)
}

fn not_provided(extension: &ExtensionDescriptor, missing: &NotProvided) -> Vec<Fault> {
    let fault = |missing: &MissingField| {
        let (message, help) = match missing.name {
            None => (String::from("of its type was provided"), help_for_unnamed(missing)),
            Some(name) => (
                format!("of type `{}` was provided under the name `{name}`", missing.type_name),
                help_for_named(missing, name),
            ),
        };
        let message = format!("`{}` has a field `{}`, but no value {message}", extension.name, missing.field);
        Fault::new(FaultKind::NotProvided, message, help).at(extension.place)
    };
    missing.fields().iter().map(fault).collect()
}

fn help_for_unnamed(missing: &MissingField) -> String {
    let type_name = missing.type_name;
    if missing.provided_names.is_empty() {
        return format!("add `.provide(…)` with a value of type `{type_name}` before `.build()`");
    }
    let names: Vec<String> = missing.provided_names.iter().map(|name| format!("`{name}`")).collect();
    format!(
        "values of type `{type_name}` are provided under these names: {}; add `#[provided(name = \"…\")]` to the field, \
         or `.provide(…)` before `.build()`",
        names.join(", ")
    )
}

fn help_for_named(missing: &MissingField, name: &str) -> String {
    match nearest(missing.provided_names.iter().map(String::as_str), name) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("add `.provide_named(\"{name}\", …)` with a value of this type before `.build()`")
        }
    }
}

/// The faults of limits on unknown resources: such a limit would have no effect.
fn unknown_limits(graph: &Graph, limits: &Limits) -> Vec<Fault> {
    let unknown = limits.resources().filter(|name| graph.find_resource(name).is_none());
    unknown
        .map(|name| {
            let message =
                format!("there is a limit on `{name}`, but no linked extension declares this resource");
            let help = match graph.nearest_resource(name) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => String::from("name a resource of the graph"),
            };
            Fault::new(FaultKind::UnknownResource, message, help)
        })
        .collect()
}
