//! Drift: the world changes between the plan and a step.

/// How a run handles changes of the world since its plan was made.
///
/// Unless it ignores them, the run discovers everything again before the first effect and compares. It then runs the plan of
/// now, if it may. A difference *adds* if an instance is new, gets a further effect, or is removed where it stayed before; it
/// *subtracts* if an instance or an effect is gone. Other parents alone change only the order.
///
/// | mode | adds | subtracts |
/// | --- | --- | --- |
/// | `Refuse`, the default | refused, with the difference and the new plan: see [`ApplyError::Drifted`](crate::ApplyError::Drifted). [`Apply::tolerate`](crate::Apply::tolerate) allows some additions | accepted |
/// | `Exact` | refused | refused |
/// | `Follow` | accepted within the limits, after the checks | accepted |
/// | `Ignore` | not looked for | not looked for |
///
/// [`Report::drift`](crate::Report::drift) has the difference that was accepted. A difference that needs a further cut of a cycle
/// is always refused, unless the run ignores it.
///
/// Before each parent's step the run calls the finders for the dependents of that parent again. `Refuse` and `Exact` fail the
/// step, with the difference, if there is a late dependent. Under `Follow`, late dependents join the plan with everything that
/// depends on them, until no more are found; checks, authorizers and limits hold for them too. A shared child that got another
/// owner, which stays, fails its step in each mode but `Ignore`, and so does, along a `restrict` edge, a dependent that the plan
/// does not remove.
///
/// Instances also depart. In each mode but `Ignore` the run discovers everything again while it is under way: before a step, if the
/// last discovery is older than [`Apply::fresh_for`](crate::Apply::fresh_for). An instance that is not reached any more is left as
/// it is, and so is what was reached only through it: see [`Verdict::Left`](crate::Verdict::Left). An instance that is reached
/// along fewer edges gets only the effects of these edges. An instance is judged only until one of its effects may have begun, in
/// this process or an earlier one: after that, a finder may no longer answer it because of the run's own work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Drift {
    /// Runs the plan as it is. No finder is called again.
    Ignore,
    /// Refuses what adds to the plan, and accepts what subtracts from it.
    #[default]
    Refuse,
    /// Refuses every difference.
    Exact,
    /// Accepts every difference within the limits, and extends the plan during the run.
    #[serde(alias = "chase")]
    Follow,
}

impl Drift {
    const ALL: [Self; 4] = [Self::Ignore, Self::Refuse, Self::Exact, Self::Follow];

    /// The stable name, as a journal keeps it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Refuse => "refuse",
            Self::Exact => "exact",
            Self::Follow => "follow",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        // The name of `Follow` in journals of earlier versions.
        let name = if name == "chase" { "follow" } else { name };
        Self::ALL.into_iter().find(|drift| drift.name() == name)
    }
}
