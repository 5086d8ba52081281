//! What guards a run and looks at it: drift, limits, confirmation, authorisation, layers, nested cascades, a monitor.

mod begins;
mod cloud;
mod conformance;
mod drift;
mod layers;
mod limits;
mod looking;
mod monitor;
mod nested;
mod observed;
mod policies;
mod reviewed;
mod scene;
