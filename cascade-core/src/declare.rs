//! What an extension declares: its edges, finders, rules, effects and phases, with the methods behind them.
//!
//! What `#[cascade]` writes is an implementation of [`Declare`] too; one written by hand is worth the same. The types of
//! ids end here: what the engine sees of an extension is [`DynExtension`](crate::extension::DynExtension).

use std::borrow::Cow;
use std::convert::identity;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::adapt::{Answer, typed};
use crate::annotated::Annotated;
use crate::context::{FindContext, StepContext};
use crate::error::StepError;
use crate::found::Found;
use crate::operation::{Operation, OperationDescriptor};
use crate::outcome::{Outcome, Veto};
use crate::place::Place;
use crate::resource::{ResourceDescriptor, ResourceId};
use crate::untyped::{Method, UntypedDeclaration};

/// What a user's method returns, boxed.
pub type HandlerFuture<'a, T> = BoxFuture<'a, Result<T, StepError>>;

/// A name that is known at compile time or at run time.
pub type Name = Cow<'static, str>;

/// An extension that says what it declares. `#[cascade]` implements it; a graph that is known only at run time
/// builds [`Declaration`]s itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no extension",
    label = "not annotated",
    note = "put `#[cascade(resource = …, edges = […])]` on an `impl {Self}`"
)]
pub trait Declare: Sized + Send + Sync + 'static {
    /// What names the instances of the resource that it extends.
    type Id: ResourceId;

    /// The extension's name and place, its edges, methods and rules.
    fn declare() -> Declaration<Self, Self::Id>;
}

/// How the steps of an extension are packed, limited and tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct StepSettings {
    pub(crate) batch: usize,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retries: u32,
}

impl StepSettings {
    /// Instances in one call, at most. At least 1; 100 unless told.
    pub fn batch(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// Calls of this extension's effects that run at once, at most. At least 1; 10 unless told.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    /// How long one try of one call may take; `None` for as long as it likes. Ten minutes unless told.
    pub fn timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// How often a call is tried again after an error that is not terminal. 0 unless told.
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }
}

impl Default for StepSettings {
    fn default() -> Self {
        Self { batch: 100, concurrency: 10, timeout: Some(Duration::from_mins(10)), retries: 0 }
    }
}

/// An edge: this resource hangs off `parent`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EdgeDeclaration {
    /// The resource that this one hangs off.
    pub parent: ResourceDescriptor,
    /// Where the edge was written.
    pub place: Place,
}

/// A finder: which instances of this resource hang off given parents?
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinderDeclaration {
    /// The method.
    pub method: Name,
    /// The edge it answers for.
    pub parent: ResourceDescriptor,
    /// The operation it is asked for; `None` for all that have no finder of their own.
    pub operation: Option<OperationDescriptor>,
    /// Where it was written.
    pub place: Place,
    pub(crate) ids_fit: bool,
}

/// An effect: what is done to instances of this resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EffectDeclaration {
    /// The method: the effect's name.
    pub method: Name,
    /// What the documents of the method say; may be empty.
    pub docs: Name,
    /// The effects that need not run on an instance that this one runs on.
    pub supersedes: Vec<Name>,
    /// Where it was written.
    pub place: Place,
}

