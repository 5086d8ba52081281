//! Guards and observers of a run: drift, limits, confirmation, authorisation, layers, nested cascades, monitors,
//! events.

mod cloud;
mod combinations;
mod conformance;
mod drift;
mod drift_at_start;
mod failed_begin;
mod layers;
mod limits;
mod monitor;
mod nested;
mod observers;
mod policies;
mod rediscovery;
mod scene;
