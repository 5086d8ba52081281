//! What `#[cascade]` writes of an extension: its declaration as data, and one function that calls its methods.
//!
//! There is one of these for each extension of a program, and code is what costs the compiler time and the program
//! room. So the data names things by their numbers, where a pointer would have to be relocated when a program starts.

use std::sync::Arc;

use super::untyped::{MethodImpl, UntypedDeclaration};
use crate::handler::{Invocation, ReplyResult};
use crate::ids::ResourceId;
use crate::model::{
    Decision, FinderDeclaration, Name, OperationDescriptor, Phase, PhaseDeclaration, Place,
    ResourceDescriptor, Rule, StepSettings,
};

/// An extension that `#[cascade]` stands on. No part of the public interface.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no extension",
    label = "not annotated",
    note = "put `#[cascade(resource = …, edges = […])]` on an `impl {Self}`"
)]
pub trait Annotated: Send + Sync + 'static {
    /// What names the instances of the resource that it extends.
    type Id: ResourceId
    where
        Self: Sized;

    /// Says what was written.
    fn declare(writer: &mut DeclarationWriter)
    where
        Self: Sized;

    /// Calls the method of that number, as the declaration counts them.
    fn call<'a>(&'a self, method: u16, call: &Invocation<'a, '_>) -> ReplyResult<'a>;
}

/// An extension that methods by hand are called on, too.
impl<E: Annotated> Annotated for Arc<E> {
    type Id = E::Id;

    fn declare(writer: &mut DeclarationWriter) {
        <E as Annotated>::declare(writer);
    }

    fn call<'a>(&'a self, method: u16, call: &Invocation<'a, '_>) -> ReplyResult<'a> {
        E::call(self, method, call)
    }
}

/// A part of a declaration. Methods, resources and operations are named by their numbers. What has no line says more of
/// what stands before it.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "no part of the public interface, and the fields say what they are")]
pub enum Item {
    /// The extension stands on that line.
    At { line: u32 },
    /// An edge to that resource.
    Edge { line: u32, resource: u16 },
    /// Steps wait for that resource.
    After { line: u32, resource: u16 },
    /// The method is a finder for that edge.
    Finder { line: u32, method: u16, resource: u16 },
    /// The finder is asked for that operation alone.
    ForOperation { operation: u16 },
    /// The method is an effect.
    Effect { line: u32, method: u16 },
    /// The effect makes that one needless.
    Supersedes { method: u16 },
    /// The method is of that phase.
    Phase { line: u32, phase: Phase, method: u16, operation: u16 },
    /// In that phase, the method is for instances with that effect.
    Only { method: u16 },
    /// For that operation, the effect that the method is.
    Runs { line: u32, operation: u16, method: u16 },
    /// For that operation, a policy.
    Policy { line: u32, operation: u16, policy: Policy },
    /// The rule is for what comes from that resource.
    From { resource: u16 },
    /// The rule is for cascades that started at that resource.
    Root { resource: u16 },
    /// The cascade goes no further down.
    Leaf,
    /// The rule's effect is for instances all of whose owners go.
    WithLastOwner,
}

/// What needs no code.
#[derive(Clone, Copy, Debug)]
pub enum Policy {
    /// `ignore`
    Ignore,
    /// `retain`
    Retain,
    /// `restrict`
    Restrict,
    /// `with_parent`
    WithParent,
    /// `shared`
    Shared,
}

impl From<Policy> for Decision {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Ignore => Self::Ignore,
            Policy::Retain => Self::Retain,
            Policy::Restrict => Self::Restrict,
            Policy::WithParent => Self::WithParent,
            Policy::Shared => Self::Shared { effect: None },
        }
    }
}

/// A declaration in the making, as it was written. It is lent to who fills it: to give it back would take code that drops
/// it in the middle, wherever that is done.
#[expect(missing_debug_implementations, reason = "no part of the public interface")]
pub struct DeclarationWriter {
    pub(crate) declaration: UntypedDeclaration,
    names: &'static str,
    resources: Vec<ResourceDescriptor>,
    operations: Vec<OperationDescriptor>,
}

