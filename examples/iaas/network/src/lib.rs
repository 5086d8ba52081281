//! The extensions of layer-2 and layer-3 networks, IP ranges and tunnels.

#![forbid(unsafe_code)]

mod ip_range;
mod l2_network;
mod l3_network;
mod remote_vtep;
mod sdn_controller;
mod vtep;
