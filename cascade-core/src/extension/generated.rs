//! The interface between the code that `#[cascade]` generates and this crate: for each extension, the declaration as
//! data, and one function that calls its methods.
//!
//! A program has one of these for each extension, so the generated code must be small and quick to compile. The data
//! refers to things by number, because pointers would have to be relocated when the program starts.

use std::sync::Arc;

use super::untyped::{MethodImpl, UntypedDeclaration};
use crate::handler::{Invocation, ReplyResult};
use crate::ids::ResourceId;
use crate::model::{
    Decision, EdgeParent, FinderDeclaration, Name, OneValue, OperationDescriptor, Phase, PhaseDeclaration,
    Place, ResourceDescriptor, Rule, StepSettings,
};

/// An extension under `#[cascade]`. Not part of the public interface.
#[diagnostic::on_unimplemented(
    message = "`{Self}` declares no extension",
    label = "not annotated",
    note = "put `#[cascade(resource = …, edges = […])]` on an `impl {Self}`"
)]
pub trait Annotated: Send + Sync + 'static {
    /// The type of the ids of its resource.
    type Id: ResourceId
    where
        Self: Sized;

    /// Writes the declaration.
    fn declare(writer: &mut DeclarationWriter)
    where
        Self: Sized;

    /// Calls the method with that number in the declaration.
    fn call<'a>(&'a self, method: u16, call: &Invocation<'a, '_>) -> ReplyResult<'a>;
}

/// For extensions that have methods declared by hand, too: these share the value.
impl<E: Annotated> Annotated for Arc<E> {
    type Id = E::Id;

    fn declare(writer: &mut DeclarationWriter) {
        <E as Annotated>::declare(writer);
    }

    fn call<'a>(&'a self, method: u16, call: &Invocation<'a, '_>) -> ReplyResult<'a> {
        E::call(self, method, call)
    }
}

/// An item of a declaration. Methods, resources and operations are named by their numbers. An item without a line adds
/// to the item before it.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "not part of the public interface, and the names of the fields are clear")]
pub enum Item {
    /// The line of the extension.
    At { line: u32 },
    /// An edge to that resource.
    Edge { line: u32, resource: u16 },
    /// The order along the edge may be given up in cycles.
    MayCut,
    /// Steps on instances with the same parent along the edge never overlap.
    Exclusive,
    /// Steps wait until all affected instances of that resource have ended.
    After { line: u32, resource: u16 },
    /// The method is a finder for that edge.
    Finder { line: u32, method: u16, resource: u16 },
    /// The finder is only for that operation.
    ForOperation { operation: u16 },
    /// The method is an effect.
    Effect { line: u32, method: u16 },
    /// The effect supersedes that one.
    Supersedes { method: u16 },
    /// The method runs in that phase of that operation.
    Phase { line: u32, phase: Phase, method: u16, operation: u16 },
    /// The phase method is only for instances with that effect.
    Only { method: u16 },
    /// A rule: that operation runs that effect.
    Runs { line: u32, operation: u16, method: u16 },
    /// A rule: that operation applies that policy.
    Policy { line: u32, operation: u16, policy: Policy },
    /// The rule is for instances that are reached from that resource.
    From { resource: u16 },
    /// The edge, the finder or the parent before it has that role.
    Role { name: u16 },
    /// The rule is for cascades that start at that resource.
    Root { resource: u16 },
    /// The rule does not reach the children of the instance.
    Leaf,
    /// The rule's effect is only for instances that lose their last owner.
    WithLastOwner,
}

/// A policy: a decision that needs no method.
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

/// Collects the declaration that generated code writes.
///
/// Generated code gets it by reference: returning it by value would add code to each extension that drops it on a
/// panic.
#[expect(missing_debug_implementations, reason = "not part of the public interface")]
pub struct DeclarationWriter {
    pub(crate) declaration: UntypedDeclaration,
    names: &'static str,
    resources: Vec<ResourceDescriptor>,
    operations: Vec<OperationDescriptor>,
}

impl DeclarationWriter {
    /// An empty declaration. [`extension`](Self::extension) must be called first.
    pub(crate) fn new() -> Self {
        let no_place = Place::new("", "", 0);
        let no_resource = ResourceDescriptor::runtime::<u64>("", no_place);
        Self {
            declaration: UntypedDeclaration::new(Name::default(), no_resource, no_place),
            names: "",
            resources: Vec::new(),
            operations: Vec::new(),
        }
    }

    /// Begins the declaration. `names` has the names of the package, the extension, the methods and the roles in the
    /// order of their numbers, separated by spaces. `resource` is the resource of the extension and has the number 0.
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

    /// Adds the resource with the next number.
    #[inline(never)]
    pub fn resource(&mut self, resource: fn() -> ResourceDescriptor) {
        self.resources.push(resource());
    }