impl DeclarationWriter {
    /// What an extension fills.
    pub(crate) fn new() -> Self {
        let nowhere = Place::new("", "", 0);
        let nothing = ResourceDescriptor::runtime::<u64>("", nowhere);
        Self {
            declaration: UntypedDeclaration::new(Name::default(), nothing, nowhere),
            names: "",
            resources: Vec::new(),
            operations: Vec::new(),
        }
    }

    /// Begins. `names` are those of the package, of the extension and of its methods in their order, with spaces between
    /// them; the resource is its own, number 0.
    #[inline(never)]
    pub fn extension(
        &mut self,
        names: &'static str,
        file: &'static str,
        resource: fn() -> ResourceDescriptor,
    ) {
        let mut words = names.split(' ');
        let (package, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        self.declaration = UntypedDeclaration::new(name.into(), resource(), Place::new(package, file, 0));
        self.resources.push(self.declaration.descriptor.resource.clone());
        self.names = names;
    }

    /// The next resource.
    #[inline(never)]
    pub fn resource(&mut self, resource: fn() -> ResourceDescriptor) {
        self.resources.push(resource());
    }

    /// The next operation.
    #[inline(never)]
    pub fn operation(&mut self, operation: fn() -> OperationDescriptor) {
        self.operations.push(operation());
    }

    /// See [`Declaration::docs`](crate::Declaration::docs).
    #[inline(never)]
    pub fn docs(&mut self, docs: &'static str) {
        self.declaration.descriptor.docs = docs.into();
    }

    /// See [`Declaration::addon`](crate::Declaration::addon).
    #[inline(never)]
    pub fn addon(&mut self) {
        self.declaration.descriptor.addon = true;
    }

    /// See [`Declaration::settings`](crate::Declaration::settings).
    #[inline(never)]
    pub fn settings(&mut self, settings: StepSettings) {
        self.declaration.descriptor.settings = settings;
    }

    /// What the author says of the effect that the method is.
    #[inline(never)]
    pub fn effect_docs(&mut self, method: u16, docs: &'static str) {
        if let Some(effect) = self.name(method).and_then(|name| self.declaration.declared_effect(&name)) {
            effect.docs = docs.into();
        }
    }

    /// Takes these parts, in their order.
    #[inline(never)]
    pub fn items(&mut self, parts: &[Item]) {
        for (at, part) in parts.iter().enumerate() {
            if self.part(*part, &parts[..at]).is_none() {
                self.refuse(*part);
            }
        }
    }

    /// A part that names nothing. The numbers are the macro's own, so that there is none; but to leave one out would be a
    /// graph that reaches less than was written. An edge to a resource that no program has is a fault of every graph.
    #[cold]
    fn refuse(&mut self, part: Item) {
        let place = self.declaration.descriptor.place;
        let unknown = format!("{part:?}, which this version of cascade-core cannot read");
        self.declaration.edge(ResourceDescriptor::runtime::<u64>(unknown, place), place);
    }

    fn part(&mut self, part: Item, before: &[Item]) -> Option<()> {
        match part {
            Item::At { line } => self.declaration.descriptor.place.line = line,
            Item::Edge { line, resource } => {
                let (resource, place) = (self.resource_at(resource)?, self.place(line));
                self.declaration.edge(resource, place);
            }
            Item::After { line, resource } => {
                let (resource, place) = (self.resource_at(resource)?, self.place(line));
                self.declaration.after(resource, place);
            }
            Item::Finder { line, method, resource } => {
                let (name, parent, place) =
                    (self.name(method)?, self.resource_at(resource)?, self.place(line));
                let declared =
                    FinderDeclaration { method: name, parent, operation: None, place, ids_fit: true };
                self.declaration.finder(declared, MethodImpl::Annotated(method));
            }
            Item::ForOperation { operation } => {
                let operation = self.operation_at(operation)?;
                self.declaration.descriptor.finders.last_mut()?.operation = Some(operation);
            }
            Item::Effect { line, method } => {
                let (name, place) = (self.name(method)?, self.place(line));
                self.declaration.effect(name, place, MethodImpl::Annotated(method));
            }
            Item::Supersedes { method } => {
                let name = self.name(method)?;
                self.declaration.descriptor.effects.last_mut()?.supersedes.push(name);
            }
            Item::Phase { line, phase, method, operation } => {
                let (operation, place) = (self.operation_at(operation)?, self.place(line));
                let declared =
                    PhaseDeclaration { method: self.name(method)?, operation, only: Vec::new(), place };
                self.declaration.phase(phase, declared, MethodImpl::Annotated(method));
            }
            Item::Only { method } => {
                let name = self.name(method)?;
                let is_phase = |part: &&Item| matches!(part, Item::Phase { .. });
                let Some(Item::Phase { phase, .. }) = before.iter().rev().find(is_phase) else { return None };
                self.declaration.of_phase(*phase)?.0.last_mut()?.only.push(name);
            }
            part => self.part_of_rule(part)?,
        }
        Some(())
    }

    fn part_of_rule(&mut self, part: Item) -> Option<()> {
        let rule = match part {
            Item::Runs { line, operation, method } => {
                let decision = Decision::Effect { effect: self.name(method)?, leaf: false };
                Rule::new(self.operation_at(operation)?, decision, self.place(line))
            }
            Item::Policy { line, operation, policy } => {
                Rule::new(self.operation_at(operation)?, policy.into(), self.place(line))
            }
            part => {
                let rule = self.declaration.descriptor.rules.pop()?;
                match part {
                    Item::From { resource } => rule.from(self.resource_at(resource)?),
                    Item::Root { resource } => rule.root(self.resource_at(resource)?),
                    Item::Leaf => rule.leaf(),
                    Item::WithLastOwner => rule.with_last_owner(),
                    _ => return None,
                }
            }
        };
        self.declaration.descriptor.rules.push(rule);
        Some(())
    }

    fn place(&self, line: u32) -> Place {
        Place { line, ..self.declaration.descriptor.place }
    }

    fn name(&self, method: u16) -> Option<Name> {
        self.names.split(' ').nth(usize::from(method) + 2).map(Name::Borrowed)
    }

    fn resource_at(&self, number: u16) -> Option<ResourceDescriptor> {
        self.resources.get(usize::from(number)).cloned()
    }

    fn operation_at(&self, number: u16) -> Option<OperationDescriptor> {
        self.operations.get(usize::from(number)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{Annotated, DeclarationWriter, Item};
    use crate::handler::{Invocation, ReplyResult};
    use crate::place;
    use crate::{Cascade, Declare, Delete, Operation, Resource, ResourceDescriptor};

    struct Thing;

    impl Resource for Thing {
        type Id = u64;
        const NAME: &'static str = "Thing";
        const DESCRIPTOR: ResourceDescriptor = ResourceDescriptor::of::<Self>(Self::NAME, "", place!());
    }

    struct Garbled;

    impl Annotated for Garbled {
        type Id = u64;

        fn declare(writer: &mut DeclarationWriter) {
            writer.extension("package Garbled touch", file!(), Thing::descriptor);
            writer.operation(Delete::descriptor);
            writer.items(&[
                Item::At { line: 3 },
                Item::Effect { line: 4, method: 0 },
                Item::Runs { line: 4, operation: 0, method: 0 },
                Item::From { resource: 7 },
            ]);
        }

        fn call<'a>(&'a self, _: u16, call: &Invocation<'a, '_>) -> ReplyResult<'a> {
            call.refused()
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_graph() {
        let built = Cascade::builder().declare(Garbled, <Garbled as Declare>::declare()).build();
        let fault = built.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(fault.contains("From { resource: 7 }, which this version"), "{fault}");
    }

    /// Each handler of a program has half a dozen of them.
    #[test]
    fn a_part_is_small() {
        assert!(size_of::<Item>() <= 12, "{} bytes", size_of::<Item>());
    }
}
