//! The duration of a run whose effects sleep, on a clock that jumps to the end of the next sleep: exact and without
//! waiting.
//!
//! Trees are uneven and durations log-normal: most effects are short, a few are very long.

#![expect(clippy::cast_sign_loss, reason = "random values are not negative")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cascade_core::{
    BuildError, Cascade, Declaration, Delete, Drift, Found, Outcome, ResourceDescriptor, Rule, StepSettings,
    place,
};

use crate::Failed;
use crate::measure::expect_equal;

/// The levels of the trees.
const LEVELS: usize = 5;

/// A forest: its instances by level, each with its parent and the duration of its effect.
#[derive(Debug)]
pub struct Forest {
    levels: Vec<Vec<Instance>>,
    removed: AtomicU64,
}

#[derive(Debug)]
struct Instance {
    parent: usize,
    millis: u64,
}

impl Forest {
    /// Creates a forest. Each instance above the last level has zero or more children, drawn from a fixed sequence.
    pub fn new(roots: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut levels: Vec<Vec<Instance>> =
            vec![(0..roots).map(|_| Instance { parent: 0, millis: random.log_normal() }).collect()];
        for level in 1..LEVELS {
            let mut instances = Vec::new();
            for parent in 0..levels[level - 1].len() {
                // The distribution is skewed: half of the instances have at most one child, some have many.
                let children =
                    (random.uniform().powi(4) * 12.0) as usize + usize::from(random.uniform() < 0.5);
                instances.extend((0..children).map(|_| Instance { parent, millis: random.log_normal() }));
            }
            levels.push(instances);
        }
        Self { levels, removed: AtomicU64::new(0) }
    }

    /// The number of instances.
    pub fn len(&self) -> usize {
        self.levels.iter().map(Vec::len).sum()
    }

    /// Always false: there is at least a root.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lower bound of every run: the longest chain from a leaf to a root, and the total work divided by the
    /// concurrency.
    pub fn bound(&self, concurrency: usize) -> Duration {
        let work: u64 = self.levels.iter().flatten().map(|instance| instance.millis).sum();
        let mut below: Vec<u64> = Vec::new();
        for level in (0..self.levels.len()).rev() {
            let mut longest = vec![0; if level > 0 { self.levels[level - 1].len() } else { 1 }];
            below.resize(self.levels[level].len(), 0);
            for (instance, below) in self.levels[level].iter().zip(&below) {
                let parent = if level > 0 { instance.parent } else { 0 };
                longest[parent] = longest[parent].max(below + instance.millis);
            }
            below = longest;
        }
        let critical = below.first().copied().unwrap_or_default();
        Duration::from_millis(critical.max(work.div_ceil(concurrency as u64)))
    }

    /// The duration of a run that finishes each level before it starts the one above, with the next effect on the
    /// first free slot.
    pub fn layer_by_layer(&self, concurrency: usize) -> Duration {
        let mut now = 0;
        for level in self.levels.iter().rev() {
            let mut free: BinaryHeap<Reverse<u64>> = (0..concurrency).map(|_| Reverse(now)).collect();
            for instance in level {
                if let Some(Reverse(at)) = free.pop() {
                    free.push(Reverse(at + instance.millis));
                }
            }
            now = free.into_iter().map(|Reverse(at)| at).max().unwrap_or(now);
        }
        Duration::from_millis(now)
    }

