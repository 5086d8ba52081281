//! Agents: they carry out commands outside of the inventory, on hypervisors, storages and network devices.

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

/// The number of ids of one batch whose commands run at once.
const ORDERS_AT_ONCE: usize = 32;

/// Carries out commands. A command may arrive twice; the second time, it must have no effect.
pub trait CarryOut: Send + Sync + 'static {
    /// Carries out one command.
    fn carry_out<'a>(&'a self, command: &'a Command) -> BoxFuture<'a, Result<(), AgentError>>;
}

/// An agent did not carry out a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The agent does not answer: a retry may help.
    #[error("the agent does not answer `{command}`")]
    NoAnswer {
        /// The command.
        command: Command,
    },
    /// The agent cannot carry it out.
    #[error("the agent refuses `{command}`")]
    Refused {
        /// The command.
        command: Command,
    },
}

impl AgentError {
    /// The error of the step: a retry does not help after a refusal.
    pub fn into_step_error(self) -> StepError {
        match self {
            Self::NoAnswer { .. } => StepError::retryable(self),
            Self::Refused { .. } => StepError::terminal(self),
        }
    }
}

/// The agents. Clones share them.
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

    /// Carries out the commands of several ids at once; those of one id run in order, up to the first failure.
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

/// The results of the commands for several ids.
#[derive(Debug)]
#[must_use]
pub struct Sent<I> {
    /// The ids whose commands all succeeded.
    pub done: Vec<I>,
    /// The ids with a failed command.
    pub failed: Vec<(I, AgentError)>,
}

impl<I> Sent<I> {
    /// The union of both.
    pub fn and(mut self, other: Self) -> Self {
        self.done.extend(other.done);
        self.failed.extend(other.failed);
        self
    }

    /// The outcome of a step that consists of these commands.
    pub fn outcome(self) -> Outcome<I> {
        self.failed.into_iter().map(|(id, error)| (id, error.into_step_error())).collect()
    }
}
