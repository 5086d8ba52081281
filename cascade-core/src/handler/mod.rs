//! Users' methods: what they are given, what they answer, and one call of one method.

mod answer;
mod call;
mod context;
mod dispatch;
mod found;
mod found_ids;
mod nesting;
mod outcome;
mod parents;
mod per_parent;
mod signature;

pub use answer::{Children, IntoFound, IntoOutcome, IntoSurvivors, IntoVetoes, Pairs};
pub use call::HandlerFuture;
pub(crate) use call::{Begun, First, begin, contained, delays, first, limited, once, until_answered};
pub use context::{FindContext, StepContext};
pub(crate) use dispatch::Answer;
pub(crate) use dispatch::{AnswerOf, AnyExtension, CallContext, begun, typed, why_refused};
pub use dispatch::{Answered, Call, Called};
pub(crate) use found::DynFound;
pub use found::Found;
pub use found_ids::FoundIds;
pub(crate) use nesting::Nesting;
pub(crate) use outcome::Positions;
pub use outcome::{Outcome, Veto};
pub(crate) use parents::{Parents, was_asked};
pub(crate) use per_parent::Ends;
pub use per_parent::PerParent;
pub use signature::{Ids, MethodError, MethodResult, TheEdge, TheOperation};
