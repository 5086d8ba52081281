//! Agents that only take time, and fail now and then.

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

/// How simulated agents behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulation {
    /// How long a command takes: from half of this to half as much again.
    pub latency: Duration,
    /// How many of the commands fail: from 0 to 1.
    pub failure_rate: f64,
    /// What decides which commands fail and how long each takes: equal seeds, equal behaviour.
    pub seed: u64,
}

/// Simulated agents. Clones are the same agents.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    simulation: Simulation,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How often each command was tried.
    tries: HashMap<Command, u64>,
    /// The commands that were carried out and not asked for since, in order.
    done: Vec<Command>,
    refused: Vec<&'static str>,
    log: Option<File>,
}

impl Simulated {
    /// Agents that behave so.
    pub fn new(simulation: Simulation) -> Self {
        Self { simulation, shared: Arc::default() }
    }

    /// Appends a line to the file for each command that was carried out, before its answer is given. What the
    /// file holds already stays.
    pub fn log_to(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        self.shared().log = Some(file);
        Ok(())
    }

    /// From now on the agents refuse the commands with this [verb](Command::verb).
    pub fn refuse(&self, verb: &'static str) {
        self.shared().refused.push(verb);
    }

    /// The commands that were carried out since the last call, in order.
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
        let Throw { latency, fails } = self.throw(command);
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
            // One write per line: a process that is killed leaves no half of one.
            log.write_all(format!("{command}\n").as_bytes())
                .map_err(|_| AgentError::NoAnswer { command: command.clone() })?;
        }
        shared.done.push(command.clone());
        Ok(())
    }

    /// What chance has in store for this try. It depends on the command, the try and the seed, and not on what
    /// else is going on.
    fn throw(&self, command: &Command) -> Throw {
        let mut hasher = DefaultHasher::new();
        let mut shared = self.shared();
        let tries = shared.tries.entry(command.clone()).or_default();
        *tries += 1;
        (self.simulation.seed, command, *tries).hash(&mut hasher);
        let luck = hasher.finish();
        let (a, b) = (fraction(luck as u32), fraction((luck >> 32) as u32));
        Throw { latency: self.simulation.latency.mul_f64(0.5 + a), fails: b < self.simulation.failure_rate }
    }
}

struct Throw {
    latency: Duration,
    fails: bool,
}

/// A number from 0 to 1, without 1.
fn fraction(random: u32) -> f64 {
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}

impl CarryOut for Simulated {
    fn carry_out<'a>(&'a self, command: &'a Command) -> BoxFuture<'a, Result<(), AgentError>> {
        self.simulate(command).boxed()
    }
}
