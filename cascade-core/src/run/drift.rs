//! Drift: between the plan and a parent's step, the world moves. Before the step, what hangs off the parent may be
//! looked for again.

/// What a run does about instances that have come to hang off others since the plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Drift {
    /// Nothing: the plan is what runs.
    #[default]
    Ignore,
    /// Look again before each parent's step, and fail the step, with the difference, if something is new. What goes with
    /// its last owner is looked at too: if it has got another one that stays, its step fails.
    Refuse,
    /// Look again before each parent's step; what is new joins the plan, with all that hangs off it, until nothing
    /// new is found. Checks, authorizers and limits hold for the newcomers too. A new owner that stays is refused, and
    /// along a `restrict` edge whatever does not go already.
    Chase,
}

impl Drift {
    const ALL: [Self; 3] = [Self::Ignore, Self::Refuse, Self::Chase];

    /// The stable name, as a journal keeps it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Refuse => "refuse",
            Self::Chase => "chase",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|drift| drift.name() == name)
    }
}
