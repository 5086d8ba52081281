//! An edge of a declaration by hand, with its finders and its rules.

use std::fmt;

use super::declaration::Declaration;
use crate::handler::{FindContext, Found, HandlerFuture};
use crate::ids::ResourceId;
use crate::model::{EdgeParent, Name, Operation, OperationDescriptor, Place, Rule};

impl<E: Send + Sync + 'static, Id: ResourceId> Declaration<E, Id> {
    /// Declares an edge, as [`edge`](Self::edge) does. The finders and the rules of the edge follow in the same expression.
    ///
    /// ```
    /// use cascade_core::prelude::*;
    /// use cascade_core::{Declaration, Found, Outcome, ResourceDescriptor, Rule, place};
    ///
    /// let host = ResourceDescriptor::runtime::<u64>("Host", place!());
    /// let pool = ResourceDescriptor::runtime::<u64>("Pool", place!());
    /// let disk = ResourceDescriptor::runtime::<u64>("Disk", place!());
    /// let mut disks = Declaration::<(), u64>::new("Disks", disk, place!());
    /// disks.effect("wipe", place!(), |(), _disks, _cx| Box::pin(async { Ok(Outcome::done()) }));
    /// disks
    ///     .edge_with(host.clone(), place!())
    ///     .finder("on_hosts", |(), hosts: &[u64], _| {
    ///         Box::pin(async move { Ok(Found::Pairs(hosts.iter().map(|host| (*host, host * 10)).collect())) })
    ///     })
    ///     .on::<Delete>("wipe");
    /// disks
    ///     .edge_with(pool, place!())
    ///     .finder("in_pools", |(), _: &[u64], _| Box::pin(async { Ok(Found::Children(Vec::new())) }))
    ///     .retain::<Delete>()
    ///     .rule(Rule::effect::<Delete>("wipe", place!()).leaf().root(host));
    ///
    /// let descriptor = disks.descriptor();
    /// assert_eq!((descriptor.edges.len(), descriptor.finders.len(), descriptor.rules.len()), (2, 2, 3));
    /// ```
    pub fn edge_with(&mut self, parent: impl Into<EdgeParent>, place: Place) -> DeclaredEdge<'_, E, Id> {
        let parent = parent.into();
        self.edge(parent.clone(), place);
        DeclaredEdge { declaration: self, parent, place }
    }
}

/// An edge of a declaration: adds its finders and its rules. [`Declaration::edge_with`] makes it. What it adds has the place of
/// the edge.
pub struct DeclaredEdge<'d, E, Id: ResourceId> {
    declaration: &'d mut Declaration<E, Id>,
    parent: EdgeParent,
    place: Place,
}

impl<E, Id: ResourceId> fmt::Debug for DeclaredEdge<'_, E, Id> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "edge from {}", self.parent)
    }
}

impl<E: Send + Sync + 'static, Id: ResourceId> DeclaredEdge<'_, E, Id> {
    /// Declares the finder of the edge, for all operations that have no finder of their own. See
    /// [`Declaration::finder`].
    pub fn finder<P, F>(&mut self, method: impl Into<Name>, find: F) -> &mut Self
    where
        P: ResourceId,
        F: for<'a> Fn(&'a E, &'a [P], &'a FindContext) -> HandlerFuture<'a, Found<P, Id>>,
        F: Send + Sync + 'static,
    {
        self.find(method.into(), None, find)
    }

    /// Declares the finder of the edge for the operation `O`.
    pub fn finder_for<O, P, F>(&mut self, method: impl Into<Name>, find: F) -> &mut Self
    where
        O: Operation,
        P: ResourceId,
        F: for<'a> Fn(&'a E, &'a [P], &'a FindContext) -> HandlerFuture<'a, Found<P, Id>>,
        F: Send + Sync + 'static,
    {
        self.find(method.into(), Some(O::DESCRIPTOR), find)
    }

    fn find<P, F>(&mut self, method: Name, operation: Option<OperationDescriptor>, find: F) -> &mut Self
    where
        P: ResourceId,
        F: for<'a> Fn(&'a E, &'a [P], &'a FindContext) -> HandlerFuture<'a, Found<P, Id>>,
        F: Send + Sync + 'static,
    {
        self.declaration.finder(method, self.parent.clone(), operation, self.place, find);
        self
    }

    /// For `O`, the effect runs on instances that are reached along the edge.
    pub fn on<O: Operation>(&mut self, effect: impl Into<Name>) -> &mut Self {
        let rule = Rule::effect::<O>(effect, self.place);
        self.rule(rule)
    }

    /// `O` does not propagate along the edge.
    pub fn ignore<O: Operation>(&mut self) -> &mut Self {
        let rule = Rule::ignore::<O>(self.place);
        self.rule(rule)
    }

    /// For `O`, dependents of the parent stay, and the plan lists them.
    pub fn retain<O: Operation>(&mut self) -> &mut Self {
        let rule = Rule::retain::<O>(self.place);
        self.rule(rule)
    }

    /// `O` is refused while a dependent of the parent exists that is not removed too.
    pub fn restrict<O: Operation>(&mut self) -> &mut Self {
        let rule = Rule::restrict::<O>(self.place);
        self.rule(rule)
    }

    /// For `O`, the instance is removed together with its parent, without a step of its own.
    pub fn with_parent<O: Operation>(&mut self) -> &mut Self {
        let rule = Rule::with_parent::<O>(self.place);
        self.rule(rule)
    }

    /// For `O`, the instance is removed only together with its last owner, without a step of its own.
    pub fn shared<O: Operation>(&mut self) -> &mut Self {
        let rule = Rule::shared::<O>(self.place);
        self.rule(rule)
    }

    /// Declares that the order along the edge may be given up where instances depend on each other in a cycle that nothing
    /// else resolves: the parent then does not wait for the child. A plan lists such a cut, but a run of it does not need
    /// [`allow_cuts`](crate::Apply::allow_cuts). Of the arcs of a cycle, those of such edges are cut first. A fault if the
    /// edge closes no cycle of resources.
    pub fn may_cut(&mut self) -> &mut Self {
        self.declaration.may_cut(self.parent.clone());
        self
    }

    /// Declares that steps of this extension never overlap within a run on instances with the same parent along this edge: see
    /// `exclusive` of [`#[cascade]`](macro@crate::cascade). At most one edge of an extension may be declared so.
    pub fn exclusive(&mut self) -> &mut Self {
        self.declaration.exclusive(self.parent.clone());
        self
    }

    /// Adds a rule for the edge, such as one that is a leaf or holds for some roots. The rule must not name the parent itself:
    /// that would be a fault, because it is then named twice.
    pub fn rule(&mut self, rule: Rule) -> &mut Self {
        self.declaration.rule(rule.from(self.parent.clone()));
        self
    }
}
