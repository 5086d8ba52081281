//! The untyped part of [`Declaration`](crate::Declaration): not generic, so it is compiled once, in this crate.

use crate::handler::{AnyExtension, Invocation, ReplyResult};
use crate::model::{
    EdgeDeclaration, EdgeParent, EffectDeclaration, ExtensionDescriptor, FinderDeclaration, LooseCall, Name,
    OneValue, OperationDescriptor, Phase, PhaseDeclaration, Place, ResourceDescriptor, StepSettings,
};

/// The data of a declaration, and its methods in the same order.
pub(crate) struct UntypedDeclaration {
    pub(crate) descriptor: ExtensionDescriptor,
    pub(crate) finders: Vec<MethodImpl>,
    pub(crate) checks: Vec<MethodImpl>,
    pub(crate) effects: Vec<MethodImpl>,
    pub(crate) begins: Vec<MethodImpl>,
    pub(crate) cleanups: Vec<MethodImpl>,
    pub(crate) verifies: Vec<MethodImpl>,
    /// Whether calls add to it, not the items that `#[cascade]` generates.
    pub(crate) by_hand: bool,
    /// What calls have set.
    set: Vec<OneValue>,
}

/// How a method is called.
pub(crate) enum MethodImpl {
    /// By its number, through [`Annotated::call`](super::generated::Annotated::call).
    Annotated(u16),
    ByHand(Box<ByHand>),
}

