//! The policies on edges: each row of the table in the documentation of `Decision` has a test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cascade_core::prelude::*;
use cascade_core::{Declaration, FailurePolicy, Found, ResourceDescriptor, Rule, Verdict, place};

/// Owners whose children have the policy under test; children have leaves.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Owner;
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Child;
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Leaf;
/// Another parent of children, with an ordinary rule.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Other;
/// The parent of owners and others.
#[derive(Debug, Resource)]
#[resource(id = String)]
pub(crate) struct Top;

#[derive(Clone, Default)]
struct Scene {
    /// Pairs of parent and child, by edge (`Owner>Child`).
    tables: BTreeMap<&'static str, Vec<(&'static str, &'static str)>>,
    fails: Option<&'static str>,
    log: Arc<Mutex<Vec<String>>>,
}

type Scenery = Declaration<Scene, String>;

fn finder(declaration: &mut Scenery, name: &'static str, parent: &ResourceDescriptor, shared: bool) {
    declaration.edge(parent.clone(), place!());
    declaration.finder("find", parent.clone(), None, place!(), move |scene, parents: &[String], _| {
        Box::pin(async move {
            let table = scene.tables.get(name).cloned().unwrap_or_default();
            let asked = |parent: &str| parents.iter().any(|it| it == parent);
            let of_asked = |child: &str| table.iter().any(|(parent, it)| *it == child && asked(parent));
            let wanted = |(parent, child): &&(&str, &str)| asked(parent) || (shared && of_asked(child));
            let found = table.iter().filter(wanted);
            Ok(Found::Pairs(found.map(|(parent, child)| ((*parent).into(), (*child).into())).collect()))
        })
    });
}

fn extension<R: Resource>(name: &'static str) -> Scenery {
    let mut declaration = Scenery::new(name, R::DESCRIPTOR, place!());
    declaration.effect("remove", place!(), |scene: &Scene, ids, _| {
        Box::pin(async move {
            scene.log.lock().expect("no thread panics while it holds the lock").extend(ids.iter().cloned());
            let failed = ids.iter().filter(|id| Some(id.as_str()) == scene.fails);
            Ok(failed.map(|id| (id.clone(), StepError::terminal("no"))).collect())
        })
    });
    declaration.rule(Rule::effect::<Delete>("remove", place!()));
    declaration
}

