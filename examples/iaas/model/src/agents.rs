//! What has to happen outside of the inventory: on hypervisors, storages and network gear.

mod command;
mod simulated;

use std::fmt;
use std::sync::Arc;

use cascade_core::{Outcome, StepError};
use futures::StreamExt;
use futures::future::BoxFuture;

use crate::id::Id;

pub use command::Command;
pub use simulated::{Simulated, Simulation};

/// For how many ids of one batch commands are under way at once.
const ORDERS_AT_ONCE: usize = 32;

/// Whoever carries commands out. Commands may come twice, and the second must then do nothing.
pub trait CarryOut: Send + Sync + 'static {
    /// Carries out one command.
    fn carry_out<'a>(&'a self, command: &'a Command) -> BoxFuture<'a, Result<(), AgentError>>;
}

/// An agent did not do what it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// It does not answer: another try may help.
    #[error("the agent does not answer to `{command}`")]
    NoAnswer {
        /// What it was told.
        command: Command,
    },
    /// It cannot do that.
    #[error("the agent refuses `{command}`")]
    Refused {
        /// What it was told.
        command: Command,
    },
}

impl AgentError {
    /// What it means for the step: no other try mends a refusal.
    pub fn into_step_error(self) -> StepError {
        match self {
            Self::NoAnswer { .. } => StepError::retryable(self),
            Self::Refused { .. } => StepError::terminal(self),
        }
    }
}

/// The agents. Clones reach the same ones.
#[derive(Clone)]
pub struct Agents {
    agents: Arc<dyn CarryOut>,
}

impl fmt::Debug for Agents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Agents")
    }
}

impl Agents {
    /// A handle on agents.
    pub fn new(agents: impl CarryOut) -> Self {
        Self { agents: Arc::new(agents) }
    }

    /// Carries out one command for each id, several at once.
    pub async fn each<I: Id>(&self, ids: &[I], command: impl Fn(String) -> Command) -> Sent<I> {
        let orders = ids.iter().map(|id| (id.clone(), vec![command(id.as_ref().to_owned())]));
        self.send_all(orders.collect()).await
    }

    /// Carries out the commands of several ids at once, those of one id one after another up to the first that
    /// fails.
    pub async fn send_all<I: Id>(&self, orders: Vec<(I, Vec<Command>)>) -> Sent<I> {
        let answers = futures::stream::iter(orders)
            .map(|(id, commands)| async move { (id, self.send_in_turn(&commands).await) })
            .buffer_unordered(ORDERS_AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        let mut sent = Sent { done: Vec::new(), failed: Vec::new() };
        for (id, answer) in answers {
            match answer {
                Ok(()) => sent.done.push(id),
                Err(error) => sent.failed.push((id, error)),
            }
        }
        sent
    }

    async fn send_in_turn(&self, commands: &[Command]) -> Result<(), AgentError> {
        for command in commands {
            self.agents.carry_out(command).await?;
        }
        Ok(())
    }
}

/// What became of the commands for several ids.
#[derive(Debug)]
#[must_use]
pub struct Sent<I> {
    /// All commands of these were carried out.
    pub done: Vec<I>,
    /// A command of these was not.
    pub failed: Vec<(I, AgentError)>,
}

impl<I> Sent<I> {
    /// These and those.
    pub fn and(mut self, other: Self) -> Self {
        self.done.extend(other.done);
        self.failed.extend(other.failed);
        self
    }

    /// The outcome of a step that stands and falls with these commands.
    pub fn outcome(self) -> Outcome<I> {
        self.failed.into_iter().map(|(id, error)| (id, error.into_step_error())).collect()
    }
}
