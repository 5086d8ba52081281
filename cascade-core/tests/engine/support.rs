//! Small clouds in a few lines: resources with text ids, and effects that record their calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cascade_core::{
    Apply, BuildError, Cascade, CascadeBuilder, Declaration, Delete, Found, Outcome, Plan, PlanError, Report,
    ResourceDescriptor, Rule, StepError, StepSettings, Verdict, place,
};

/// The state that the methods of a cloud share: recorded calls, calls that are to fail or to hang, and links that changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<String>,
    finder_calls: usize,
    failing: BTreeSet<String>,
    leaving: BTreeSet<String>,
    /// Instances that finders answer although an effect has left them, as `Vm vm-1`.
    stay: BTreeSet<String>,
    /// Instances that finders do not answer any more, as `Vm vm-1`.
    elsewhere: BTreeSet<String>,
    hanging: BTreeSet<String>,
    /// The links that finders know in place of the declared ones, by edge.
    links: BTreeMap<Edge, Links>,
    /// The links that a call changes.
    changes: BTreeMap<String, Vec<(Edge, Links)>>,
}

/// The resources of a child and its parent.
type Edge = (String, String);

/// Pairs of parent and child.
type Links = Vec<(String, String)>;

impl Notes {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every call of a method, as `Resource.method id id`.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.lock().calls.clone()
    }

    pub(crate) fn finder_calls(&self) -> usize {
        self.lock().finder_calls
    }

    /// This call never ends: `Vm.stop vm-1`. Without one, all calls end.
    pub(crate) fn hang(&self, call: Option<&str>) {
        self.lock().hanging = call.into_iter().map(str::to_owned).collect();
    }

    /// The finder of the edge knows these links from now on.
    pub(crate) fn relink(&self, child: &str, parent: &str, pairs: &str) {
        self.lock().links.insert((child.to_owned(), parent.to_owned()), parse(pairs));
    }

    /// The same, from this call on.
    pub(crate) fn relink_at(&self, call: &str, child: &str, parent: &str, pairs: &str) {
        let change = ((child.to_owned(), parent.to_owned()), parse(pairs));
        self.lock().changes.entry(call.to_owned()).or_default().push(change);
    }

    fn hangs(&self, method: &str, ids: &[String]) -> bool {
        let inner = self.lock();
        ids.iter().any(|id| inner.hanging.contains(&format!("{method} {id}")))
    }

    fn call(&self, method: &str, ids: &[String]) -> Outcome<String> {
        let mut sorted = ids.to_vec();
        sorted.sort();
        let mut inner = self.lock();
        inner.calls.push(format!("{method} {}", sorted.join(" ")));
        for id in ids {
            let changes = inner.changes.remove(&format!("{method} {id}")).unwrap_or_default();
            inner.links.extend(changes);
        }
        ids.iter().fold(Outcome::done(), |outcome, id| {
            let call = format!("{method} {id}");
            let outcome = if inner.failing.contains(&call) {
                outcome.fail(id.clone(), StepError::terminal("simulated failure"))
            } else {
                outcome
            };
            if !inner.leaving.contains(&call) {
                return outcome;
            }
            let instance = format!("{} {id}", method.split('.').next().unwrap());
            if !inner.stay.contains(&instance) {
                inner.elsewhere.insert(instance);
            }
            outcome.left(id.clone(), "it is elsewhere")
        })
    }
}

/// A resource under declaration.
pub(crate) struct Kind {
    name: String,
    declared: Declaration<Notes, String>,
    effects: BTreeSet<String>,
    edges: BTreeSet<String>,
}

impl Kind {
    fn new(name: &str, extension: &str) -> Self {
        Self {
            name: name.to_owned(),
            declared: Declaration::new(extension.to_owned(), descriptor(name), place!()),
            effects: BTreeSet::new(),
            edges: BTreeSet::new(),
        }
    }

    /// A resource without effects and edges.
    pub(crate) fn bare(name: &str) -> Self {
        Self::new(name, &format!("{name}Cascade"))
    }

    /// The declaration, for methods that this type does not wrap.
    pub(crate) fn declared(&mut self) -> &mut Declaration<Notes, String> {
        &mut self.declared
    }

    /// Declares an effect, unless it is declared already.
    pub(crate) fn effect(&mut self, effect: &str) -> &mut Self {
        if self.effects.insert(effect.to_owned()) {
            let method = format!("{}.{effect}", self.name);
            self.declared.effect(effect.to_owned(), place!(), move |notes: &Notes, ids: &[String], _| {
                let (outcome, hangs) = (notes.call(&method, ids), notes.hangs(&method, ids));
                Box::pin(async move {
                    if hangs {
                        std::future::pending::<()>().await;
                    }
                    Ok(outcome)
                })
            });
        }
        self
    }

