//! A declaration in the making whose types are told no further: all that [`Declaration`](crate::Declaration) does but
//! to know its types. What `#[cascade]` writes fills one of these, since each type that a method is generic over is
//! compiled anew for every extension of a program.

use crate::adapt::{
    AnyCheck, AnyEffect, AnyFinder, AnyVerify, FinderFns, StepFns, TypedCheck, TypedEffect, TypedFinder,
    TypedVerify, VerifyFns,
};
use crate::declare::{
    EdgeDeclaration, EffectDeclaration, ExtensionDescriptor, FinderDeclaration, Name, Phase,
    PhaseDeclaration, Rule, StepSettings, phase,
};
use crate::operation::{Operation, OperationDescriptor};
use crate::outcome::{Outcome, Veto};
use crate::place::Place;
use crate::resource::{ResourceDescriptor, ResourceId};

/// The data with the methods behind it.
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct UntypedDeclaration {
    pub(crate) descriptor: ExtensionDescriptor,
    pub(crate) finders: Vec<Box<dyn AnyFinder>>,
    pub(crate) checks: Vec<Box<dyn AnyCheck>>,
    pub(crate) effects: Vec<Box<dyn AnyEffect>>,
    pub(crate) begins: Vec<Box<dyn AnyEffect>>,
    pub(crate) cleanups: Vec<Box<dyn AnyEffect>>,
    pub(crate) verifies: Vec<Box<dyn AnyVerify>>,
}

impl UntypedDeclaration {
    /// An empty declaration for `resource`, by whose ids its methods go.
    pub fn new(name: impl Into<Name>, resource: ResourceDescriptor, place: Place) -> Self {
        let descriptor = ExtensionDescriptor {
            name: name.into(),
            docs: Name::default(),
            resource,
            addon: false,
            settings: StepSettings::default(),
            edges: Vec::new(),
            after: Vec::new(),
            finders: Vec::new(),
            effects: Vec::new(),
            rules: Vec::new(),
            checks: Vec::new(),
            begins: Vec::new(),
            cleanups: Vec::new(),
            verifies: Vec::new(),
            place,
            ids_fit: true,
        };
        Self {
            descriptor,
            finders: Vec::new(),
            checks: Vec::new(),
            effects: Vec::new(),
            begins: Vec::new(),
            cleanups: Vec::new(),
            verifies: Vec::new(),
        }
    }

    /// See [`Declaration::docs`](crate::Declaration::docs).
    pub fn docs(&mut self, docs: impl Into<Name>) {
        self.descriptor.docs = docs.into();
    }

    /// See [`Declaration::addon`](crate::Declaration::addon).
    pub fn addon(&mut self) {
        self.descriptor.addon = true;
    }

    /// See [`Declaration::settings`](crate::Declaration::settings).
    pub fn settings(&mut self, settings: StepSettings) {
        self.descriptor.settings = settings;
    }

    /// See [`Declaration::edge`](crate::Declaration::edge).
    pub fn edge(&mut self, parent: ResourceDescriptor, place: Place) {
        self.descriptor.edges.push(EdgeDeclaration { parent, place });
    }

    /// See [`Declaration::after`](crate::Declaration::after).
    pub fn after(&mut self, resource: ResourceDescriptor, place: Place) {
        self.descriptor.after.push(EdgeDeclaration { parent: resource, place });
    }

    /// A finder, by the ids of its parent.
    pub fn finder<P: ResourceId, C: ResourceId, G: 'static, T: 'static, X: 'static>(
        &mut self,
        (method, place): (&'static str, Place),
        (parent, operation): (ResourceDescriptor, Option<OperationDescriptor>),
        (call, these, found, error): FinderFns<P, C, G, T, X>,
    ) {
        let declared = FinderDeclaration { method: method.into(), parent, operation, place, ids_fit: true };
        self.push_finder(
            declared,
            Box::new(TypedFinder::new(
                move |extension, ids, cx| call(extension, these(ids), cx),
                found,
                error,
            )),
        );
    }

    /// A check for `O`.
    pub fn check<O: Operation, Id: ResourceId, G: 'static, T: 'static, X: 'static>(
        &mut self,
        (method, place): (&'static str, Place),
        (call, these, vetoes, error): StepFns<Id, G, Vec<Veto<Id>>, T, X>,
    ) {
        self.push_check(
            phase::<O>(method, place),
            Box::new(TypedCheck::new(
                move |extension, ids, cx| call(extension, these(ids), cx),
                vetoes,
                error,
            )),
        );
    }

    /// A begin method for `O`.
    pub fn begin<O: Operation, Id: ResourceId, G: 'static, T: 'static, X: 'static>(
        &mut self,
        (method, place): (&'static str, Place),
        (call, these, outcome, error): StepFns<Id, G, Outcome<Id>, T, X>,
    ) {
        self.push_begin(
            phase::<O>(method, place),
            Box::new(TypedEffect::new(
                move |extension, ids, cx| call(extension, these(ids), cx),
                outcome,
                error,
            )),
        );
    }