/// What a rule decides: an effect, or a policy that needs no code.
///
/// What becomes of a child that is found along the edge:
///
/// | decision | in the plan | step | goes | what hangs off it | the parent waits for it |
/// | --- | --- | --- | --- | --- | --- |
/// | effect | yes | the effect | yes | looked for | yes |
/// | effect, `leaf` | yes | the effect | no | left alone | yes |
/// | `ignore` | not looked for | | | | |
/// | `retain` | listed only | none | no | left alone | no |
/// | `restrict`, it goes by another rule | by that rule | by that rule | yes | by that rule | yes |
/// | `restrict`, else | no: a veto | none | no | left alone | |
/// | `with_parent` | yes | none | with its parent | looked for | yes |
/// | `shared`, all its owners go | yes | the effect, if the rule has one | yes | looked for | yes |
/// | `shared`, else | listed only | none | no | left alone | |
///
/// The owners of a `shared` child are those along that one edge: an operation that would share it along two is a fault of
/// the graph, for nobody could name the owners of both kinds. An owner that comes between the plan and the run is seen
/// where the run looks again: see [`Drift`](crate::Drift).
///
/// A policy takes nothing away: a child that another rule reaches too gets what that rule brings. What a parent's end
/// takes is done when a parent that takes it is done (along a `shared` edge: all of them). Its other parents, and what
/// comes `after` it, wait for all parents that take it. Where one of these waits for such a parent in turn, that one
/// waits only for what hangs off the child, and the plan lists it among the arcs that close a cycle.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
#[non_exhaustive]
pub enum Decision {
    /// The instance gets the effect of that name.
    Effect {
        /// The method.
        effect: Name,
        /// Whether the cascade goes no further down: the instance stays, and what hangs off it is left alone.
        leaf: bool,
    },
    /// The operation does not go along the edge.
    Ignore,
    /// What hangs off the parent stays, and is listed in the plan.
    Retain,
    /// The operation is refused while anything hangs off the parent that is not going too.
    Restrict,
    /// The parent's end takes the instance: it is in the plan, and has no step of its own.
    WithParent,
    /// The instance goes only with its last owner: by that effect, or without a step of its own.
    ///
    /// The finder names every owner of each child that it finds, also owners that it was not asked about.
    Shared {
        /// The method, if there is a step.
        effect: Option<Name>,
    },
}

impl Decision {
    pub(crate) fn effect(&self) -> Option<&Name> {
        match self {
            Self::Effect { effect, .. } | Self::Shared { effect: Some(effect) } => Some(effect),
            Self::Ignore
            | Self::Retain
            | Self::Restrict
            | Self::WithParent
            | Self::Shared { effect: None } => None,
        }
    }

    /// Whether it says how instances are ordered. What is retained is not waited for, unless another rule takes it.
    pub(crate) fn orders(&self) -> bool {
        *self != Self::Ignore
    }

    /// Whether a parent's end takes the instance, which then has no step of its own.
    pub(crate) fn takes(&self) -> bool {
        matches!(self, Self::WithParent | Self::Shared { effect: None })
    }

    /// Whether the instance goes with its last owner.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared { .. })
    }
}

/// A rule: what an operation does to the instances of this resource, by where it comes from.
#[derive(Clone, Debug)]
#[must_use]
pub struct Rule {
    pub(crate) operation: OperationDescriptor,
    pub(crate) from: Vec<ResourceDescriptor>,
    pub(crate) roots: Vec<ResourceDescriptor>,
    pub(crate) decision: Decision,
    pub(crate) place: Place,
}

impl Rule {
    /// For `O`, the effect of that name. Without [`from`](Self::from) it speaks of an instance that is itself the
    /// root.
    pub fn effect<O: Operation>(effect: impl Into<Name>, place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Effect { effect: effect.into(), leaf: false }, place)
    }

    /// `O` does not go along the edges named with [`from`](Self::from).
    pub fn ignore<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Ignore, place)
    }

    /// For `O`, what hangs off the parents named with [`from`](Self::from) stays, and is listed in the plan.
    pub fn retain<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Retain, place)
    }

    /// `O` is refused while anything hangs off those parents that is not going too.
    pub fn restrict<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Restrict, place)
    }

    /// For `O`, the parent's end takes the instance: it is in the plan, and has no step of its own.
    pub fn with_parent<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::WithParent, place)
    }

    /// For `O`, the instance goes only with its last owner, and has no step of its own.
    pub fn shared<O: Operation>(place: Place) -> Self {
        Self::new(O::DESCRIPTOR, Decision::Shared { effect: None }, place)
    }

    /// The instance gets the rule's effect only if all its owners along the edge go.
    pub fn with_last_owner(mut self) -> Self {
        if let Decision::Effect { effect, .. } = self.decision {
            self.decision = Decision::Shared { effect: Some(effect) };
        }
        self
    }

    pub(crate) fn new(operation: OperationDescriptor, decision: Decision, place: Place) -> Self {
        Self { operation, from: Vec::new(), roots: Vec::new(), decision, place }
    }

    /// The rule is for what comes from `parent`. May be called for several.
    pub fn from(mut self, parent: ResourceDescriptor) -> Self {
        self.from.push(parent);
        self
    }

    /// The rule is only for cascades that started at `root`, and goes before one that does not say so.
    pub fn root(mut self, root: ResourceDescriptor) -> Self {
        self.roots.push(root);
        self
    }

    /// The cascade goes no further down.
    pub fn leaf(mut self) -> Self {
        if let Decision::Effect { leaf, .. } = &mut self.decision {
            *leaf = true;
        }
        self
    }
}

