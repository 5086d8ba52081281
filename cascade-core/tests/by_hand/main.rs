//! Declarations by hand lose nothing: each mistake is a fault, the order of calls does not matter, and methods may ask about
//! resources by name.

#![forbid(unsafe_code)]

mod declared;
mod edges;
mod faults;
mod named;
mod order;
mod places;
