//! The extensions of accounts.

#![forbid(unsafe_code)]

mod account;
