//! A plan as a page: it shows everything that an approver must see, whatever the ids are.

#![forbid(unsafe_code)]

use cascade_core::prelude::*;
use cascade_core::{Declaration, Found, Place, Plan, ResourceDescriptor, Rule};

const HERE: Place = Place::new("shop", "shop/src/lib.rs", 7);
const AWKWARD: &str = "<b>\"vm\"</b> & `co`\n";

fn resource(name: &str) -> ResourceDescriptor {
    ResourceDescriptor::runtime::<String>(name, HERE)
}

fn declaration(name: &str) -> Declaration<(), String> {
    let mut declaration = Declaration::new(format!("{name}s"), resource(name), HERE);
    declaration.effect("remove", HERE, |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    declaration
}

fn depends_on(
    child: &mut Declaration<(), String>,
    parent: &str,
    children: &'static [&'static str],
    rule: Rule,
) {
    child.edge(resource(parent), HERE);
    child.finder("find", resource(parent), None, HERE, move |(), parents: &[String], _| {
        let parent = parents[0].clone();
        Box::pin(async move {
            let pairs = children.iter().map(|id| (parent.clone(), String::from(*id)));
            Ok(Found::Pairs(pairs.collect()))
        })
    });
    child.rule(rule.from(resource(parent)));
}

async fn plan(roots: &[&str]) -> Plan {
    let delete = || Rule::effect::<Delete>("remove", HERE);
    let mut zones = declaration("Zone");
    zones.rule(delete());
    let mut vms = declaration("Vm");
    depends_on(&mut vms, "Zone", &[AWKWARD, "vm-2", "vm-3", "vm-4", "vm-5", "vm-6"], delete());
    vms.check::<Delete, _>("may_go", HERE, |(), vms: &[String], _| {
        let last = vms.last().cloned();
        Box::pin(async move { Ok(last.into_iter().map(|vm| Veto::new(vm, "it is <locked>")).collect()) })
    });
    let mut nics = declaration("Nic");
    depends_on(&mut nics, "Vm", &["nic-1"], Rule::with_parent::<Delete>(HERE));
    depends_on(&mut nics, "Zone", &["nic-1"], delete());
    let mut images = declaration("Image");
    depends_on(&mut images, "Zone", &["image-1", "image-2"], Rule::retain::<Delete>(HERE));
    let cascade =
        Cascade::builder().declare((), zones).declare((), vms).declare((), nics).declare((), images);
    let cascade = cascade.build().expect("the graph has no fault");
    cascade.plan_named(Delete, "Zone", roots).await.expect("there is a plan")
}

#[tokio::test]
async fn the_page_shows_everything_to_approve() {
    let page = plan(&["zone <1>"]).await.to_html().expect("ids are text");
    let body = page.split_once("</style>").expect("the page has a style").1;
    insta::assert_snapshot!(body);
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/plan.html");
    std::fs::write(path, &page).expect("the target folder can be written to");
}

#[tokio::test]
async fn a_root_without_dependents() {
    let zone = {
        let mut zones = declaration("Zone");
        zones.rule(Rule::effect::<Delete>("remove", HERE));
        Cascade::builder().declare((), zones).build().expect("the graph has no fault")
    };
    let plan = zone.plan_named(Delete, "Zone", ["a"]).await.expect("there is a plan");
    let page = plan.to_html().expect("ids are text");
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    let counts = [
        "1</strong> instance of 1 resource",
        "1</strong> affected with their dependents",
        "0</strong> affected alone (leaf)",
    ];
    for count in counts {
        assert!(page.contains(count), "{count} is not in {page}");
    }
    assert!(!page.contains("retained</li>"), "{page}");
}
