//! The interface of a driver.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::call::{AuthorizeCall, FindCall, MethodAnswer, MethodCall};
use super::error::RemoteError;
use crate::handler::FoundIds;
use crate::plan::Plan;

/// Who has calls of users' methods carried out. Each is made in full: retries of methods are calls of their own.
pub trait Remote: Send + Sync + 'static {
    /// Asks a finder. Up to the extension's number of retries, the other side tries again by itself: finding changes
    /// nothing.
    fn find(&self, call: FindCall) -> BoxFuture<'_, Result<FoundIds, RemoteError>>;

    /// Calls a check, begin, effect or cleanup method once. `plan` is the plan that it is called for, which may have
    /// grown since the call before.
    fn execute<'a>(
        &'a self,
        plan: &'a Plan,
        call: MethodCall,
    ) -> BoxFuture<'a, Result<MethodAnswer, RemoteError>>;

    /// Asks all authorizers about some instances of `plan`. Answers the positions that are denied, each with the reason.
    fn authorize<'a>(
        &'a self,
        plan: &'a Plan,
        call: AuthorizeCall,
    ) -> BoxFuture<'a, Result<Vec<(usize, String)>, RemoteError>>;

    /// Waits before another try of a method.
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()>;
}
