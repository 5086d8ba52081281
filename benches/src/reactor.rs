//! A reactor for steps that wait: it wakes all waiting steps after every other task ran, as a runtime's reactor does
//! when answers arrive.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Wakes waiting steps, turn by turn.
#[derive(Debug, Default)]
pub struct Reactor {
    turn: AtomicU64,
    waiting: Mutex<Vec<Waker>>,
}

impl Reactor {
    /// Waits for the next turn.
    pub async fn next_turn(&self) {
        let since = self.turn.load(Ordering::Relaxed);
        poll_fn(|task| {
            if self.turn.load(Ordering::Relaxed) != since {
                return Poll::Ready(());
            }
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(task.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Runs `work`, and wakes the steps that wait in it.
    pub async fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.turns() => match never {},
        }
    }

    async fn turns(&self) -> Infallible {
        loop {
            tokio::task::yield_now().await;
            self.turn.fetch_add(1, Ordering::Relaxed);
            let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}
