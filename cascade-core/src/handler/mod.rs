//! Users' methods: their contexts, their arguments and answers, and how one method is called.

mod answer;
mod call;
mod context;
mod dispatch;
mod found;
#[cfg(feature = "remote")]
mod found_ids;
mod nesting;
mod outcome;
mod parents;
mod per_parent;
mod signature;

pub use answer::{Children, IntoFound, IntoOutcome, IntoSurvivors, IntoVetoes, Pairs};
pub use call::HandlerFuture;
#[cfg(feature = "remote")]
pub(crate) use call::begin;
pub(crate) use call::{
    Begun, FirstAttempt, backoff, call_once, catch_panic, first, until_answered, with_timeout,
};
pub(crate) use context::RunContext;
pub use context::{FindContext, StepContext};
pub(crate) use dispatch::Reply;
pub(crate) use dispatch::{
    Answers, AnyExtension, InvocationContext, ReplyKind, begun, typed, unexpected_reply,
};
pub use dispatch::{Invocation, MethodFuture, ReplyResult};
pub(crate) use found::DynFound;
pub use found::Found;
#[cfg(feature = "remote")]
pub use found_ids::FoundIds;
pub(crate) use nesting::Nesting;
pub(crate) use outcome::Positions;
pub use outcome::{NotDone, Outcome, Rows, Veto};
pub(crate) use parents::Parents;
#[cfg(feature = "remote")]
pub(crate) use parents::was_asked;
#[cfg(feature = "remote")]
pub(crate) use per_parent::Ends;
pub use per_parent::PerParent;
pub use signature::{Ids, MethodError, MethodResult, TheEdge, TheOperation};
