//! The interface that a driver implements.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::call::{AuthorizeCall, FindCall, MethodAnswer, MethodCall};
use super::error::RemoteError;
use crate::handler::FoundIds;
use crate::plan::Plan;

/// Has calls of users' methods executed on workers. The engine retries a method with a new call.
pub trait Remote: Send + Sync + 'static {
    /// Calls a finder. The worker retries it, up to the extension's number of retries, because a finder changes
    /// nothing.
    fn find(&self, call: FindCall) -> BoxFuture<'_, Result<FoundIds, RemoteError>>;

    /// Calls a check, begin, effect or cleanup method. `plan` is the plan that the call belongs to; it may have grown since
    /// the previous call.
    fn execute<'a>(
        &'a self,
        plan: &'a Plan,
        call: MethodCall,
    ) -> BoxFuture<'a, Result<MethodAnswer, RemoteError>>;

    /// Calls all authorizers with some instances of `plan`. Returns the denied positions in the call, each with the reason.
    fn authorize<'a>(
        &'a self,
        plan: &'a Plan,
        call: AuthorizeCall,
    ) -> BoxFuture<'a, Result<Vec<(usize, String)>, RemoteError>>;

    /// Waits before the retry of a method.
    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()>;
}
