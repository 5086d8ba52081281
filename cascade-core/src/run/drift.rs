//! Drift: the world changes between the plan and a step.

/// How a run handles changes of the world since its plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Drift {
    /// Runs the plan as it is. No finder is called again.
    Ignore,
    /// Refuses additions. Before the first effect the run discovers everything again. It does not start if the plan would
    /// grow: see [`ApplyError::Drifted`](crate::ApplyError::Drifted). Otherwise it runs the plan of now, so that departed
    /// instances stay. Before each parent's step it calls the finders
    /// for the dependents of that parent, and fails the step, with the difference, if there is a late dependent. A shared
    /// child that got another owner, which stays, fails its step too. The default.
    #[default]
    Refuse,
    /// Extends the plan. Before each parent's step the run calls the finders for its dependents; late dependents join the
    /// plan with everything that depends on them, until no more are found. Checks, authorizers and limits hold for them
    /// too. Refused are another owner that stays and, along a `restrict` edge, whatever the plan does not remove.
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
