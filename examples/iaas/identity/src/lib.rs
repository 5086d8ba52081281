//! What an operation on the cloud does to accounts.

#![forbid(unsafe_code)]

mod account;
