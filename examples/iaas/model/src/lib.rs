//! The inventory of a small cloud.
//!
//! The resource types are grouped like the crates with their extensions: [`compute`], [`storage`], [`network`],
//! [`services`], [`identity`]. SQLite stores their rows ([`Db`]); [`Agents`] carry out commands outside of the
//! inventory.

#![forbid(unsafe_code)]

pub mod agents;
pub mod catalogue;
pub mod compute;
mod db;
mod id;
pub mod identity;
pub mod network;
mod operations;
pub mod policy;
mod rows;
pub mod seed;
pub mod services;
pub mod storage;
mod table;
pub mod write;

pub use agents::Agents;
pub use db::{Db, DbError, Overwrite};
pub use id::Id;
pub use operations::{DetachL2Network, DetachPrimaryStorage};
pub use rows::{array, column};
pub use table::Stored;
