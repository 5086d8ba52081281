//! Agents that only wait, and sometimes fail.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};

use super::command::Command;
use super::{AgentError, Agents, CarryOut};

/// The behaviour of simulated agents.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulation {
    /// The mean duration of a command; it varies by half of this in both directions.
    pub latency: Duration,
    /// The fraction of commands that fail: from 0 to 1.
    pub failure_rate: f64,
    /// The seed of failures and durations: equal seeds give equal behaviour.
    pub seed: u64,
}

/// Simulated agents. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    simulation: Simulation,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How often each command was attempted.
    attempts: HashMap<Command, u64>,
    /// The carried-out commands since the last call of `take_done`, in order.
    done: Vec<Command>,
    refused: Vec<&'static str>,
    log: Option<File>,
}

impl Simulated {
    /// Agents with this behaviour.
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation, shared: Arc::default() }
    }

    /// Appends a line to the file for each command that was carried out, before it is answered. Existing lines stay.
    pub fn log_to(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        self.shared().log = Some(file);
        Ok(())
    }

    /// From now on, the agents refuse commands with this [verb](Command::verb).
    pub fn refuse(&self, verb: &'static str) {
        self.shared().refused.push(verb);
    }

    /// The carried-out commands since the last call, in order.
    pub fn take_done(&self) -> Vec<Command> {
        std::mem::take(&mut self.shared().done)
    }

    /// A handle on these agents.
    pub fn agents(&self) -> Agents {
        Agents::new(self.clone())
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn simulate(&self, command: &Command) -> Result<(), AgentError> {
        let Attempt { latency, fails } = self.attempt(command);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        if fails {
            return Err(AgentError::NoAnswer { command: command.clone() });
        }
        let mut shared = self.shared();
        if shared.refused.contains(&command.verb()) {
            return Err(AgentError::Refused { command: command.clone() });
        }
        if let Some(log) = &mut shared.log {
            // One write per line, so that a killed process leaves no partial line.
            log.write_all(format!("{command}\n").as_bytes())
                .map_err(|_| AgentError::NoAnswer { command: command.clone() })?;
        }
        shared.done.push(command.clone());
        Ok(())
    }

    /// The result of this attempt. It depends on the command, the attempt and the seed, and not on other commands.
    fn attempt(&self, command: &Command) -> Attempt {
        let mut hasher = DefaultHasher::new();
        let mut shared = self.shared();
        let attempts = shared.attempts.entry(command.clone()).or_default();
        *attempts += 1;
        (self.simulation.seed, command, *attempts).hash(&mut hasher);
        let random = hasher.finish();
        let (a, b) = (fraction(random as u32), fraction((random >> 32) as u32));
        Attempt { latency: self.simulation.latency.mul_f64(0.5 + a), fails: b < self.simulation.failure_rate }
    }
}

struct Attempt {
    latency: Duration,
    fails: bool,
}

/// A number from 0 to 1, excluding 1.
fn fraction(random: u32) -> f64 {
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}

impl CarryOut for Simulated {
    fn carry_out<'a>(&'a self, command: &'a Command) -> BoxFuture<'a, Result<(), AgentError>> {
        self.simulate(command).boxed()
    }
}
