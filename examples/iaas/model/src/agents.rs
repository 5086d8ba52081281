//! What has to happen outside of the inventory: on hypervisors, storages and network gear.

mod command;
mod simulated;

use std::fmt;
use std::sync::Arc;

use futures::StreamExt;
use futures::future::BoxFuture;

pub use command::Command;
pub use simulated::{Simulated, Simulation};

/// How many commands of one batch are under way at once.
const COMMANDS_AT_ONCE: usize = 32;

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

    /// Carries out one command.
    pub async fn send(&self, command: &Command) -> Result<(), AgentError> {
        self.agents.carry_out(command).await
    }

    /// Carries out the commands, several at once; the keys of those that failed, each with its error.
    pub async fn send_all<K: Send>(
        &self,
        commands: impl IntoIterator<Item = (K, Command), IntoIter: Send>,
    ) -> Vec<(K, AgentError)> {
        let send = async |(key, command): (K, Command)| {
            let error = self.send(&command).await.err()?;
            Some((key, error))
        };
        futures::stream::iter(commands)
            .map(send)
            .buffer_unordered(COMMANDS_AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }
}