    /// The effect on an instance that is itself the root.
    pub(crate) fn root(&mut self, effect: &str) -> &mut Self {
        self.effect(effect);
        self.declared.rule(Rule::effect::<Delete>(effect.to_owned(), place!()));
        self
    }

    /// An edge, with the pairs that its finder knows: `z1>c1 z1>c2`.
    pub(crate) fn edge(&mut self, parent: &str, pairs: &str) -> &mut Self {
        self.edge_answering(parent, pairs, false)
    }

    /// The same, with a finder that names all parents of each child in its answer.
    pub(crate) fn edge_naming_all(&mut self, parent: &str, pairs: &str) -> &mut Self {
        self.edge_answering(parent, pairs, true)
    }

    fn edge_answering(&mut self, parent: &str, pairs: &str, all_parents: bool) -> &mut Self {
        if self.edges.insert(parent.to_owned()) {
            let pairs = parse(pairs);
            let edge = (self.name.clone(), parent.to_owned());
            self.declared.edge(descriptor(parent), place!());
            self.declared.finder(
                format!("under_{parent}"),
                descriptor(parent),
                None,
                place!(),
                move |notes: &Notes, parents: &[String], _| {
                    notes.lock().finder_calls += 1;
                    let mut pairs = notes.lock().links.get(&edge).unwrap_or(&pairs).clone();
                    let is_elsewhere =
                        |child: &String| notes.lock().elsewhere.contains(&format!("{} {child}", edge.0));
                    pairs.retain(|pair| !is_elsewhere(&pair.1));
                    let is_asked = |pair: &&(String, String)| parents.contains(&pair.0);
                    let of_child =
                        |child: &String| pairs.iter().filter(is_asked).any(|pair| pair.1 == *child);
                    let found =
                        pairs.iter().filter(|pair| is_asked(pair) || all_parents && of_child(&pair.1));
                    let found = found.cloned().collect();
                    Box::pin(async { Ok(Found::Pairs(found)) })
                },
            );
        }
        self
    }

    /// An edge along which instances get an effect.
    pub(crate) fn under(&mut self, parent: &str, effect: &str, pairs: &str) -> &mut Self {
        self.effect(effect).under_declared(parent, effect, pairs)
    }

    /// The same, for an effect that is declared already.
    pub(crate) fn under_declared(&mut self, parent: &str, effect: &str, pairs: &str) -> &mut Self {
        self.edge(parent, pairs);
        self.declared.rule(Rule::effect::<Delete>(effect.to_owned(), place!()).from(descriptor(parent)));
        self
    }

    /// An edge along which instances get an effect; the operation stops there.
    pub(crate) fn leaf(&mut self, parent: &str, effect: &str, pairs: &str) -> &mut Self {
        self.effect(effect).edge(parent, pairs);
        let rule = Rule::effect::<Delete>(effect.to_owned(), place!()).from(descriptor(parent));
        self.declared.rule(rule.leaf());
        self
    }

    pub(crate) fn begin(&mut self, method: &str) -> &mut Self {
        let name = format!("{}.{method}", self.name);
        self.declared.begin::<Delete, _>(
            method.to_owned(),
            place!(),
            move |notes: &Notes, ids: &[String], _| {
                let outcome = notes.call(&name, ids);
                Box::pin(async { Ok(outcome) })
            },
        );
        self
    }

    pub(crate) fn cleanup(&mut self, method: &str) -> &mut Self {
        let name = format!("{}.{method}", self.name);
        self.declared.cleanup::<Delete, _>(
            method.to_owned(),
            place!(),
            move |notes: &Notes, ids: &[String], _| {
                let outcome = notes.call(&name, ids);
                Box::pin(async { Ok(outcome) })
            },
        );
        self
    }

    pub(crate) fn settings(&mut self, settings: StepSettings) -> &mut Self {
        self.declared.settings(settings);
        self
    }
}

/// The descriptor of a resource of a cloud.
pub(crate) fn descriptor(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name, place!())
}

fn parse(pairs: &str) -> Links {
    let pair = |pair: &str| {
        let (parent, child) = pair.split_once('>').unwrap();
        (parent.to_owned(), child.to_owned())
    };
    pairs.split_whitespace().map(pair).collect()
}

/// A cloud under declaration.
#[derive(Default)]
pub(crate) struct Cloud {
    notes: Notes,
    kinds: Vec<Kind>,
}

