//! A [`Cascade`] in the making.

use std::fmt;
use std::sync::Arc;

use crate::authorize::Authorizer;
use crate::cascade::Cascade;
use crate::declare::{Declaration, Declare, ExtensionDescriptor};
use crate::discover::FindSettings;
use crate::engine::Engine;
use crate::event::{Event, Observers};
use crate::extension::{Bound, DynExtension};
use crate::fault::{BuildError, Fault, FaultKind};
use crate::graph::{Graph, extension_order};
use crate::journal::Journal;
use crate::layer::Layer;
use crate::limits::Limits;
use crate::provide::{NotProvided, Provided};
use crate::registration::Registration;
use crate::resource::ResourceId;

/// A [`Cascade`] in the making: extensions, what they are provided with, and what holds for every run.
#[must_use = "nothing is checked until it is built"]
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
        let registrations = crate::registration::linked();
        let nothing = registrations.is_empty().then(crate::graph::nothing_linked);
        Self { registrations, faults: nothing.into_iter().collect(), ..Self::new() }
    }

    /// Provides a value to the extensions: every field of this type gets a clone of it.
    pub fn provide<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.provided.insert(value);
        self
    }

    /// Adds an extension that is already made.
    pub fn register<E: Declare>(self, extension: E) -> Self {
        self.declare(extension, E::declare())
    }

    /// Adds an extension with a declaration of its own: for graphs that are known only at run time.
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

    /// Parents in one call of a finder, at most. 1,000 unless told; zero counts as one.
    pub fn finder_batch(mut self, parents: usize) -> Self {
        self.find.batch = parents.max(1);
        self
    }

    /// Calls of finders, checks and authorizers at once, at most. 16 unless told; zero counts as one.
    pub fn finder_concurrency(mut self, calls: usize) -> Self {
        self.find.concurrency = calls.max(1);
        self
    }

    /// Steps at once over all extensions, at most. No limit unless told, beside those of the extensions; zero counts
    /// as one.
    pub fn concurrency(mut self, steps: usize) -> Self {
        self.concurrency = steps.max(1);
        self
    }

    /// How much a plan may touch. A run can be given other limits: see [`Apply::limits`](crate::Apply::limits).
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Puts code around every step, inside the layers that were added before.
    pub fn layer(mut self, layer: impl Layer) -> Self {
        self.layers.push(Arc::new(layer));
        self
    }

    /// Asks `authorizer` about every affected instance before anything runs.
    pub fn authorizer(mut self, authorizer: impl Authorizer) -> Self {
        self.authorizers.push(Arc::new(authorizer));
        self
    }

    /// Keeps every run in `journal`, so that it survives the death of the process: see
    /// [`Cascade::resume`](crate::Cascade::resume). Cascades that methods start are part of their step, and are not kept
    /// by themselves.
    pub fn journal(mut self, journal: impl Journal) -> Self {
        self.journal = Some(Arc::new(journal));
        self
    }

    /// Tells `observer` what happens in every plan and run, in the order it happens: while a plan is made, how much has
    /// been found. It is called in the task that plans or runs, so it should be quick.
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

    /// Makes the extensions, and builds and checks the graph. The error lists all faults.
    pub fn build(mut self) -> Result<Cascade, BuildError> {
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

fn not_provided(extension: &ExtensionDescriptor, missing: &NotProvided) -> Vec<Fault> {
    let fault = |&(field, type_name): &(&str, &str)| {
        let message =
            format!("`{}` has a field `{field}`, and no value of its type was provided", extension.name);
        let help = format!("add `.provide(…)` with a value of type `{type_name}` before `.build()`");
        Fault::new(FaultKind::NotProvided, message, help).at(extension.place)
    };
    missing.fields().iter().map(fault).collect()
}

/// A limit on a resource that is not there would protect nothing.
fn unknown_limits(graph: &Graph, limits: &Limits) -> Vec<Fault> {
    let unknown = limits.resources().filter(|name| graph.find_resource(name).is_none());
    unknown
        .map(|name| {
            let message = format!("there is a limit on `{name}`, which no linked extension declares");
            let help = match graph.nearest_resource(name) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => String::from("name a resource of the graph"),
            };
            Fault::new(FaultKind::UnknownResource, message, help)
        })
        .collect()
}