impl Scene {
    fn new(edges: &[(&'static str, &[(&'static str, &'static str)])]) -> Self {
        let tables = edges.iter().map(|(edge, pairs)| (*edge, pairs.to_vec())).collect();
        Self { tables, ..Self::default() }
    }

    fn cascade(&self, policy: Rule) -> Cascade {
        let (owner, other, top) = (Owner::DESCRIPTOR, Other::DESCRIPTOR, Top::DESCRIPTOR);
        let shared = format!("{policy:?}").contains("Shared");
        let remove = || Rule::effect::<Delete>("remove", place!());
        let mut owners = extension::<Owner>("Owners");
        finder(&mut owners, "Top>Owner", &top, false);
        owners.rule(remove().from(top.clone()));
        let mut others = extension::<Other>("Others");
        finder(&mut others, "Top>Other", &top, false);
        others.rule(remove().from(top));
        let mut children = extension::<Child>("Children");
        finder(&mut children, "Owner>Child", &owner, shared);
        finder(&mut children, "Other>Child", &other, false);
        children.rule(policy.from(owner)).rule(remove().from(other));
        let mut leaves = extension::<Leaf>("Leaves");
        finder(&mut leaves, "Child>Leaf", &Child::DESCRIPTOR, false);
        leaves.rule(remove().from(Child::DESCRIPTOR));
        let mut builder = Cascade::builder().declare(self.clone(), extension::<Top>("Tops"));
        for declaration in [owners, others, children, leaves] {
            builder = builder.declare(self.clone(), declaration);
        }
        builder.build().expect("the graph has no faults")
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().expect("no thread panics while it holds the lock").clone()
    }
}

/// One child of one owner, one leaf of the child.
fn one_child() -> Scene {
    Scene::new(&[("Owner>Child", &[("o1", "c1")]), ("Child>Leaf", &[("c1", "l1")])])
}

/// The same with another parent of the child; both parents depend on a top.
fn two_parents() -> Scene {
    Scene::new(&[
        ("Top>Owner", &[("t1", "o1")]),
        ("Top>Other", &[("t1", "p1")]),
        ("Owner>Child", &[("o1", "c1")]),
        ("Other>Child", &[("p1", "c1")]),
        ("Child>Leaf", &[("c1", "l1")]),
    ])
}

#[tokio::test]
async fn retain_leaves_the_child_in_place_and_lists_it() {
    let scene = one_child();
    let cascade = scene.cascade(Rule::retain::<Delete>(place!()));
    let plan = cascade.plan(Delete, Owner::roots(["o1"])).await.expect("finders answer");
    let summary = plan.summary().expect("ids serialise");
    assert_eq!((summary.instances, summary.resources["Child"].retained), (1, 1));
    assert!(!summary.resources.contains_key("Leaf"), "a retained instance is not expanded");
    assert_eq!(plan.why::<Child>(&"c1".into()).expect("the child is listed").paths[0].brings, "retained");
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    assert_eq!((report.summary().done, scene.log()), (1, vec!["o1".to_owned()]));
}

#[tokio::test]
async fn retain_does_not_protect_from_another_rule() {
    let scene = two_parents();
    let cascade = scene.cascade(Rule::retain::<Delete>(place!()));
    let plan = cascade.plan(Delete, Top::roots(["t1"])).await.expect("finders answer");
    assert_eq!(plan.effects_of::<Child>(&"c1".into()), Some(vec!["remove"]));
    assert_eq!(plan.summary().expect("ids serialise").resources["Child"].retained, 0);
}

#[tokio::test]
async fn restrict_vetoes_while_a_dependent_exists() {
    let scene = one_child();
    let cascade = scene.cascade(Rule::restrict::<Delete>(place!()));
    let plan = cascade.plan(Delete, Owner::roots(["o1"])).await.expect("finders answer");
    assert_eq!(plan.len(), 1, "an instance in the way is not affected");
    let vetoes: Vec<String> = plan.vetoes().iter().map(ToString::to_string).collect();
    assert_eq!(
        vetoes,
        ["Child c1: it depends on Owner o1, and the plan does not remove it (Children, restrict from Owner)"]
    );
    assert!(cascade.apply(plan.clone()).await.is_err());
    assert!(scene.log().is_empty());
    let forced = cascade.apply(plan).forced(true).await.expect("a forced run ignores vetoes");
    assert_eq!((forced.summary().overridden.len(), scene.log()), (1, vec!["o1".to_owned()]));
}

#[tokio::test]
async fn restrict_allows_removed_dependents_and_orders_them() {
    let scene = two_parents();
    let cascade = scene.cascade(Rule::restrict::<Delete>(place!()));
    let plan = cascade.plan(Delete, Top::roots(["t1"])).await.expect("finders answer");
    assert_eq!(plan.vetoes(), []);
    assert!(cascade.apply(plan).await.expect("the plan can be applied").is_complete());
    assert_eq!(scene.log()[..2], ["l1", "c1"], "before its owner: {:?}", scene.log());
}

#[tokio::test]
async fn with_parent_is_in_the_plan_without_a_step() {
    let scene = one_child();
    let cascade = scene.cascade(Rule::with_parent::<Delete>(place!()));
    let plan = cascade.plan(Delete, Owner::roots(["o1"])).await.expect("finders answer");
    assert_eq!((plan.len(), plan.effects_of::<Child>(&"c1".into())), (3, Some(vec![])));
    assert_eq!(plan.summary().expect("ids serialise").resources["Child"].going, 1);
    let report = cascade.apply(plan).await.expect("the plan can be applied");
    assert_eq!(scene.log(), ["l1", "o1"], "dependents are removed before the parent");
    assert!(matches!(report.verdict::<Child>(&"c1".into()), Some(Verdict::Done)));
}

#[tokio::test]
async fn with_parent_is_not_done_if_its_parent_is_not() {
    for (fails, verdict) in [("o1", "Blocked { by: Owner o1 }"), ("l1", "Blocked { by: Leaf l1 }")] {
        let scene = Scene { fails: Some(fails), ..one_child() };
        let cascade = scene.cascade(Rule::with_parent::<Delete>(place!()));
        let plan = cascade.plan(Delete, Owner::roots(["o1"])).await.expect("finders answer");
        let report =
            cascade.apply(plan).policy(FailurePolicy::Isolate).await.expect("the plan can be applied");
        let child = report.verdict::<Child>(&"c1".into());
        assert_eq!(format!("{:?}", child.expect("the instance is in the plan")), verdict, "{fails} fails");
    }
}

fn shared_scene() -> Scene {
    Scene::new(&[
        ("Owner>Child", &[("o1", "c1"), ("o2", "c1"), ("o1", "c2")]),
        ("Child>Leaf", &[("c1", "l1")]),
    ])
}

#[tokio::test]
async fn shared_stays_while_an_owner_stays() {
    let scene = shared_scene();
    let rule = Rule::effect::<Delete>("remove", place!()).with_last_owner();
    let cascade = scene.cascade(rule);
    let plan = cascade.plan(Delete, Owner::roots(["o1"])).await.expect("finders answer");
    assert_eq!(plan.ids::<Child>(), ["c2"]);
    assert_eq!(plan.summary().expect("ids serialise").resources["Child"].retained, 1);
    assert!(cascade.apply(plan).await.expect("the plan can be applied").is_complete());
    assert_eq!(scene.log(), ["c2", "o1"]);
}

#[tokio::test]
async fn shared_is_removed_with_its_last_owner() {
    let scene = shared_scene();
    let rule = Rule::effect::<Delete>("remove", place!()).with_last_owner();
    let plan = scene.cascade(rule).plan(Delete, Owner::roots(["o1", "o2"])).await.expect("finders answer");
    assert_eq!(plan.ids::<Child>(), ["c1", "c2"]);
    let without_step = scene.cascade(Rule::shared::<Delete>(place!()));
    let plan = without_step.plan(Delete, Owner::roots(["o1", "o2"])).await.expect("finders answer");
    assert_eq!((plan.ids::<Child>().len(), plan.effects_of::<Child>(&"c1".into())), (2, Some(vec![])));
}

#[tokio::test]
async fn shared_requires_a_finder_that_names_every_owner() {
    let fault = shared_fault(|_| Found::Children(vec!["c1".into()])).await;
    assert!(
        fault.ends_with("along a shared edge it has to name every owner of each child, in pairs"),
        "{fault}"
    );
    // A finder that does not name every owner hides an owner that the run did not ask about.
    let per_parent =
        shared_fault(|asked| Found::PerParent(asked.iter().map(|_| [String::from("c1")]).collect()));
    assert_eq!(per_parent.await, fault);
}

async fn shared_fault(found: fn(&[String]) -> Found<String, String>) -> String {
    let scene = shared_scene();
    let mut children = extension::<Child>("Children");
    children.edge(Owner::DESCRIPTOR, place!());
    children.finder("find", Owner::DESCRIPTOR, None, place!(), move |_, asked: &[String], _| {
        Box::pin(async move { Ok(found(asked)) })
    });
    children.rule(Rule::shared::<Delete>(place!()).from(Owner::DESCRIPTOR));
    let owners = extension::<Owner>("Owners");
    let builder = Cascade::builder().declare(scene.clone(), children).declare(scene, owners);
    let cascade = builder.build().expect("the graph has no faults");
    cascade.plan(Delete, Owner::roots(["o1"])).await.expect_err("it names no owners").to_string()
}

#[tokio::test]
async fn after_orders_unrelated_resources() {
    let scene = two_parents();
    let mut owners = extension::<Owner>("Owners");
    finder(&mut owners, "Top>Owner", &Top::DESCRIPTOR, false);
    owners.rule(Rule::effect::<Delete>("remove", place!()).from(Top::DESCRIPTOR));
    owners.after(Other::DESCRIPTOR, place!());
    let mut others = extension::<Other>("Others");
    finder(&mut others, "Top>Other", &Top::DESCRIPTOR, false);
    others.rule(Rule::effect::<Delete>("remove", place!()).from(Top::DESCRIPTOR));
    let mut builder = Cascade::builder();
    for declaration in [owners, others, extension::<Top>("Tops")] {
        builder = builder.declare(scene.clone(), declaration);
    }
    let cascade = builder.build().expect("the graph has no faults");
    let plan = cascade.plan(Delete, Top::roots(["t1"])).await.expect("finders answer");
    assert!(cascade.apply(plan).await.expect("the plan can be applied").is_complete());
    assert_eq!(scene.log(), ["p1", "o1", "t1"]);
}

#[test]
fn an_after_that_contradicts_an_edge_is_a_fault() {
    let mut tops = extension::<Top>("Tops");
    tops.after(Owner::DESCRIPTOR, place!());
    let mut owners = extension::<Owner>("Owners");
    finder(&mut owners, "Top>Owner", &Top::DESCRIPTOR, false);
    owners.rule(Rule::effect::<Delete>("remove", place!()).from(Top::DESCRIPTOR));
    let agrees = Cascade::builder().declare(Scene::default(), tops).declare(Scene::default(), owners).build();
    assert!(agrees.is_ok(), "a parent comes after its children anyway");

    let mut owners = extension::<Owner>("Owners");
    finder(&mut owners, "Top>Owner", &Top::DESCRIPTOR, false);
    owners.rule(Rule::effect::<Delete>("remove", place!()).from(Top::DESCRIPTOR));
    owners.after(Top::DESCRIPTOR, place!());
    let tops = extension::<Top>("Tops");
    let builder = Cascade::builder().declare(Scene::default(), tops).declare(Scene::default(), owners);
    let error = builder.build().expect_err("a child cannot be ordered after its parent");
    assert_eq!(
        error.faults()[0].message(),
        "`Owner` cannot be ordered after `Top`: for `Delete`, `Top` waits for `Owner`"
    );
}