/// The parts of a run that stand around the effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Phase {
    /// Before anything runs: may it?
    Check,
    /// Vetoes done, no effect yet, parents first.
    Begin,
    /// The effects, children first.
    Effect,
    /// After the run, for the instances that went.
    Cleanup,
    /// Once the run has ended, for its receipt: what should have gone, and is still there?
    Verify,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Begin => "begin",
            Self::Effect => "effect",
            Self::Cleanup => "cleanup",
            Self::Verify => "verify",
        }
    }
}

/// A `#[check]`, `#[begin]`, `#[cleanup]` or `#[verify]` method.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PhaseDeclaration {
    /// The method.
    pub method: Name,
    /// The operation it is for.
    pub operation: OperationDescriptor,
    /// Only for instances with one of these effects; empty for the phase's own choice: a check sees all affected
    /// instances, begin, cleanup and verify those that are going.
    pub only: Vec<Name>,
    /// Where it was written.
    pub place: Place,
}

/// What an extension declares, without its methods: what the graph is built from and documents are drawn from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExtensionDescriptor {
    /// The extension's name: that of the annotated type.
    pub name: Name,
    /// What its documents say; may be empty.
    pub docs: Name,
    /// The resource it extends.
    pub resource: ResourceDescriptor,
    /// Whether it only adds edges to a resource that another extension owns.
    pub addon: bool,
    /// How its steps are packed, limited and tried again.
    pub settings: StepSettings,
    /// The edges, as written.
    pub edges: Vec<EdgeDeclaration>,
    /// The resources whose instances must have ended before steps on this one start, though it is not their child.
    pub after: Vec<EdgeDeclaration>,
    /// The finders, as written.
    pub finders: Vec<FinderDeclaration>,
    /// The effects, as written.
    pub effects: Vec<EffectDeclaration>,
    /// The rules, as written.
    pub rules: Vec<Rule>,
    /// The checks, as written.
    pub checks: Vec<PhaseDeclaration>,
    /// The begin methods, as written.
    pub begins: Vec<PhaseDeclaration>,
    /// The cleanup methods, as written.
    pub cleanups: Vec<PhaseDeclaration>,
    /// The verify methods, as written.
    pub verifies: Vec<PhaseDeclaration>,
    /// Where it was written.
    pub place: Place,
    pub(crate) ids_fit: bool,
}

/// A declaration in the making: the data with the methods. `E` is the extension, `Id` names the instances of
/// its resource.
///
/// ```
/// use cascade_core::prelude::*;
/// use cascade_core::{Declaration, Found, Outcome, ResourceDescriptor, Rule, place};
///
/// let disk = ResourceDescriptor::runtime::<u64>("Disk", place!());
/// let host = ResourceDescriptor::runtime::<u64>("Host", place!());
/// let mut disks = Declaration::<(), u64>::new("Disks", disk, place!());
/// disks.edge(host.clone(), place!());
/// disks.finder("on_hosts", host.clone(), None, place!(), |(), hosts: &[u64], _| {
///     Box::pin(async move { Ok(Found::Pairs(hosts.iter().map(|host| (*host, host * 10)).collect())) })
/// });
/// disks.effect("wipe", place!(), |(), _disks, _cx| Box::pin(async { Ok(Outcome::done()) }));
/// disks.rule(Rule::effect::<Delete>("wipe", place!()).from(host));
/// ```
pub struct Declaration<E, Id: ResourceId> {
    pub(crate) untyped: UntypedDeclaration,
    /// What calls the methods that `#[cascade]` stands on, where it does.
    pub(crate) annotated: Option<AsAnnotated<E>>,
    ids: PhantomData<fn() -> Id>,
}

