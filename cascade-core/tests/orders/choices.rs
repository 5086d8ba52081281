//! The choices of one execution, and the next execution in depth-first order.

#[derive(Clone, Debug, Default)]
pub(crate) struct Choices {
    /// Each choice, and how many there were.
    taken: Vec<(usize, usize)>,
    at: usize,
}

impl Choices {
    /// Whether no earlier execution was here.
    pub(crate) fn is_new(&self) -> bool {
        self.at == self.taken.len()
    }

    pub(crate) fn choose(&mut self, count: usize) -> usize {
        assert!(count > 0, "there is something to choose");
        if self.is_new() {
            self.taken.push((0, count));
        }
        let (choice, known) = self.taken[self.at];
        assert_eq!(known, count, "equal choices lead to equal states");
        self.at += 1;
        choice
    }

    /// Starts the next execution; `false` if there is none.
    pub(crate) fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, count)) = self.taken.pop() {
            if choice + 1 < count {
                self.taken.push((choice + 1, count));
                return true;
            }
        }
        false
    }
}