    /// Adds the operation with the next number.
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

    /// See [`Declaration::effect_docs`](crate::Declaration::effect_docs).
    #[inline(never)]
    pub fn effect_docs(&mut self, method: u16, docs: &'static str) {
        if let Some(effect) = self.name(method).and_then(|name| self.declaration.declared_effect(&name)) {
            effect.docs = docs.into();
        }
    }

    /// Adds these items, in their order.
    #[inline(never)]
    pub fn items(&mut self, items: &[Item]) {
        for (position, item) in items.iter().enumerate() {
            if self.item(*item, &items[..position]).is_none() {
                self.reject(*item);
            }
        }
    }

    /// Makes the graph invalid, because an item cannot be read: without the item, the cascade would reach less than
    /// declared. Adds an edge to a resource that no program has, which is a fault of every graph.
    ///
    /// Cannot occur with the macro of the same version, which generates the numbers.
    #[cold]
    fn reject(&mut self, item: Item) {
        let place = self.declaration.descriptor.place;
        let unknown = format!("{item:?}, which this version of cascade-core cannot read");
        let parent = ResourceDescriptor::runtime::<u64>(unknown, place);
        self.declaration.edge(parent.into(), place);
    }

    /// Adds one item. `None` if it cannot be read.
    fn item(&mut self, item: Item, before: &[Item]) -> Option<()> {
        match item {
            Item::At { line } => self.declaration.descriptor.place.line = line,
            Item::Edge { line, resource } => {
                let (parent, place) = (self.resource_at(resource)?, self.place(line));
                self.declaration.edge(parent.into(), place);
            }
            Item::MayCut => self.declaration.descriptor.edges.last_mut()?.may_cut = true,
            Item::Exclusive => {
                self.declaration.descriptor.edges.last_mut()?.exclusive = true;
                self.declaration.set_once(OneValue::Exclusive);
            }
            Item::After { line, resource } => {
                let (parent, place) = (self.resource_at(resource)?, self.place(line));
                self.declaration.after(parent, place);
            }
            Item::Finder { line, method, resource } => {
                let (name, parent, place) =
                    (self.name(method)?, self.resource_at(resource)?, self.place(line));
                let declared = FinderDeclaration {
                    method: name,
                    parent: parent.into(),
                    operation: None,
                    place,
                    ids_fit: true,
                    by_hand: false,
                };
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
                let declared = PhaseDeclaration::new(self.name(method)?, operation, place);
                self.declaration.phase(phase, declared, MethodImpl::Annotated(method));
            }
            Item::Only { method } => {
                let name = self.name(method)?;
                let is_phase = |item: &&Item| matches!(item, Item::Phase { .. });
                let Some(Item::Phase { phase, .. }) = before.iter().rev().find(is_phase) else { return None };
                self.declaration.of_phase(*phase)?.0.last_mut()?.only.push(name);
            }
            Item::Role { name } => {
                let name = self.name(name)?;
                self.edge_parent_of(before.last()?)?.set_role(name);
            }
            item => self.rule_item(item)?,
        }
        Some(())
    }

    /// The parent end of the edge that the item has added.
    fn edge_parent_of(&mut self, item: &Item) -> Option<&mut EdgeParent> {
        let descriptor = &mut self.declaration.descriptor;
        match item {
            Item::Edge { .. } => Some(&mut descriptor.edges.last_mut()?.parent),
            Item::Finder { .. } => Some(&mut descriptor.finders.last_mut()?.parent),
            Item::From { .. } => descriptor.rules.last_mut()?.from.last_mut(),
            _ => None,
        }
    }

    /// Adds a rule, or adds to the last one. `None` if the item cannot be read.
    fn rule_item(&mut self, item: Item) -> Option<()> {
        let rule = match item {
            Item::Runs { line, operation, method } => {
                let decision = Decision::Effect { effect: self.name(method)?, leaf: false };
                Rule::new(self.operation_at(operation)?, decision, self.place(line))
            }
            Item::Policy { line, operation, policy } => {
                Rule::new(self.operation_at(operation)?, policy.into(), self.place(line))
            }
            item => {
                let rule = self.declaration.descriptor.rules.pop()?;
                match item {
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
    fn an_unreadable_item_is_a_fault_of_the_graph() {
        let built = Cascade::builder().declare(Garbled, <Garbled as Declare>::declare()).build();
        let fault = built.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(fault.contains("From { resource: 7 }, which this version"), "{fault}");
    }

    /// Each method in a program has several items.
    #[test]
    fn an_item_is_small() {
        assert!(size_of::<Item>() <= 12, "{} bytes", size_of::<Item>());
    }
}
