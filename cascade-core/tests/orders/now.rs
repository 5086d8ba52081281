//! The instances of a world as they are now, and what changes them.

use std::collections::BTreeSet;

use crate::methods::Step;
use crate::world::{Decision, Id, Link, World};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Now {
    pub(crate) links: BTreeSet<Link>,
    /// The instances that were removed.
    pub(crate) gone: BTreeSet<Id>,
    pub(crate) has_moved: bool,
    pub(crate) has_arrived: bool,
}

impl Now {
    pub(crate) fn of(world: &World) -> Self {
        Self { links: world.links.clone(), ..Self::default() }
    }

    pub(crate) fn may_move(&self, world: &World) -> bool {
        let may_be = |(from, to): (Link, Link)| self.links.contains(&from) && self.may_exist(to);
        !self.has_moved && world.moves.is_some_and(may_be)
    }

    pub(crate) fn may_arrive(&self, world: &World) -> bool {
        !self.has_arrived && world.arrives.is_some_and(|link| self.may_exist(link))
    }

    /// The database refuses a row that refers to one that is gone.
    fn may_exist(&self, link: Link) -> bool {
        !self.links.contains(&link) && !self.gone.contains(link.1) && !self.gone.contains(link.2)
    }

    pub(crate) fn change(&mut self, world: &World, moves: bool, arrives: bool) {
        if let Some((from, to)) = world.moves.filter(|_| moves) {
            self.has_moved = true;
            self.links.remove(&from);
            self.links.insert(to);
        }
        if let Some(link) = world.arrives.filter(|_| arrives) {
            self.has_arrived = true;
            self.links.insert(link);
        }
    }

    /// The effect does its work, unless it has done it already.
    pub(crate) fn act(&mut self, world: &World, step: &mut Step) {
        if step.left.is_some() {
            return;
        }
        let may_act = |&id: &Id| {
            !world.stays.contains(&id)
                && (!world.is_conditional || self.gone.contains(id) || self.is_given(world, step, id))
        };
        let (acted, left): (Vec<Id>, Vec<Id>) = step.ids.iter().copied().partition(may_act);
        for id in acted {
            if world.removes(step.resource, step.effect) {
                self.remove(world, id);
            } else {
                let lets_go = |link: &Link| {
                    link.2 == id && world.edges[link.0].decision == Decision::LetsGo(step.effect)
                };
                self.links.retain(|link| !lets_go(link));
            }
        }
        step.left = Some(left);
    }

    /// Whether a link gives the effect to the instance.
    fn is_given(&self, world: &World, step: &Step, id: Id) -> bool {
        let gives = |link: &Link| link.2 == id && world.edges[link.0].decision.effect() == Some(step.effect);
        world.is_root(id) || self.links.iter().any(gives)
    }

    /// Removes an instance with the children that end with it.
    fn remove(&mut self, world: &World, id: Id) {
        self.gone.insert(id);
        self.links.retain(|link| link.2 != id);
        let below: Vec<Link> = self.links.iter().filter(|link| link.1 == id).copied().collect();
        for link in below {
            let has_other_owner =
                |child: Id| self.links.iter().any(|it| it.0 == link.0 && it.2 == child && it.1 != id);
            match world.edges[link.0].decision {
                Decision::Shared if has_other_owner(link.2) => {
                    self.links.remove(&link);
                }
                Decision::WithParent | Decision::Shared => self.remove(world, link.2),
                // These references are cleared.
                Decision::RemovesWithLastOwner(_) | Decision::Retain => {
                    self.links.remove(&link);
                }
                _ => {}
            }
        }
    }
}
