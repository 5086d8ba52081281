//! A reference model of the engine, written from its promises: slow, obvious and sequential.
//!
//! A [`World`](world::World) is a resource graph with rules and instances. [`reference`] computes the expected plan,
//! [`trace`] judges the calls of a run, [`script`] builds an engine whose methods wait for the test, and [`drive`]
//! releases these methods one by one: the order of completion is the interleaving.

pub(crate) mod departures;
pub(crate) mod drive;
pub(crate) mod reference;
pub(crate) mod script;
pub(crate) mod tape;
pub(crate) mod trace;
pub(crate) mod world;
