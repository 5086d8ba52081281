//! The printed tree of a plan: a resource unfolds on a line with removed instances, and the size is bounded.

use std::collections::{BTreeMap, BTreeSet};

use cascade_core::{Delete, Rule, place};

use crate::model::drive::{self, on_paused_clock};
use crate::model::reference;
use crate::model::tape::Tape;
use crate::model::world::{Instance, SMALL, Size, World, worlds};
use crate::properties::{check, tapes};
use crate::support::{Cloud, Kind, descriptor};

/// Incidents that are kept along one edge and removed along another. Logs depend on incidents. Edges are printed in the
/// order of their parents' names.
fn incidents(keeper: &str, kept: &str, remover: &str, gone: &str) -> Cloud {
    let mut incident = Kind::bare("Incident");
    incident.leaf(keeper, "release", kept).under(remover, "remove", gone);
    let mut log = Kind::bare("Log");
    log.under("Incident", "erase", "i1>l1 i2>l2 i2>l2b i3>l3");
    zone_with(keeper, remover, [incident, log])
}

fn zone_with(first: &str, second: &str, more: impl IntoIterator<Item = Kind>) -> Cloud {
    let mut zone = Kind::bare("Zone");
    zone.root("remove");
    let between = [(first, "z>a"), (second, "z>p")].map(|(name, pairs)| {
        let mut kind = Kind::bare(name);
        kind.under("Zone", "remove", pairs);
        kind
    });
    Cloud::of([zone].into_iter().chain(between).chain(more))
}

/// The lines below the first, which counts instances.
fn tree(cloud: Cloud) -> String {
    let text = cloud.plan("Zone z").to_string();
    text.split_once('\n').unwrap().1.to_owned()
}

