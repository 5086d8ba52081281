//! The untyped part of [`Declaration`](crate::Declaration): not generic, so it is compiled once, in this crate.

use crate::handler::{AnyExtension, Invocation, ReplyResult};
use crate::model::{
    EdgeDeclaration, EffectDeclaration, ExtensionDescriptor, FinderDeclaration, Name, OperationDescriptor,
    Phase, PhaseDeclaration, Place, ResourceDescriptor, StepSettings,
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

    pub(crate) fn edge(&mut self, edge: EdgeDeclaration) {
        self.descriptor.edges.push(edge);
    }

    pub(crate) fn after(&mut self, after: EdgeDeclaration) {
        self.descriptor.after.push(after);
    }

    pub(crate) fn finder(&mut self, declared: FinderDeclaration, method: MethodImpl) {
        self.descriptor.finders.push(declared);
        self.finders.push(method);
    }

    pub(crate) fn effect(&mut self, name: Name, place: Place, method: MethodImpl) {
        let (docs, supersedes) = (Name::default(), Vec::new());
        self.descriptor.effects.push(EffectDeclaration { method: name, docs, supersedes, place });
        self.effects.push(method);
    }

    pub(crate) fn declared_effect(&mut self, effect: &str) -> Option<&mut EffectDeclaration> {
        self.descriptor.effects.iter_mut().find(|declared| declared.method == effect)
    }

    /// Adds a method of a phase. Does nothing for [`Phase::Effect`]: see [`effect`](Self::effect).
    pub(crate) fn phase(&mut self, phase: Phase, declared: PhaseDeclaration, method: MethodImpl) {
        let Some((descriptors, methods)) = self.of_phase(phase) else { return };
        descriptors.push(declared);
        methods.push(method);
    }

    pub(crate) fn only(
        &mut self,
        phase: Phase,
        method: &str,
        operation: &OperationDescriptor,
        effects: impl IntoIterator<Item = impl Into<Name>>,
    ) {
        let Some((declared, _)) = self.of_phase(phase) else { return };
        let is_meant = |declared: &&mut PhaseDeclaration| {
            declared.method == method && declared.operation.is_same(operation)
        };
        if let Some(declared) = declared.iter_mut().find(is_meant) {
            declared.only = effects.into_iter().map(Into::into).collect();
        }
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
