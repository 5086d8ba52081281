//! What a run knows about the world: when it last discovered everything, and what departed since the plan was made.

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::time::Instant;

use super::with_parent::WithParentChildren;
use crate::affected::{Affected, Begun, Departures, Refreshed};
use crate::discover::refresh;
use crate::engine::Engine;
use crate::ids::{InstanceIx, NodeIx, ResourceIx};
use crate::model::{Mutex, MutexGuard};
use crate::observe::{Event, Observers};
use crate::plan::PlanError;

/// The view of a run. Steps share it; while one of them refreshes it, no other starts.
pub(crate) struct View {
    /// A step starts only if the last refresh is not older. `None` if the run never refreshes.
    fresh_for: Option<Duration>,
    state: RwLock<ViewState>,
    begun: Mutex<Begun>,
    /// The instances that an effect left as they are.
    left: Mutex<HashSet<(ResourceIx, InstanceIx)>>,
}

/// The last refresh.
struct ViewState {
    /// When it started; `None` before the first one.
    at: Option<Instant>,
    took: Duration,
    /// Its result, if something departed. No step starts before the plan has changed accordingly.
    departed: Option<Refreshed>,
}

/// No step may start, because something departed.
#[derive(Debug)]
pub(crate) struct HasDeparted;

/// A step that may start. While it exists, the view is not refreshed.
pub(crate) struct MayStart<'v> {
    view: &'v View,
    _state: RwLockReadGuard<'v, ViewState>,
}

impl View {
    /// `at` is the time of the last discovery of everything.
    pub(crate) fn new(affected: &Affected, fresh_for: Option<Duration>, at: Option<Instant>) -> Self {
        let state = ViewState { at, took: Duration::ZERO, departed: None };
        let (begun, left) = (Mutex::new(Begun::new(affected)), Mutex::default());
        Self { fresh_for, state: RwLock::new(state), begun, left }
    }

    /// The instances on which the run may have begun to act.
    pub(crate) fn begun(&self) -> MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Notes that an effect left an instance as it is.
    pub(crate) fn note_left(&self, resource: ResourceIx, index: InstanceIx) {
        self.lock_left().insert((resource, index));
    }

    /// The instances that an effect left as they are.
    pub(crate) fn left_by_effects(&self) -> HashSet<(ResourceIx, InstanceIx)> {
        self.lock_left().clone()
    }

    fn lock_left(&self) -> MutexGuard<'_, HashSet<(ResourceIx, InstanceIx)>> {
        self.left.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Notes that an effect may have begun on these instances, and so on those that are removed with them.
    pub(crate) fn note_begun(
        &self,
        affected: &Affected,
        with_parent: &WithParentChildren,
        nodes: &[NodeIx],
        is_early: bool,
    ) {
        let mut begun = self.begun();
        for node in with_parent.with_removed_children(nodes) {
            let (resource, index) = affected.locate(node);
            if is_early {
                begun.note_started(resource, index);
            } else {
                begun.note_removing(resource, index);
            }
        }
    }

    /// Waits until a step may start: refreshes the view if it is too old.
    ///
    /// # Errors
    ///
    /// The error of the refresh, or [`HasDeparted`].
    pub(crate) async fn fresh(
        &self,
        engine: &Engine,
        affected: &Affected,
        observers: &Observers,
    ) -> Result<Result<MayStart<'_>, HasDeparted>, PlanError> {
        loop {
            // Mostly the lock is free: then the step starts at its first poll.
            let state = match self.state.try_read() {
                Ok(state) => state,
                Err(_) => self.state.read().await,
            };
            if state.departed.is_some() {
                return Ok(Err(HasDeparted));
            }
            if !self.is_due(&state) {
                return Ok(Ok(MayStart { view: self, _state: state }));
            }
            drop(state);
            let mut state = self.state.write().await;
            if self.is_due(&state) && state.departed.is_none() {
                self.refresh(engine, affected, observers, &mut state).await?;
                if state.departed.is_none() {
                    let state = RwLockWriteGuard::downgrade(state);
                    return Ok(Ok(MayStart { view: self, _state: state }));
                }
            }
        }
    }

    fn is_due(&self, state: &ViewState) -> bool {
        let Some(fresh_for) = self.fresh_for else { return false };
        // Otherwise a slow discovery would leave no time for steps.
        let fresh_for = if fresh_for.is_zero() { fresh_for } else { fresh_for.max(state.took * 2) };
        state.at.is_none_or(|at| at.elapsed() >= fresh_for)
    }

    async fn refresh(
        &self,
        engine: &Engine,
        affected: &Affected,
        observers: &Observers,
        state: &mut ViewState,
    ) -> Result<(), PlanError> {
        observers.notify(|| Event::RefreshStarted);
        let begun = self.begun().clone();
        let at = Instant::now();
        let now = refresh(engine, affected, &begun).await;
        let took = at.elapsed();
        let departures = now.as_ref().ok().and_then(|now| Departures::between(affected, now, &begun));
        let departed = departures.as_ref().map_or(0, |departures| departures.left().count());
        observers.notify(|| Event::RefreshEnded { departed, elapsed: took });
        let now = now?;
        (state.at, state.took) = (Some(at), took);
        state.departed = departures.map(|_| now);
        Ok(())
    }

    /// Takes the result of the refresh in which something departed.
    pub(crate) async fn take_departed(&self) -> Option<Refreshed> {
        self.state.write().await.departed.take()
    }
}

impl MayStart<'_> {
    /// Notes that an effect begins on these instances.
    pub(crate) fn begin(
        self,
        affected: &Affected,
        with_parent: &WithParentChildren,
        nodes: &[NodeIx],
        is_early: bool,
    ) {
        self.view.note_begun(affected, with_parent, nodes, is_early);
    }
}