/// A method that was declared by hand. It downcasts the extension to the type it was declared for.
pub(crate) type ByHand =
    dyn for<'a, 'w> Fn(Option<&'a AnyExtension>, &Invocation<'a, 'w>) -> ReplyResult<'a> + Send + Sync;

impl MethodImpl {
    pub(crate) fn by_hand<F>(method: F) -> Self
    where
        F: for<'a, 'w> Fn(Option<&'a AnyExtension>, &Invocation<'a, 'w>) -> ReplyResult<'a>,
        F: Send + Sync + 'static,
    {
        Self::ByHand(Box::new(method))
    }
}

impl UntypedDeclaration {
    pub(crate) fn new(name: Name, resource: ResourceDescriptor, place: Place) -> Self {
        let descriptor = ExtensionDescriptor {
            name,
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
            by_hand: false,
            loose_calls: Vec::new(),
        };
        Self {
            descriptor,
            finders: Vec::new(),
            checks: Vec::new(),
            effects: Vec::new(),
            begins: Vec::new(),
            cleanups: Vec::new(),
            verifies: Vec::new(),
            by_hand: false,
            set: Vec::new(),
        }
    }

    /// An empty declaration for calls.
    pub(crate) fn by_hand(name: Name, resource: ResourceDescriptor, place: Place) -> Self {
        let mut declaration = Self::new(name, resource, place);
        declaration.by_hand = true;
        declaration.descriptor.by_hand = true;
        declaration
    }

    /// Notes that a call sets `value`, which only one call may do.
    pub(crate) fn set_once(&mut self, value: OneValue) {
        if self.set.contains(&value) {
            self.descriptor.loose_calls.push(LooseCall::Twice(value));
        } else {
            self.set.push(value);
        }
    }

    pub(crate) fn edge(&mut self, parent: EdgeParent, place: Place) {
        let edge = self.plain_edge(parent, place);
        self.descriptor.edges.push(edge);
        self.settle();
    }

    pub(crate) fn after(&mut self, resource: ResourceDescriptor, place: Place) {
        let after = self.plain_edge(resource.into(), place);
        self.descriptor.after.push(after);
    }

    fn plain_edge(&self, parent: EdgeParent, place: Place) -> EdgeDeclaration {
        EdgeDeclaration { parent, place, may_cut: false, exclusive: false, by_hand: self.by_hand }
    }

    pub(crate) fn finder(&mut self, declared: FinderDeclaration, method: MethodImpl) {
        self.descriptor.finders.push(FinderDeclaration { by_hand: self.by_hand, ..declared });
        self.finders.push(method);
    }

    pub(crate) fn effect(&mut self, name: Name, place: Place, method: MethodImpl) {
        let (docs, supersedes, by_hand) = (Name::default(), Vec::new(), self.by_hand);
        self.descriptor.effects.push(EffectDeclaration { method: name, docs, supersedes, place, by_hand });
        self.effects.push(method);
        self.settle();
    }

    pub(crate) fn declared_effect(&mut self, effect: &str) -> Option<&mut EffectDeclaration> {
        self.descriptor.effects.iter_mut().find(|declared| declared.method == effect)
    }

    /// Adds a method of a phase. Does nothing for [`Phase::Effect`]: see [`effect`](Self::effect).
    pub(crate) fn phase(&mut self, phase: Phase, declared: PhaseDeclaration, method: MethodImpl) {
        let by_hand = self.by_hand;
        let Some((descriptors, methods)) = self.of_phase(phase) else { return };
        descriptors.push(PhaseDeclaration { by_hand, ..declared });
        methods.push(method);
        self.settle();
    }

    /// Carries out a call that refers to an edge, an effect or a method, now or when that is declared.
    pub(crate) fn refer(&mut self, call: LooseCall) {
        self.descriptor.loose_calls.push(call);
        self.settle();
    }

    /// Carries out the calls whose edge, effect or method is declared, and keeps the others.
    fn settle(&mut self) {
        let calls = std::mem::take(&mut self.descriptor.loose_calls);
        for call in calls {
            let left = self.carry_out(call);
            self.descriptor.loose_calls.extend(left);
        }
    }

    /// Carries out a call; returns it if what it refers to is not declared.
    fn carry_out(&mut self, call: LooseCall) -> Option<LooseCall> {
        match call {
            LooseCall::EffectDocs { effect, docs } => match self.declared_effect(&effect) {
                Some(declared) => declared.docs = docs,
                None => return Some(LooseCall::EffectDocs { effect, docs }),
            },
            LooseCall::Supersedes { effect, others } => match self.declared_effect(&effect) {
                Some(declared) => declared.supersedes.extend(others),
                None => return Some(LooseCall::Supersedes { effect, others }),
            },
            LooseCall::Only { phase, method, operation, effects } => {
                match self.declared_method(phase, &method, &operation) {
                    Some(declared) => declared.only = effects,
                    None => return Some(LooseCall::Only { phase, method, operation, effects }),
                }
            }
            LooseCall::MayCut { parent } => match self.declared_edge(&parent) {
                Some(edge) => edge.may_cut = true,
                None => return Some(LooseCall::MayCut { parent }),
            },
            LooseCall::Exclusive { parent } => match self.declared_edge(&parent) {
                Some(edge) => edge.exclusive = true,
                None => return Some(LooseCall::Exclusive { parent }),
            },
            LooseCall::Twice(value) => return Some(LooseCall::Twice(value)),
        }
        None
    }

    fn declared_edge(&mut self, parent: &EdgeParent) -> Option<&mut EdgeDeclaration> {
        self.descriptor.edges.iter_mut().find(|edge| edge.parent.is_same(parent))
    }

    fn declared_method(
        &mut self,
        phase: Phase,
        method: &str,
        operation: &OperationDescriptor,
    ) -> Option<&mut PhaseDeclaration> {
        let (declared, _) = self.of_phase(phase)?;
        declared
            .iter_mut()
            .find(|declared| declared.method == method && declared.operation.is_same(operation))
    }

    /// The declarations and the methods of a phase; `None` for [`Phase::Effect`], whose methods are declared
    /// differently.
    pub(crate) fn of_phase(
        &mut self,
        phase: Phase,
    ) -> Option<(&mut Vec<PhaseDeclaration>, &mut Vec<MethodImpl>)> {
        match phase {
            Phase::Check => Some((&mut self.descriptor.checks, &mut self.checks)),
            Phase::Begin => Some((&mut self.descriptor.begins, &mut self.begins)),
            Phase::Cleanup => Some((&mut self.descriptor.cleanups, &mut self.cleanups)),
            Phase::Verify => Some((&mut self.descriptor.verifies, &mut self.verifies)),
            Phase::Effect => None,
        }
    }
}
