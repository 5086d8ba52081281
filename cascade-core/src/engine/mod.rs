//! The engine: the graph with its extensions, and the layers, authorizers, limits and journal that all plans and runs share.

mod authorize;
mod engine;
mod layer;
mod settings;
mod timer;

pub use authorize::{Authorizer, Denial};
pub(crate) use engine::Engine;
pub use layer::{Layer, Next, StepAnswer, StepCall};
pub(crate) use settings::FindSettings;
#[cfg(feature = "remote")]
pub(crate) use timer::Timer;