    /// The duration of a run that knows all durations in advance, and gives priority to the longest chain above an
    /// instance. No engine can know that; the value shows the cost of not knowing.
    pub fn foreseen(&self, concurrency: usize) -> Duration {
        let mut above: Vec<Vec<u64>> = Vec::new();
        let mut open: Vec<Vec<usize>> = self.levels.iter().map(|level| vec![0; level.len()]).collect();
        for (level, instances) in self.levels.iter().enumerate() {
            let chain = |instance: &Instance| match level.checked_sub(1) {
                Some(level) => above[level][instance.parent] + instance.millis,
                None => instance.millis,
            };
            let chains = instances.iter().map(chain).collect();
            above.push(chains);
            for instance in instances.iter().filter(|_| level > 0) {
                open[level - 1][instance.parent] += 1;
            }
        }
        let mut ready = BinaryHeap::new();
        for (level, open) in open.iter().enumerate() {
            let leaves = (0..open.len()).filter(|&at| open[at] == 0);
            ready.extend(leaves.map(|at| (above[level][at], level, at)));
        }
        let (mut now, mut running) = (0, BinaryHeap::new());
        loop {
            while running.len() < concurrency
                && let Some((_, level, at)) = ready.pop()
            {
                running.push(Reverse((now + self.levels[level][at].millis, level, at)));
            }
            let Some(Reverse((ended, level, at))) = running.pop() else { return Duration::from_millis(now) };
            now = ended;
            let Some(upper) = level.checked_sub(1) else { continue };
            let parent = self.levels[level][at].parent;
            open[upper][parent] -= 1;
            if open[upper][parent] == 0 {
                ready.push((above[upper][parent], upper, parent));
            }
        }
    }
}

/// The engine with the forest's extensions, one instance in a step.
pub fn cascade(forest: &Arc<Forest>, concurrency: usize) -> Result<Cascade, BuildError> {
    (0..LEVELS)
        .fold(Cascade::builder(), |builder, level| builder.declare(Arc::clone(forest), declaration(level)))
        .concurrency(concurrency)
        .build()
}

fn declaration(level: usize) -> Declaration<Arc<Forest>, u64> {
    let described = |level: usize| ResourceDescriptor::runtime::<u64>(format!("Level{level}"), place!());
    let mut declared = Declaration::new(format!("Levels{level}"), described(level), place!());
    declared.settings(StepSettings::default().batch(1).concurrency(usize::MAX));
    declared.effect("remove", place!(), move |forest: &Arc<Forest>, ids: &[u64], _| {
        let takes = ids.iter().map(|&id| forest.levels[level][id as usize].millis).sum();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(takes)).await;
            forest.removed.fetch_add(1, Ordering::Relaxed);
            Ok(Outcome::done())
        })
    });
    declared.rule(Rule::effect::<Delete>("remove", place!()));
    let Some(above) = level.checked_sub(1) else { return declared };
    declared.edge(described(above), place!());
    declared.finder("find", described(above), None, place!(), move |forest: &Arc<Forest>, parents, _| {
        let instances = forest.levels[level].iter().zip(0..);
        let found = instances.map(|(instance, number)| (instance.parent as u64, number));
        let pairs = found.filter(|(parent, _)| parents.binary_search(parent).is_ok()).collect();
        Box::pin(async { Ok(Found::Pairs(pairs)) })
    });
    declared.rule(Rule::effect::<Delete>("remove", place!()).from(described(above)));
    declared
}

/// The duration of a run by its own clock.
pub fn run(forest: &Arc<Forest>, concurrency: usize) -> Result<Duration, Failed> {
    let cascade = cascade(forest, concurrency)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let roots = (0..forest.levels[0].len()).map(|root| root.to_string());
        let plan = cascade.plan_named(Delete, "Level0", roots).await?;
        expect_equal("instances in the plan", &plan.len(), &forest.len())?;
        let start = tokio::time::Instant::now();
        let report = cascade.apply(plan).drift(Drift::Ignore).await?;
        let took = start.elapsed();
        expect_equal("complete", &report.is_complete(), &true)?;
        expect_equal("effects", &forest.removed.swap(0, Ordering::Relaxed), &(forest.len() as u64))?;
        Ok(took)
    })
}

/// A small generator (`splitmix64`): equal seeds give equal sequences.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Milliseconds with a median of 300 and a long tail: the standard deviation of the logarithm is 1.2.
    fn log_normal(&mut self) -> u64 {
        let (radius, angle) = (1.0 - self.uniform(), self.uniform() * std::f64::consts::TAU);
        let normal = (-2.0 * radius.ln()).sqrt() * angle.cos();
        ((1.2 * normal).exp() * 300.0).ceil() as u64
    }
}
