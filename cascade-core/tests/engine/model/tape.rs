//! Choices that proptest picks before a case and the case consumes. An empty tape always picks the first.

/// A list of choices.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    choices: std::collections::VecDeque<u16>,
}

impl Tape {
    pub(crate) fn new(choices: impl IntoIterator<Item = u16>) -> Self {
        Self { choices: choices.into_iter().collect() }
    }

    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        if count <= 1 { 0 } else { usize::from(self.choices.pop_front().unwrap_or(0)) % count }
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in 1..items.len() {
            let other = at - self.below(at + 1);
            items.swap(at, other);
        }
    }
}