/// The extension as what calls its methods by their numbers.
pub(crate) type AsAnnotated<E> = fn(Arc<E>) -> Box<dyn Annotated>;

impl<E, Id: ResourceId> fmt::Debug for Declaration<E, Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.descriptor().fmt(f)
    }
}

impl<E, Id: ResourceId> Declaration<E, Id> {
    /// The declaration that `#[cascade]` wrote.
    pub(crate) fn annotated(untyped: UntypedDeclaration, annotated: AsAnnotated<E>) -> Self {
        Self { untyped, annotated: Some(annotated), ids: PhantomData }
    }

    /// What is declared so far, without the methods.
    pub fn descriptor(&self) -> &ExtensionDescriptor {
        &self.untyped.descriptor
    }
}

impl<E: Send + Sync + 'static, Id: ResourceId> Declaration<E, Id> {
    /// An empty declaration for `resource`.
    pub fn new(name: impl Into<Name>, resource: ResourceDescriptor, place: Place) -> Self {
        let ids_fit = resource.has_ids_of::<Id>();
        let mut untyped = UntypedDeclaration::new(name.into(), resource, place);
        untyped.descriptor.ids_fit = ids_fit;
        Self { untyped, annotated: None, ids: PhantomData }
    }

    /// What is to be said of the extension in documents of the graph: Markdown, as in a doc comment.
    pub fn docs(&mut self, docs: impl Into<Name>) -> &mut Self {
        self.untyped.descriptor.docs = docs.into();
        self
    }

    /// The extension only adds edges to a resource that another extension owns.
    pub fn addon(&mut self) -> &mut Self {
        self.untyped.descriptor.addon = true;
        self
    }

    /// How steps are packed, limited and tried again.
    pub fn settings(&mut self, settings: StepSettings) -> &mut Self {
        self.untyped.descriptor.settings = settings;
        self
    }

    /// The resource hangs off `parent`.
    pub fn edge(&mut self, parent: ResourceDescriptor, place: Place) -> &mut Self {
        self.untyped.edge(parent, place);
        self
    }

    /// Steps on this resource wait until every affected instance of `resource` has ended, though neither is the
    /// other's child: a credential that must outlive the machines it opens.
    pub fn after(&mut self, resource: ResourceDescriptor, place: Place) -> &mut Self {
        self.untyped.after(resource, place);
        self
    }

    /// The method that says which instances hang off given parents; for one operation, or for all that have no
    /// finder of their own.
    pub fn finder<P, F>(
        &mut self,
        method: impl Into<Name>,
        parent: ResourceDescriptor,
        operation: Option<OperationDescriptor>,
        place: Place,
        find: F,
    ) -> &mut Self
    where
        P: ResourceId,
        F: for<'a> Fn(&'a E, &'a [P], &'a FindContext) -> HandlerFuture<'a, Found<P, Id>>,
        F: Send + Sync + 'static,
    {
        let ids_fit = parent.has_ids_of::<P>();
        let find = Method::by_hand(move |extension, call| {
            let Some((parents, cx)) = call.to_find::<P>() else { return call.refused() };
            let called = find(typed(extension)?, parents, cx);
            Ok(Answer::found(called, identity::<Found<P, Id>>, identity))
        });
        let declared = FinderDeclaration { method: method.into(), parent, operation, place, ids_fit };
        self.untyped.finder(declared, find);
        self
    }

    /// The method that may object before anything runs.
    pub fn check<O, F>(&mut self, method: impl Into<Name>, place: Place, check: F) -> &mut Self
    where
        O: Operation,
        F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Vec<Veto<Id>>>,
        F: Send + Sync + 'static,
    {
        let check = Method::by_hand(move |extension, call| {
            let Some((ids, cx)) = call.to_step() else { return call.refused() };
            call.vetoes(check(typed(extension)?, ids, cx), identity::<Vec<Veto<Id>>>, identity)
        });
        self.untyped.phase(Phase::Check, phase::<O>(method, place), check);
        self
    }

    /// The method that runs after the vetoes and before any effect, parents first.
    pub fn begin<O, F>(&mut self, method: impl Into<Name>, place: Place, begin: F) -> &mut Self
    where
        O: Operation,
        F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Outcome<Id>>,
        F: Send + Sync + 'static,
    {
        self.untyped.phase(Phase::Begin, phase::<O>(method, place), act(begin));
        self
    }

    /// The method that runs after the run, for the instances that went.
    pub fn cleanup<O, F>(&mut self, method: impl Into<Name>, place: Place, cleanup: F) -> &mut Self
    where
        O: Operation,
        F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Outcome<Id>>,
        F: Send + Sync + 'static,
    {
        self.untyped.phase(Phase::Cleanup, phase::<O>(method, place), act(cleanup));
        self
    }

    /// The method that says, for the receipt of a run that has ended, which of the instances that should have gone are
    /// still there: see [`Cascade::verify`](crate::Cascade::verify).
    pub fn verify<O, F>(&mut self, method: impl Into<Name>, place: Place, verify: F) -> &mut Self
    where
        O: Operation,
        F: for<'a> Fn(&'a E, &'a [Id], &'a FindContext) -> HandlerFuture<'a, Vec<Id>>,
        F: Send + Sync + 'static,
    {
        let verify = Method::by_hand(move |extension, call| {
            let Some((ids, cx)) = call.to_find() else { return call.refused() };
            call.survivors(verify(typed(extension)?, ids, cx), identity::<Vec<Id>>, identity)
        });
        self.untyped.phase(Phase::Verify, phase::<O>(method, place), verify);
        self
    }

    /// An effect: a method that acts on instances. Rules name it.
    pub fn effect<F>(&mut self, method: impl Into<Name>, place: Place, effect: F) -> &mut Self
    where
        F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Outcome<Id>>,
        F: Send + Sync + 'static,
    {
        self.untyped.effect(method.into(), place, act(effect));
        self
    }

    /// What is to be said of an effect in documents of the graph.
    ///
    /// An `effect` that is not declared is left out.
    pub fn effect_docs(&mut self, effect: &str, docs: impl Into<Name>) -> &mut Self {
        if let Some(declared) = self.untyped.declared_effect(effect) {
            declared.docs = docs.into();
        }
        self
    }

    /// On an instance that gets `effect`, the effects `others` need not run.
    ///
    /// An `effect` that is not declared is left out here and reported where the graph is built.
    pub fn supersedes(
        &mut self,
        effect: &str,
        others: impl IntoIterator<Item = impl Into<Name>>,
    ) -> &mut Self {
        if let Some(declared) = self.untyped.declared_effect(effect) {
            declared.supersedes.extend(others.into_iter().map(Into::into));
        }
        self
    }

    /// In that phase of `O`, the method of that name is only for instances with one of these effects.
    pub fn only<O: Operation>(
        &mut self,
        phase: Phase,
        method: &str,
        effects: impl IntoIterator<Item = impl Into<Name>>,
    ) -> &mut Self {
        self.untyped.only(phase, (method, &O::DESCRIPTOR), effects);
        self
    }

    /// What an operation does, by where it comes from.
    pub fn rule(&mut self, rule: Rule) -> &mut Self {
        self.untyped.descriptor.rules.push(rule);
        self
    }
}

/// A method that acts, behind the types of its extension and its ids.
fn act<E, Id, F>(act: F) -> Method
where
    E: Send + Sync + 'static,
    Id: ResourceId,
    F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Outcome<Id>>,
    F: Send + Sync + 'static,
{
    Method::by_hand(move |extension, call| {
        let Some((ids, cx)) = call.to_step() else { return call.refused() };
        call.outcome(act(typed(extension)?, ids, cx), identity::<Outcome<Id>>, identity)
    })
}

fn phase<O: Operation>(method: impl Into<Name>, place: Place) -> PhaseDeclaration {
    PhaseDeclaration { method: method.into(), operation: O::DESCRIPTOR, only: Vec::new(), place }
}
