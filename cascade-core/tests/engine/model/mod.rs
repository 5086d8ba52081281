//! A reference model of the engine, written from its promises: slow, obvious and sequential.
//!
//! A [`World`](world::World) is a resource graph with rules and instances. [`reference`] says what its plan must be,
//! [`trace`] judges what a run did, [`script`] builds the engine for it, with methods that wait for the test, and
//! [`drive`] lets them go on one by one: the order of completion is the interleaving.

pub(crate) mod drive;
pub(crate) mod reference;
pub(crate) mod script;
pub(crate) mod tape;
pub(crate) mod trace;
pub(crate) mod world;