    /// A cleanup method for `O`.
    pub fn cleanup<O: Operation, Id: ResourceId, G: 'static, T: 'static, X: 'static>(
        &mut self,
        (method, place): (&'static str, Place),
        (call, these, outcome, error): StepFns<Id, G, Outcome<Id>, T, X>,
    ) {
        self.push_cleanup(
            phase::<O>(method, place),
            Box::new(TypedEffect::new(
                move |extension, ids, cx| call(extension, these(ids), cx),
                outcome,
                error,
            )),
        );
    }

    /// A verify method for `O`.
    pub fn verify<O: Operation, Id: ResourceId, G: 'static, T: 'static, X: 'static>(
        &mut self,
        (method, place): (&'static str, Place),
        (call, these, survivors, error): VerifyFns<Id, G, T, X>,
    ) {
        self.push_verify(
            phase::<O>(method, place),
            Box::new(TypedVerify::new(
                move |extension, ids, cx| call(extension, these(ids), cx),
                survivors,
                error,
            )),
        );
    }

    /// An effect.
    pub fn effect<Id: ResourceId, G: 'static, T: 'static, X: 'static>(
        &mut self,
        (method, place): (&'static str, Place),
        (call, these, outcome, error): StepFns<Id, G, Outcome<Id>, T, X>,
    ) {
        self.push_effect(
            method.into(),
            place,
            Box::new(TypedEffect::new(
                move |extension, ids, cx| call(extension, these(ids), cx),
                outcome,
                error,
            )),
        );
    }

    /// See [`Declaration::effect_docs`](crate::Declaration::effect_docs).
    pub fn effect_docs(&mut self, effect: &str, docs: impl Into<Name>) {
        if let Some(declared) = self.declared_effect(effect) {
            declared.docs = docs.into();
        }
    }

    /// See [`Declaration::supersedes`](crate::Declaration::supersedes).
    pub fn supersedes(&mut self, effect: &str, others: impl IntoIterator<Item = impl Into<Name>>) {
        if let Some(declared) = self.declared_effect(effect) {
            declared.supersedes.extend(others.into_iter().map(Into::into));
        }
    }

    fn declared_effect(&mut self, effect: &str) -> Option<&mut EffectDeclaration> {
        self.descriptor.effects.iter_mut().find(|declared| declared.method == effect)
    }

    /// See [`Declaration::only`](crate::Declaration::only).
    pub fn only<O: Operation>(
        &mut self,
        phase: Phase,
        method: &str,
        effects: impl IntoIterator<Item = impl Into<Name>>,
    ) {
        let declared = match phase {
            Phase::Check => &mut self.descriptor.checks,
            Phase::Begin => &mut self.descriptor.begins,
            Phase::Cleanup => &mut self.descriptor.cleanups,
            Phase::Verify => &mut self.descriptor.verifies,
            Phase::Effect => return,
        };
        let is_meant =
            |one: &&mut PhaseDeclaration| one.method == method && one.operation.is_same(&O::DESCRIPTOR);
        if let Some(declared) = declared.iter_mut().find(is_meant) {
            declared.only = effects.into_iter().map(Into::into).collect();
        }
    }

    /// See [`Declaration::rule`](crate::Declaration::rule).
    pub fn rule(&mut self, rule: Rule) {
        self.descriptor.rules.push(rule);
    }

    pub(crate) fn push_finder(&mut self, declared: FinderDeclaration, finder: Box<dyn AnyFinder>) {
        self.descriptor.finders.push(declared);
        self.finders.push(finder);
    }

    pub(crate) fn push_check(&mut self, declared: PhaseDeclaration, check: Box<dyn AnyCheck>) {
        self.descriptor.checks.push(declared);
        self.checks.push(check);
    }

    pub(crate) fn push_begin(&mut self, declared: PhaseDeclaration, begin: Box<dyn AnyEffect>) {
        self.descriptor.begins.push(declared);
        self.begins.push(begin);
    }

    pub(crate) fn push_cleanup(&mut self, declared: PhaseDeclaration, cleanup: Box<dyn AnyEffect>) {
        self.descriptor.cleanups.push(declared);
        self.cleanups.push(cleanup);
    }

    pub(crate) fn push_verify(&mut self, declared: PhaseDeclaration, verify: Box<dyn AnyVerify>) {
        self.descriptor.verifies.push(declared);
        self.verifies.push(verify);
    }

    pub(crate) fn push_effect(&mut self, method: Name, place: Place, effect: Box<dyn AnyEffect>) {
        let (docs, supersedes) = (Name::default(), Vec::new());
        self.descriptor.effects.push(EffectDeclaration { method, docs, supersedes, place });
        self.effects.push(effect);
    }
}
