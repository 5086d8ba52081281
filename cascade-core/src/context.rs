//! What a user's method may ask about the cascade it is called in.

use std::sync::Arc;

use crate::error::StepError;
use crate::operation::{AnyOperation, Operation};

/// What a finder may ask: which operation is planned, and where it started.
#[derive(Clone, Debug)]
pub struct FindContext {
    pub(crate) operation: Arc<dyn AnyOperation>,
    pub(crate) root: String,
}

impl FindContext {
    /// The operation, if it is an `O`.
    pub fn operation<O: Operation>(&self) -> Option<&O> {
        self.operation.as_any().downcast_ref()
    }

    /// The name of the resource that the cascade started from.
    pub fn root(&self) -> &str {
        &self.root
    }
}

/// What a check, begin, effect or cleanup method may ask.
#[derive(Clone, Debug)]
pub struct StepContext {
    operation: Arc<dyn AnyOperation>,
}

impl StepContext {
    /// The operation, if it is an `O`.
    pub fn operation<O: Operation>(&self) -> Option<&O> {
        self.operation.as_any().downcast_ref()
    }
}

/// The contexts that know the operation.
#[doc(hidden)]
pub trait OperationContext {
    fn expect_operation<O: Operation>(&self) -> Result<&O, StepError>;
}

impl OperationContext for FindContext {
    fn expect_operation<O: Operation>(&self) -> Result<&O, StepError> {
        self.operation().ok_or_else(|| other_operation::<O>(&*self.operation))
    }
}

impl OperationContext for StepContext {
    fn expect_operation<O: Operation>(&self) -> Result<&O, StepError> {
        self.operation().ok_or_else(|| other_operation::<O>(&*self.operation))
    }
}

fn other_operation<O: Operation>(operation: &dyn AnyOperation) -> StepError {
    let (wanted, got) = (O::DESCRIPTOR.name(), operation.descriptor().name());
    StepError::terminal(format!("the method takes the operation {wanted}, and was called for {got}"))
}