#[test]
fn a_line_whose_instances_stay_before_the_removal_carries_nothing() {
    let cloud = incidents("Activation", "a>i1", "Project", "p>i2");
    insta::assert_snapshot!(tree(cloud), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  1  release
    └── Project       1  remove
        └── Incident  1  remove
            └── Log   2  erase
    ");
}

#[test]
fn a_line_whose_instances_stay_after_the_removal_carries_nothing() {
    let cloud = incidents("Project", "a>i1", "Activation", "p>i2");
    insta::assert_snapshot!(tree(cloud), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  1  remove
    │       └── Log   2  erase
    └── Project       1  remove
        └── Incident  1  release
    ");
}

#[test]
fn an_instance_that_is_kept_along_one_edge_and_removed_along_another_is_removed() {
    let cloud = incidents("Activation", "a>i2", "Project", "p>i2");
    insta::assert_snapshot!(tree(cloud), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  1  release, remove
    │       └── Log   2  erase
    └── Project       1  remove
        └── Incident  1  release, remove  (continued above)
    ");
}

#[test]
fn a_line_with_some_removed_instances_names_how_many_have_the_dependents_below() {
    let cloud = incidents("Activation", "a>i1 a>i2", "Project", "p>i2 p>i3");
    insta::assert_snapshot!(tree(cloud), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  2  release, remove 1  (dependents of the 2 removed)
    │       └── Log   3  erase
    └── Project       1  remove
        └── Incident  2  release 1, remove  (continued above)
    ");
}

#[test]
fn the_first_of_several_lines_with_removed_instances_carries_all_dependents() {
    let mut incident = Kind::bare("Incident");
    incident.under("Activation", "remove", "a>i1").under("Project", "remove", "p>i2 p>i3");
    let mut log = Kind::bare("Log");
    log.under("Incident", "erase", "i1>l1 i2>l2 i3>l3");
    insta::assert_snapshot!(tree(zone_with("Activation", "Project", [incident, log])), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  1  remove  (dependents of the 3 removed)
    │       └── Log   3  erase
    └── Project       1  remove
        └── Incident  2  remove  (continued above)
    ");
}

#[test]
fn a_line_of_retained_instances_carries_nothing() {
    let mut incident = Kind::bare("Incident");
    incident.edge("Activation", "a>i1");
    incident.declared().rule(Rule::retain::<Delete>(place!()).from(descriptor("Activation")));
    incident.under("Project", "remove", "p>i2");
    let mut log = Kind::bare("Log");
    log.under("Incident", "erase", "i1>l1 i2>l2");
    insta::assert_snapshot!(tree(zone_with("Activation", "Project", [incident, log])), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  1  retained
    └── Project       1  remove
        └── Incident  1  remove
            └── Log   1  erase
    ");
}

#[test]
fn instances_that_are_removed_with_their_parent_carry_their_dependents() {
    let mut incident = Kind::bare("Incident");
    incident.leaf("Activation", "release", "a>i1").edge("Project", "p>i2");
    incident.declared().rule(Rule::with_parent::<Delete>(place!()).from(descriptor("Project")));
    let mut log = Kind::bare("Log");
    log.under("Incident", "erase", "i1>l1 i2>l2");
    insta::assert_snapshot!(tree(zone_with("Activation", "Project", [incident, log])), @r"
    Zone              1  remove
    ├── Activation    1  remove
    │   └── Incident  1  release
    └── Project       1  remove
        └── Incident  1  with its parent
            └── Log   1  erase
    ");
}

#[test]
fn a_cycle_ends_where_it_would_repeat() {
    let mut incident = Kind::bare("Incident");
    incident.leaf("Activation", "release", "a>i1");
    incident.under("Incident", "remove", "i2>i3").under("Project", "remove", "p>i2");
    incident.under("Log", "remove", "l3>i4");
    let mut log = Kind::bare("Log");
    log.under("Incident", "erase", "i2>l2 i3>l3 i1>l1");
    insta::assert_snapshot!(tree(zone_with("Activation", "Project", [incident, log])), @r"
    Zone                      1  remove
    ├── Activation            1  remove
    │   └── Incident          1  release
    └── Project               1  remove
        └── Incident          1  remove  (dependents of the 3 removed)
            ├── Incident      1  remove  (continued above)
            └── Log           2  erase
                └── Incident  1  remove  (continued above)
    ");
}

/// Each depends on the one before.
fn chain(length: usize) -> Cloud {
    let name = |at: usize| format!("R{at:04}");
    let kinds = (0..length).map(|at| {
        let mut kind = Kind::bare(&name(at));
        match at.checked_sub(1) {
            None => kind.root("remove"),
            Some(above) => kind.under(&name(above), "remove", "x>x"),
        };
        kind
    });
    Cloud::of(kinds)
}

#[test]
fn a_chain_of_two_thousand_resources_prints_in_bounded_size() {
    let text = chain(2000).plan("R0000 x").to_string();
    let lines: Vec<&str> = text.lines().skip(1).collect();
    for at in 0..2000 {
        let name = format!("R{at:04}");
        assert!(lines.iter().any(|line| line.contains(&name)), "{name} has no line");
    }
    assert!(lines.len() < 2200, "{} lines", lines.len());
    assert!(text.len() < 300_000, "{} bytes", text.len());
}

#[test]
fn a_deep_tree_continues_below_at_the_left() {
    insta::assert_snapshot!(chain(20).plan("R0000 x"), @r"
    Delete R0000 x: 20 instances of 20 resources
    R0000                                                                  1  remove
    └── R0001                                                              1  remove
        └── R0002                                                          1  remove
            └── R0003                                                      1  remove
                └── R0004                                                  1  remove
                    └── R0005                                              1  remove
                        └── R0006                                          1  remove
                            └── R0007                                      1  remove
                                └── R0008                                  1  remove
                                    └── R0009                              1  remove
                                        └── R0010                          1  remove
                                            └── R0011                      1  remove
                                                └── R0012                  1  remove
                                                    └── R0013              1  remove
                                                        └── R0014          1  remove
                                                            └── R0015      1  remove
                                                                └── R0016  1  remove  (continued below)
    R0016                                                                  1  remove  (from above)
    └── R0017                                                              1  remove
        └── R0018                                                          1  remove
            └── R0019                                                      1  remove
    ");
}

#[test]
fn a_resource_below_a_line_that_is_too_deep_unfolds_on_a_later_line() {
    let cloud = chain(20)
        .kind("Safe", |it| {
            it.under("R0015", "remove", "x>s").under("R0001", "remove", "x>s");
        })
        .kind("Shelf", |it| {
            it.under("Safe", "remove", "s>l");
        });
    let text = cloud.plan("R0000 x").to_string();
    let lines: Vec<&str> =
        text.lines().map(|line| line.trim_start_matches([' ', '│', '├', '└', '─'])).collect();
    let safe: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].starts_with("Safe")).collect();
    let [deep, shallow] = safe[..] else { panic!("two lines: {text}") };
    assert!(lines[deep].ends_with("(continued below)"), "{text}");
    assert!(!lines[shallow].contains("above") && lines[shallow + 1].starts_with("Shelf"), "{text}");
    assert_eq!(text.matches("Shelf").count(), 1, "{text}");
}

#[cfg(feature = "document")]
#[test]
fn the_page_of_a_deep_plan_is_bounded_and_closes_what_it_opens() {
    let page = chain(2000).plan("R0000 x").to_html().unwrap();
    let (_, tree) = page.split_once("Dependency tree</h2>").unwrap();
    let (tree, _) = tree.split_once("</section>").unwrap();
    let mut depth = 0_i32;
    let mut deepest = 0;
    for tag in tree.split('<') {
        depth += i32::from(tag.starts_with("ul>")) - i32::from(tag.starts_with("/ul>"));
        deepest = deepest.max(depth);
    }
    assert_eq!(depth, 0, "each list is closed");
    assert!(deepest < 30, "lists are nested {deepest} deep");
    assert_eq!(tree.matches("<details").count(), tree.matches("</details>").count());
    for at in 0..2000 {
        assert!(tree.contains(&format!("R{at:04}")), "R{at:04} has no line");
    }
    assert!(tree.len() < 400_000, "{} bytes", tree.len());
}

#[cfg(feature = "document")]
#[test]
fn the_page_shows_the_tree_of_the_text() {
    let plan = incidents("Activation", "a>i1 a>i2", "Project", "p>i2 p>i3").plan("Zone z");
    let page = plan.to_html().unwrap();
    let (_, tree) = page.split_once("Dependency tree</h2>").unwrap();
    insta::assert_snapshot!(tree.split_once("</section>").unwrap().0.trim(), @r#"
    <ul>
    <li><details open><summary>Zone: 1 <span class="effect">remove</span></summary><ul>
    <li><details open><summary>Activation: 1 <span class="effect">remove</span></summary><ul>
    <li><details open><summary>Incident: 2 <span class="effect">release, remove 1</span> <span class="soft">(dependents of the 2 removed)</span></summary><ul>
    <li class="end">Log: 3 <span class="effect">erase</span></li>
    </ul></details></li>
    </ul></details></li>
    <li><details open><summary>Project: 1 <span class="effect">remove</span></summary><ul>
    <li class="end">Incident: 2 <span class="effect">release 1, remove</span> <span class="soft">(continued above)</span></li>
    </ul></details></li>
    </ul></details></li>
    </ul>
    "#);
}

/// A line of a printed tree, read back.
#[derive(Debug)]
struct Line {
    depth: usize,
    resource: String,
    /// The resource, with the role of the edge.
    label: String,
    count: usize,
    /// Whether its dependents are below another line.
    is_continued: bool,
}

impl Line {
    fn read(line: &str) -> Self {
        let indent = line.chars().take_while(|it| " │├└─".contains(*it)).count();
        let words: Vec<&str> =
            line.trim_start_matches([' ', '│', '├', '└', '─']).split_whitespace().collect();
        let is_continued = line.contains("(continued");
        let named = 1 + usize::from(words[1].starts_with('('));
        let count = words[named].replace(',', "").parse().unwrap();
        let (resource, label) = (words[0].to_owned(), words[..named].join(" "));
        Self { depth: indent / 4, resource, label, count, is_continued }
    }
}

/// The label of a line for children along that edge.
fn label(world: &World, edge: usize) -> String {
    let child = &world.resources[world.edge(edge).child].name;
    world.edge(edge).role.as_ref().map_or_else(|| child.clone(), |role| format!("{child} ({role})"))
}

/// The dependents that the model finds along each edge from a resource, counted by edge.
fn dependents(world: &World, expected: &reference::Expected) -> BTreeMap<String, Vec<(String, usize)>> {
    let mut children = vec![BTreeSet::new(); world.edges.len()];
    for (copy, child) in reference::found(world, &expected.instances) {
        if expected.instances.contains_key(&child) || expected.retained.contains(&child) {
            children[copy % world.edges.len()].insert(child);
        }
    }
    let counts = children.iter().map(BTreeSet::len);
    let mut by_parent: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    for (at, count) in counts.enumerate().filter(|(_, count)| *count > 0) {
        let parent = world.resources[world.edges[at].parent].name.clone();
        by_parent.entry(parent).or_default().push((label(world, at), count));
    }
    by_parent
}

/// The edges, as the name of the parent and the label, along which the operation reaches instances that are removed.
fn removing(world: &World, expected: &reference::Expected) -> BTreeSet<(String, String)> {
    let is_removed = |it: &(usize, Instance)| expected.instances.get(&it.1).is_some_and(|fate| fate.removed);
    let found = reference::found(world, &expected.instances).into_iter().filter(is_removed);
    let name = |resource: usize| world.resources[resource].name.clone();
    found.map(|(edge, _)| (name(world.edge(edge).parent), label(world, edge))).collect()
}

/// The tree has each edge of the model's plan once, with the number of its children. No line whose instances all stay has
/// lines below it.
fn compare(world: &World, expected: &reference::Expected, text: &str) {
    let removing = removing(world, expected);
    // Cut arcs and vetoes follow, each list below a line that ends with a colon.
    let lines: Vec<Line> =
        text.lines().skip(1).take_while(|line| !line.ends_with(':')).map(Line::read).collect();
    let mut printed: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
    let mut open: Vec<&Line> = Vec::new();
    for line in &lines {
        open.truncate(line.depth);
        if let Some(parent) = open.last() {
            assert!(!parent.is_continued, "the dependents of {parent:?} are elsewhere in\n{text}");
            if let Some(above) = open.len().checked_sub(2).map(|at| open[at]) {
                let edge = (above.resource.clone(), parent.label.clone());
                assert!(removing.contains(&edge), "{edge:?} removes nothing, but has dependents in\n{text}");
            }
            printed.entry(parent.resource.clone()).or_default().push((line.label.clone(), line.count));
        }
        open.push(line);
    }
    let sorted = |mut by_parent: BTreeMap<String, Vec<(String, usize)>>| {
        for children in by_parent.values_mut() {
            children.sort();
        }
        by_parent
    };
    assert_eq!(sorted(printed), sorted(dependents(world, expected)), "{text}");
    for (resource, _) in expected.instances.keys() {
        let name = &world.resources[*resource].name;
        assert!(lines.iter().any(|line| line.resource == *name), "{name} has no line in\n{text}");
    }
}

/// With the edges of the plan once each, every affected instance is on a line, and what depends on removed instances is
/// below them alone: instances that stay have no dependents in the model.
#[test]
fn the_printed_tree_has_each_edge_of_the_model_once() {
    let large = Size { resources: 6, edges: 12, links: 20, instances: 8 };
    for (size, cases) in [(SMALL, 1000), (large, 300)] {
        check(&(worlds(size), tapes(60)), cases, |(world, tape)| {
            let mut tape = Tape::new(tape);
            let Some((script, cascade)) = drive::engine(&world, &mut tape) else { return };
            let Some(expected) = reference::plan(&world) else { return };
            if reference::leaves_out_parents(&world, &expected) {
                return;
            }
            let plan = on_paused_clock(drive::plan(&world, &cascade, &script, &mut tape)).unwrap();
            compare(&world, &expected, &plan.to_string());
        });
    }
}
