//! What an extension declares: its edges, finders, rules, effects and phases, with the methods behind them.
//!
//! What `#[cascade]` writes is an implementation of [`Declare`] too; one written by hand is worth the same. The types of
//! ids end here: what the engine sees of an extension is [`DynExtension`](super::bound::DynExtension).

use std::convert::identity;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::generated::{Annotated, DeclarationWriter};
use super::untyped::{MethodImpl, UntypedDeclaration};
use crate::handler::{FindContext, Found, HandlerFuture, Outcome, Reply, StepContext, Veto, typed};
use crate::ids::ResourceId;
use crate::model::{
    ExtensionDescriptor, FinderDeclaration, Name, Operation, OperationDescriptor, Phase, PhaseDeclaration,
    Place, ResourceDescriptor, Rule, StepSettings,
};

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
        let find = MethodImpl::by_hand(move |extension, call| {
            let Some((parents, cx)) = call.to_find::<P>() else { return call.refused() };
            let called = find(typed(extension)?, parents, cx);
            Ok(Reply::found(called, identity::<Found<P, Id>>, identity))
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
        let check = MethodImpl::by_hand(move |extension, call| {
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
        let verify = MethodImpl::by_hand(move |extension, call| {
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
fn act<E, Id, F>(act: F) -> MethodImpl
where
    E: Send + Sync + 'static,
    Id: ResourceId,
    F: for<'a> Fn(&'a E, &'a [Id], &'a StepContext) -> HandlerFuture<'a, Outcome<Id>>,
    F: Send + Sync + 'static,
{
    MethodImpl::by_hand(move |extension, call| {
        let Some((ids, cx)) = call.to_step() else { return call.refused() };
        call.outcome(act(typed(extension)?, ids, cx), identity::<Outcome<Id>>, identity)
    })
}

fn phase<O: Operation>(method: impl Into<Name>, place: Place) -> PhaseDeclaration {
    PhaseDeclaration { method: method.into(), operation: O::DESCRIPTOR, only: Vec::new(), place }
}

#[diagnostic::do_not_recommend]
impl<E: Annotated> Declare for E {
    type Id = E::Id;

    fn declare() -> Declaration<Self, Self::Id> {
        let mut writer = DeclarationWriter::new();
        <E as Annotated>::declare(&mut writer);
        Declaration::annotated(writer.declaration, |extension| Box::new(extension))
    }
}