impl Cloud {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn of(kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), ..Self::default() }
    }

    pub(crate) fn kind(mut self, name: &str, declare: impl FnOnce(&mut Kind)) -> Self {
        let mut kind = Kind::bare(name);
        declare(&mut kind);
        self.kinds.push(kind);
        self
    }

    pub(crate) fn addon(mut self, name: &str, declare: impl FnOnce(&mut Kind)) -> Self {
        let mut kind = Kind::new(name, &format!("{name}Addon"));
        kind.declared.addon();
        declare(&mut kind);
        self.kinds.push(kind);
        self
    }

    /// The state that its methods share.
    pub(crate) fn notes(&self) -> Notes {
        self.notes.clone()
    }

    /// The same cloud with state that another cloud has too.
    pub(crate) fn with_notes(self, notes: &Notes) -> Self {
        Self { notes: notes.clone(), ..self }
    }

    /// These calls fail terminally: `Vm.stop vm-1`.
    pub(crate) fn failing(self, calls: &[&str]) -> Self {
        self.notes.lock().failing.extend(calls.iter().map(|call| (*call).to_owned()));
        self
    }

    /// These calls answer that the instance is left: `Vm.stop vm-1`. Finders do not answer it any more.
    pub(crate) fn leaving(self, calls: &[&str]) -> Self {
        self.notes.lock().leaving.extend(calls.iter().map(|call| (*call).to_owned()));
        self
    }

    /// The same, but finders still answer the instance.
    pub(crate) fn leaving_in_place(self, resource: &str, effect: &str, id: &str) -> Self {
        self.notes.lock().stay.insert(format!("{resource} {id}"));
        self.leaving(&[&format!("{resource}.{effect} {id}")])
    }

    pub(crate) fn build(self) -> (Cascade, Notes) {
        self.build_with(|builder| builder)
    }

    pub(crate) fn build_with(self, set: impl FnOnce(CascadeBuilder) -> CascadeBuilder) -> (Cascade, Notes) {
        let notes = self.notes.clone();
        (set(self.builder()).build().unwrap(), notes)
    }

    pub(crate) fn try_build(self) -> Result<Cascade, BuildError> {
        self.builder().build()
    }

    fn builder(self) -> CascadeBuilder {
        let Self { notes, kinds } = self;
        let declare = |builder: CascadeBuilder, kind: Kind| builder.declare(notes.clone(), kind.declared);
        kinds.into_iter().fold(Cascade::builder(), declare)
    }

    /// The plan of deleting these roots: `R r1 r2`.
    pub(crate) fn plan(self, roots: &str) -> Plan {
        let (cascade, _) = self.build();
        block_on(plan(&cascade, roots)).unwrap()
    }

    /// Deletes these roots.
    pub(crate) fn delete(self, roots: &str) -> Deleted {
        self.delete_with(roots, |apply| apply)
    }

    pub(crate) fn delete_with(self, roots: &str, set: impl FnOnce(Apply) -> Apply) -> Deleted {
        let (cascade, notes) = self.build();
        let report = block_on(async {
            let plan = plan(&cascade, roots).await.unwrap();
            set(cascade.apply(plan)).await.unwrap()
        });
        Deleted { report, calls: notes.calls() }
    }
}

/// The plan of deleting these roots: `R r1 r2`.
pub(crate) async fn plan(cascade: &Cascade, roots: &str) -> Result<Plan, PlanError> {
    let mut words = roots.split_whitespace();
    let resource = words.next().unwrap();
    cascade.plan_named(Delete, resource, words).await
}

/// The result of a deletion.
pub(crate) struct Deleted {
    pub(crate) report: Report,
    pub(crate) calls: Vec<String>,
}

impl Deleted {
    /// The verdicts, as `vm-1 done, vm-2 blocked by Host h1`, in the order of resources and discovery.
    pub(crate) fn verdicts(&self) -> Vec<String> {
        let verdict = |verdict: Verdict<'_>| match verdict {
            Verdict::Done => String::from("done"),
            Verdict::Failed(failure) => format!("failed: {failure}"),
            Verdict::Blocked { by } => format!("blocked by {by}"),
            Verdict::NotStarted => String::from("not started"),
            Verdict::Left { .. } => String::from("left"),
            other => panic!("{other:?}"),
        };
        self.report.verdicts().map(|(instance, it)| format!("{instance} {}", verdict(it))).collect()
    }

    /// Asserts that the first call came before the second.
    pub(crate) fn assert_before(&self, first: &str, second: &str) {
        let at = |id: &str| {
            let is_for = |call: &String| call.split_whitespace().skip(1).any(|word| word == id);
            self.calls.iter().position(is_for).unwrap_or_else(|| panic!("no call for {id}: {:?}", self.calls))
        };
        assert!(at(first) < at(second), "{first} before {second}: {:?}", self.calls);
    }
}

/// Runs on one thread, with a clock that jumps to the next timer when no task can continue.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(test)
}
