//! Mistakes in declarations by hand: each is exactly one fault, at its place, with a help that would mend it.

use std::time::Duration;

use cascade_core::{
    Declaration, Delete, EdgeParent, FaultKind, Found, HandlerFuture, Operation, Outcome, Phase, Place,
    ResourceDescriptor, Rule, StepSettings,
};

use crate::declared::{
    Declared, Suspend, add_cleanup, add_effect, add_finder, at, build, hosts, resource, root, zones,
};

/// A mistake, and the fault that it has to be.
struct Mistake {
    name: &'static str,
    /// Makes the mistake in the hosts of [`hosts`]. May return a further extension.
    make: fn(&mut Declared) -> Option<Declared>,
    kind: FaultKind,
    /// The line of the first place.
    line: u32,
    /// A part of the message.
    says: &'static str,
    help: &'static str,
}

/// A mistake within the hosts.
const fn mistake(
    name: &'static str,
    make: fn(&mut Declared) -> Option<Declared>,
    kind: FaultKind,
    line: u32,
    says: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake { name, make, kind, line, says, help }
}

/// For deletion from a zone that started at a host: no other rule is for this case.
fn from_zone(rule: Rule) -> Rule {
    rule.from(resource("Zone")).root(resource("Host"))
}

fn effect(line: u32) -> Rule {
    Rule::effect::<Delete>("remove", at(line))
}

/// Clusters in zones, with a mistake.
fn clusters(make: impl FnOnce(&mut Declared)) -> Declared {
    let mut clusters = root("Cluster", 40);
    make(&mut clusters);
    clusters
}

/// Calls that contradict each other, or refer to nothing.
const CALLS: &[Mistake] = &[
    mistake(
        "a leaf with the last owner",
        |hosts| {
            hosts.rule(from_zone(effect(30)).leaf().with_last_owner());
            None
        },
        FaultKind::Call,
        30,
        "is a `leaf`, which keeps the instance, and `with_last_owner`, which removes it",
        "remove `.leaf()` or `.with_last_owner()`",
    ),
    mistake(
        "a policy that is a leaf",
        |hosts| {
            hosts.rule(from_zone(Rule::retain::<Delete>(at(30)).leaf()));
            None
        },
        FaultKind::Call,
        30,
        "is `retain` and a `leaf`",
        "remove `.leaf()`, or name an effect: `Rule::effect::<Delete>(…)`",
    ),
    mistake(
        "a shared policy that is a leaf",
        |hosts| {
            hosts.rule(from_zone(Rule::shared::<Delete>(at(30)).leaf()));
            None
        },
        FaultKind::Call,
        30,
        "is `shared` and a `leaf`",
        "remove `.leaf()`, or name an effect: `Rule::effect::<Delete>(…)`",
    ),
    mistake(
        "a policy with the last owner",
        |hosts| {
            hosts.rule(from_zone(Rule::ignore::<Delete>(at(30)).with_last_owner()));
            None
        },
        FaultKind::Call,
        30,
        "is `ignore` and `with_last_owner`",
        "remove `.with_last_owner()`, or name an effect: `Rule::effect::<Delete>(…)`",
    ),
    mistake(
        "a parent that is named twice",
        |hosts| {
            hosts.rule(from_zone(effect(30)).from(resource("Zone")));
            None
        },
        FaultKind::Call,
        30,
        "names the parent `Zone` twice",
        "remove one `.from(Zone)`",
    ),
    mistake(
        "a root that is named three times",
        |hosts| {
            hosts.rule(from_zone(effect(30)).root(resource("Host")).root(resource("Host")));
            None
        },
        FaultKind::Call,
        30,
        "names the root `Host` twice",
        "remove one `.root(Host)`",
    ),
    mistake(
        "docs of a misspelt effect",
        |hosts| {
            hosts.effect_docs("stpo", "Stops the host.");
            None
        },
        FaultKind::Call,
        20,
        "`effect_docs` of `Hosts` is for the effect `stpo`",
        "did you mean `stop`?",
    ),
    mistake(
        "a misspelt effect that supersedes",
        |hosts| {
            hosts.supersedes("remvoe", ["stop"]);
            None
        },
        FaultKind::Call,
        20,
        "`supersedes` of `Hosts` is for the effect `remvoe`",
        "did you mean `remove`?",
    ),
    mistake(
        "only for a misspelt method",
        |hosts| {
            add_cleanup(hosts, "purge", 30);
            hosts.only::<Delete>(Phase::Cleanup, "purg", ["stop"]);
            None
        },
        FaultKind::Call,
        20,
        "`only` of `Hosts` is for the cleanup method `purg` of `Delete`",
        "did you mean `purge`?",
    ),
    mistake(
        "only for a method of another phase",
        |hosts| {
            add_cleanup(hosts, "purge", 30);
            hosts.only::<Delete>(Phase::Begin, "purge", ["stop"]);
            None
        },
        FaultKind::Call,
        20,
        "is for the begin method `purge` of `Delete`",
        "did you mean the cleanup method of `Delete`?",
    ),
    mistake(
        "only for a method that is not declared",
        |hosts| {
            hosts.only::<Delete>(Phase::Verify, "look", ["stop"]);
            None
        },
        FaultKind::Call,
        20,
        "is for the verify method `look` of `Delete`",
        "declare it: `declaration.verify::<Delete, _>(\"look\", place!(), …)`",
    ),
    mistake(
        "only for an effect",
        |hosts| {
            hosts.only::<Delete>(Phase::Effect, "stop", ["remove"]);
            None
        },
        FaultKind::Call,
        20,
        "`only` of `Hosts` is for the effect `stop`, but rules choose effects",
        "remove the call, and limit the rules of `stop`",
    ),
    mistake(
        "only twice",
        |hosts| {
            hosts.only::<Delete>(Phase::Cleanup, "purge", ["stop"]);
            add_cleanup(hosts, "purge", 30);
            hosts.only::<Delete>(Phase::Cleanup, "purge", ["remove"]);
            None
        },
        FaultKind::Call,
        20,
        "`only` of `Hosts` is called twice for the cleanup method `purge`",
        "keep one call, with all effects",
    ),
    mistake(
        "two descriptions of an extension",
        |hosts| {
            hosts.docs("Hosts.").docs("Machines.");
            None
        },
        FaultKind::Call,
        20,
        "`docs` is called twice on `Hosts`",
        "keep one of the two calls",
    ),
    mistake(
        "two descriptions of an effect",
        |hosts| {
            hosts.effect_docs("stop", "Stops.").effect_docs("stop", "Halts.");
            None
        },
        FaultKind::Call,
        20,
        "`effect_docs` of `Hosts` is called twice for the effect `stop`",
        "keep one of the two calls",
    ),
    mistake(
        "two settings",
        |hosts| {
            hosts.settings(StepSettings::default().batch(1)).settings(StepSettings::default().retries(3));
            None
        },
        FaultKind::Call,
        20,
        "`settings` is called twice on `Hosts`",
        "keep one call, with all settings",
    ),
    mistake(
        "exclusive for two parents",
        |hosts| {
            hosts.exclusive(resource("Zone")).exclusive(resource("Zone"));
            None
        },
        FaultKind::Call,
        20,
        "`exclusive` is called twice on `Hosts`, but its steps can be exclusive for one parent only",
        "keep one of the two calls",
    ),
    mistake(
        "exclusive for a parent that is no edge",
        |hosts| {
            hosts.exclusive(resource("Zones"));
            None
        },
        FaultKind::Call,
        20,
        "`exclusive` of `Hosts` is for the edge from `Zones`, which is not declared",
        "did you mean `Zone`?",
    ),
];

/// Names that cannot be printed, are declared twice, or are misspelt.
const NAMES: &[Mistake] = &[
    mistake(
        "a resource without a name",
        |_| {
            let mut nameless =
                Declared::new("Nameless", ResourceDescriptor::runtime::<u64>("", at(30)), at(31));
            add_effect(&mut nameless, "remove", 31);
            Some(nameless)
        },
        FaultKind::Name,
        30,
        "the name of this resource is empty",
        "give it a name",
    ),
    mistake(
        "a resource with a newline in its name",
        |_| {
            let name = "Rack\nZone";
            Some(Declared::new("Racks", ResourceDescriptor::runtime::<u64>(name, at(30)), at(31)))
        },
        FaultKind::Name,
        30,
        "the name of the resource `Rack\\nZone` has a control character",
        "remove the control character",
    ),
    mistake(
        "a resource with a line separator in its name",
        |_| {
            let name = "Rack\u{2028}Zone";
            Some(Declared::new("Racks", ResourceDescriptor::runtime::<u64>(name, at(30)), at(31)))
        },
        FaultKind::Name,
        30,
        "the name of the resource `Rack\\u{2028}Zone` has a control character",
        "remove the control character",
    ),
    mistake(
        "a resource with white space at the end of its name",
        |_| Some(Declared::new("Racks", ResourceDescriptor::runtime::<u64>("Rack ", at(30)), at(31))),
        FaultKind::Name,
        30,
        "the name of the resource `Rack ` begins or ends with white space",
        "trim the name",
    ),
    mistake(
        "an extension with a tab in its name",
        |_| Some(Declared::new("Ra\tcks", resource("Rack"), at(31))),
        FaultKind::Name,
        31,
        "the name of the extension `Ra\\tcks` has a control character",
        "remove the control character",
    ),
    mistake(
        "an effect without a name",
        |hosts| {
            add_effect(hosts, "", 30);
            None
        },
        FaultKind::Name,
        30,
        "the name of this effect is empty",
        "give it a name",
    ),
    mistake(
        "a cleanup method with white space at the start of its name",
        |hosts| {
            add_cleanup(hosts, " purge", 30);
            None
        },
        FaultKind::Name,
        30,
        "the name of the cleanup method ` purge` begins or ends with white space",
        "trim the name",
    ),
    mistake(
        "a finder with a newline in its name",
        |_| {
            let clusters = clusters(|clusters| {
                clusters.edge(resource("Zone"), at(41));
                add_finder(clusters, "in\nzones", "Zone", None, 42);
                clusters.rule(Rule::effect::<Delete>("remove", at(43)).from(resource("Zone")));
            });
            Some(clusters)
        },
        FaultKind::Name,
        42,
        "the name of the finder `in\\nzones` has a control character",
        "remove the control character",
    ),
    mistake(
        "two effects of one name",
        |hosts| {
            add_effect(hosts, "stop", 30);
            None
        },
        FaultKind::Name,
        30,
        "the effect `stop` of `Hosts` is declared twice",
        "give one of them another name, or remove it",
    ),
    mistake(
        "two cleanup methods of one name",
        |hosts| {
            add_cleanup(hosts, "purge", 30);
            add_cleanup(hosts, "purge", 31);
            None
        },
        FaultKind::Name,
        31,
        "the cleanup method `purge` of `Hosts` is declared twice",
        "give one of them another name, or remove it",
    ),
    mistake(
        "a rule with a misspelt effect",
        |hosts| {
            hosts.rule(from_zone(Rule::effect::<Delete>("sotp", at(30))));
            None
        },
        FaultKind::Rule,
        30,
        "has the effect `sotp`, which is not declared",
        "did you mean `stop`?",
    ),
    mistake(
        "a rule with an effect that is not declared",
        |hosts| {
            hosts.rule(from_zone(Rule::effect::<Delete>("evacuate", at(30))));
            None
        },
        FaultKind::Rule,
        30,
        "has the effect `evacuate`, which is not declared",
        "declare it: `declaration.effect(\"evacuate\", place!(), …)`",
    ),
    mistake(
        "a misspelt superseded effect",
        |hosts| {
            hosts.supersedes("remove", ["stpo"]);
            None
        },
        FaultKind::Supersedes,
        20,
        "`remove` supersedes `stpo`, which is not an effect",
        "did you mean `stop`?",
    ),
    mistake(
        "only a misspelt effect",
        |hosts| {
            hosts.only::<Delete>(Phase::Cleanup, "purge", ["stpo"]);
            add_cleanup(hosts, "purge", 30);
            None
        },
        FaultKind::Phase,
        30,
        "`purge` is only for the effect `stpo`, which is not declared",
        "did you mean `stop`?",
    ),
];

/// Edges, finders, rules and orders that do not fit together.
const EDGES: &[Mistake] = &[
    mistake(
        "a rule from a misspelt parent",
        |_| {
            let clusters = clusters(|clusters| {
                clusters.edge(resource("Zone"), at(41));
                add_finder(clusters, "in_zones", "Zone", None, 42);
                clusters.rule(Rule::effect::<Delete>("remove", at(43)).from(resource("Zoen")));
            });
            Some(clusters)
        },
        FaultKind::Rule,
        43,
        "a rule for `Delete` is from `Zoen`, which is not a declared edge",
        "did you mean `Zone`?",
    ),
    mistake(
        "a rule from a parent without an edge",
        |hosts| {
            hosts.rule(Rule::effect::<Delete>("stop", at(30)).from(resource("Host")));
            None
        },
        FaultKind::Rule,
        30,
        "a rule for `Delete` is from `Host`, which is not a declared edge",
        "declare the edge: `declaration.edge(Host, place!())`",
    ),
    mistake(
        "a finder of a misspelt parent",
        |_| {
            let clusters = clusters(|clusters| {
                clusters.edge(resource("Zone"), at(41));
                add_finder(clusters, "in_zones", "Zonee", None, 42);
                clusters.rule(Rule::effect::<Delete>("remove", at(43)).from(resource("Zone")));
            });
            Some(clusters)
        },
        FaultKind::Finder,
        42,
        "the finder `in_zones` is for the edge `Zonee`, which is not declared",
        "did you mean `Zone`?",
    ),
    mistake(
        "a parent that is misspelt everywhere",
        |_| {
            let clusters = clusters(|clusters| {
                clusters.edge(resource("Zoen"), at(41));
                add_finder(clusters, "in_zones", "Zoen", None, 42);
                clusters.rule(Rule::effect::<Delete>("remove", at(43)).from(resource("Zoen")));
            });
            Some(clusters)
        },
        FaultKind::UnknownResource,
        41,
        "`Cluster` has an edge to `Zoen`, but no extension is for `Zoen`",
        "did you mean `Zone`?",
    ),
    mistake(
        "an edge without a finder",
        |_| {
            let clusters = clusters(|clusters| {
                clusters.edge(resource("Zone"), at(41));
                clusters.rule(Rule::effect::<Delete>("remove", at(43)).from(resource("Zone")));
            });
            Some(clusters)
        },
        FaultKind::Finder,
        41,
        "which has no finder for it",
        "declare one: `declaration.finder(\"…\", Zone, None, place!(), …)`",
    ),
    mistake(
        "an edge that is declared twice",
        |hosts| {
            hosts.edge(resource("Zone"), at(30));
            None
        },
        FaultKind::EdgeTwice,
        30,
        "the edge from `Zone` to `Host` is declared twice",
        "remove one of the two declarations, or give one a role: `declaration.edge(Zone.in_role(\"…\"), place!())`",
    ),
    mistake(
        "two finders of an edge",
        |hosts| {
            add_finder(hosts, "again", "Zone", None, 30);
            None
        },
        FaultKind::Finder,
        30,
        "the edge `Zone` has two finders, `in_zones` and `again`",
        "keep one, or pass the operation that one is for, such as `Some(Delete::DESCRIPTOR)`",
    ),
    mistake(
        "a finder of an operation without rules",
        |hosts| {
            add_finder(hosts, "suspended", "Zone", Some(Suspend::DESCRIPTOR), 30);
            None
        },
        FaultKind::Finder,
        30,
        "the finder `suspended` is never called: it is for `Suspend`",
        "add a rule, such as `Rule::effect::<Suspend>(…).from(Zone)`, or remove the finder",
    ),
    mistake(
        "a finder with ids of another type",
        |_| {
            let clusters = clusters(|clusters| {
                clusters.edge(resource("Zone"), at(41));
                clusters.finder(
                    "in_zones",
                    resource("Zone"),
                    None,
                    at(42),
                    |(), _: &[String], _| -> HandlerFuture<'_, Found<String, u64>> {
                        Box::pin(async { Ok(Found::Children(Vec::new())) })
                    },
                );
                clusters.rule(Rule::effect::<Delete>("remove", at(43)).from(resource("Zone")));
            });
            Some(clusters)
        },
        FaultKind::Finder,
        42,
        "the id type of the finder `in_zones` differs from that of its parent `Zone`",
        "let its function take `&[u64]`, the ids of `Zone`",
    ),
    mistake(
        "a parent with ids of another type",
        |hosts| {
            let zone = ResourceDescriptor::runtime::<String>("Zone", at(9));
            hosts.rule(Rule::effect::<Delete>("remove", at(30)).from(zone).root(resource("Host")));
            None
        },
        FaultKind::ResourceNameTwice,
        1,
        "the resource name `Zone` is declared by 2 types",
        "declare it with one type of ids everywhere, or give one of them another name: \
         `ResourceDescriptor::runtime::<Id>(\"…\", place!())`",
    ),
    mistake(
        "two rules for one case",
        |hosts| {
            hosts.rule(Rule::effect::<Delete>("stop", at(30)).from(resource("Zone")));
            None
        },
        FaultKind::RuleTwice,
        30,
        "two rules of `Host` for `Delete` from `Zone` have equal precedence",
        "remove one, or add `.root(…)` to the more specific one",
    ),
    mistake(
        "a policy without a parent",
        |hosts| {
            hosts.rule(Rule::restrict::<Delete>(at(30)).root(resource("Zone")));
            None
        },
        FaultKind::Rule,
        30,
        "a policy for `Delete` names no edge",
        "add the parent: `.from(…)`",
    ),
    mistake(
        "a rule for another root without a parent",
        |hosts| {
            hosts.rule(effect(30).root(resource("Zone")));
            None
        },
        FaultKind::Rule,
        30,
        "is only for the root `Zone`, but names no edge: it would never apply",
        "add the parent: `.from(…)`; without it, the rule is for an instance that is itself the root",
    ),
    mistake(
        "a rule for a misspelt root",
        |hosts| {
            hosts.rule(
                Rule::effect::<Delete>("remove", at(30)).from(resource("Zone")).root(resource("Zonne")),
            );
            None
        },
        FaultKind::UnknownResource,
        30,
        "`Host` has a rule for the root `Zonne`, but no extension is for `Zonne`",
        "did you mean `Zone`?",
    ),
    mistake(
        "an order after a resource without an extension",
        |hosts| {
            hosts.after(resource("Credential"), at(30));
            None
        },
        FaultKind::UnknownResource,
        30,
        "`Host` is ordered after `Credential`, but no extension is for `Credential`",
        "declare its extension too: `builder.declare(…)` with a declaration for `Credential`",
    ),
    mistake(
        "an order that contradicts an edge",
        |hosts| {
            hosts.after(resource("Zone"), at(30));
            None
        },
        FaultKind::After,
        30,
        "`Host` cannot be ordered after `Zone`: for `Delete`, `Zone` waits for `Host`",
        "remove the call `declaration.after(Zone, …)`, or the edge or `after` that requires the opposite order",
    ),
    mistake(
        "a leaf that supersedes a removal",
        |hosts| {
            hosts.rule(from_zone(Rule::effect::<Delete>("stop", at(30))).leaf());
            hosts.supersedes("stop", ["remove"]);
            None
        },
        FaultKind::Supersedes,
        21,
        "`stop` has a `leaf` rule for `Delete`, but supersedes `remove`",
        "turn it round: `declaration.supersedes(\"remove\", [\"stop\"])`, or remove `.leaf()`",
    ),
];

/// Extensions as a whole.
const EXTENSIONS: &[Mistake] = &[
    mistake(
        "two extensions of one resource",
        |_| Some(Declared::new("MoreHosts", resource("Host"), at(50))),
        FaultKind::ResourceClaimedTwice,
        20,
        "`Host` has 2 extensions that are not add-ons",
        "keep one, and mark those that only add edges: `declaration.addon()`",
    ),
    mistake(
        "an add-on alone",
        |_| {
            let mut racks = Declared::new("RackAddon", resource("Rack"), at(50));
            racks.addon();
            Some(racks)
        },
        FaultKind::AddonAlone,
        50,
        "`Rack` has only add-ons as extensions",
        "declare the extension that owns `Rack`: `builder.declare(…)`, or remove one call `addon()`",
    ),
    mistake(
        "a batch of zero",
        |hosts| {
            hosts.settings(StepSettings::default().batch(0));
            None
        },
        FaultKind::Settings,
        20,
        "the batch of `Hosts` is zero",
        "set it to more than zero: `declaration.settings(StepSettings::default().batch(…))`",
    ),
    mistake(
        "a timeout of zero",
        |hosts| {
            hosts.settings(StepSettings::default().timeout(Some(Duration::ZERO)));
            None
        },
        FaultKind::Settings,
        20,
        "the timeout of `Hosts` is zero",
        "set it to more than zero: `declaration.settings(StepSettings::default().timeout(…))`",
    ),
    mistake(
        "a method of an operation without rules",
        |hosts| {
            hosts.begin::<Suspend, _>("mark", at(30), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
            None
        },
        FaultKind::Phase,
        30,
        "`mark` never runs: it is for `Suspend`, for which `Hosts` has no rule",
        "add a rule, such as `Rule::effect::<Suspend>(…)`, or remove the method",
    ),
    mistake(
        "a resource that is shared along two edges",
        |hosts| {
            let mut clusters = root("Cluster", 40);
            for (parent, finder, line) in [("Zone", "in_zones", 41), ("Host", "of_hosts", 42)] {
                clusters.edge(resource(parent), at(line));
                add_finder(&mut clusters, finder, parent, None, line);
            }
            clusters.rule(Rule::shared::<Delete>(at(43)).from(resource("Zone")));
            clusters.rule(Rule::shared::<Delete>(at(44)).from(resource("Host")));
            hosts.docs("Hosts.");
            Some(clusters)
        },
        FaultKind::SharedTwice,
        44,
        "is `shared` along the edges from `Zone` and from `Host`",
        "keep one `Rule::shared` or `with_last_owner`; along the other edge, use `Rule::restrict` or an effect that \
         checks for owners itself",
    ),
];

/// Clusters in zones, with a second edge to another zone, in the role `standby`.
fn clusters_with_standby() -> Declared {
    clusters(|clusters| {
        for (parent, finder, line) in [
            (resource("Zone").into(), "in_zones", 41),
            (resource("Zone").in_role("standby"), "with_standby", 42),
        ] {
            add_edge(clusters, parent, finder, line);
        }
    })
}

fn add_edge(clusters: &mut Declared, parent: EdgeParent, finder: &'static str, line: u32) {
    clusters.edge(parent.clone(), at(line));
    clusters.finder(finder, parent.clone(), None, at(line), |(), _: &[u64], _| {
        Box::pin(async { Ok(Found::Pairs(Vec::new())) })
    });
    clusters.rule(Rule::effect::<Delete>("remove", at(line)).from(parent));
}

/// Roles that do not tell edges apart, and misspelt ones.
const ROLES: &[Mistake] = &[
    mistake(
        "a role of two edges",
        |_| {
            let mut clusters = clusters_with_standby();
            add_edge(&mut clusters, resource("Host").in_role("standby"), "of_hosts", 50);
            Some(clusters)
        },
        FaultKind::EdgeTwice,
        50,
        "two edges of `Cluster` have the role `standby`",
        "give one of them another role, or remove it",
    ),
    mistake(
        "a role with the name of a resource",
        |_| {
            let mut clusters = clusters_with_standby();
            add_edge(&mut clusters, resource("Zone").in_role("Host"), "of_hosts", 50);
            Some(clusters)
        },
        FaultKind::Name,
        50,
        "the role `Host` has the name of a resource",
        "give the role another name, such as that of the column with the reference",
    ),
    mistake(
        "an empty role",
        |_| {
            let mut clusters = clusters_with_standby();
            add_edge(&mut clusters, resource("Zone").in_role(""), "of_hosts", 50);
            Some(clusters)
        },
        FaultKind::Name,
        50,
        "the name of this role is empty",
        "give it a name",
    ),
    mistake(
        "a rule from a misspelt role",
        |_| {
            let mut clusters = clusters_with_standby();
            clusters.rule(effect(50).from(resource("Zone").in_role("stanby")).root(resource("Host")));
            Some(clusters)
        },
        FaultKind::Rule,
        50,
        "is from `stanby`, which is not a declared edge",
        "did you mean `standby`?",
    ),
    mistake(
        "a rule from a parent whose only edge has a role",
        |_| {
            let clusters = clusters(|clusters| {
                add_edge(clusters, resource("Zone").in_role("standby"), "with_standby", 42);
                clusters.rule(effect(50).from(resource("Zone")).root(resource("Host")));
            });
            Some(clusters)
        },
        FaultKind::Rule,
        50,
        "is from `Zone`, which is not a declared edge",
        "did you mean `standby`?",
    ),
    mistake(
        "a role without a rule",
        |_| {
            let mut clusters = clusters_with_standby();
            clusters.edge(resource("Zone").in_role("spare"), at(50));
            Some(clusters)
        },
        FaultKind::Undecided,
        50,
        "`Cluster` has no rule for `Delete` from `spare`",
        "add a rule with `.from(parent.in_role(\"spare\"))`, or \
         `.rule(Rule::ignore::<Delete>(place!()).from(parent.in_role(\"spare\")))`, where `parent` is the descriptor of \
         `Zone`",
    ),
    mistake(
        "a role without a finder",
        |_| {
            let mut clusters = clusters_with_standby();
            clusters.edge(resource("Zone").in_role("spare"), at(50));
            clusters.rule(effect(51).from(resource("Zone").in_role("spare")));
            Some(clusters)
        },
        FaultKind::Finder,
        50,
        "`Delete` propagates along the edge from `spare` to `Cluster`, which has no finder for it",
        "declare one: `declaration.finder(\"…\", Zone.in_role(\"spare\"), None, place!(), …)`",
    ),
    mistake(
        "a resource that is shared along two roles",
        |_| {
            let clusters = clusters(|clusters| {
                for role in ["first", "second"] {
                    let parent = resource("Zone").in_role(role);
                    clusters.edge(parent.clone(), at(42));
                    clusters.finder(role, parent.clone(), None, at(42), |(), _: &[u64], _| {
                        Box::pin(async { Ok(Found::Pairs(Vec::new())) })
                    });
                    clusters.rule(Rule::shared::<Delete>(at(50)).from(parent));
                }
            });
            Some(clusters)
        },
        FaultKind::SharedTwice,
        50,
        "is `shared` along the edges from `first` and from `second`",
        "keep one `Rule::shared` or `with_last_owner`; along the other edge, use `Rule::restrict` or an effect that \
         checks for owners itself",
    ),
];

#[test]
fn a_cloud_with_roles_has_no_fault() {
    assert!(build([zones(), hosts(), clusters_with_standby()]).is_ok());
}

#[test]
fn every_mistake_is_one_fault_with_its_place_and_help() {
    let all = || [CALLS, NAMES, EDGES, EXTENSIONS, ROLES].into_iter().flatten();
    assert!(all().count() >= 30);
    for mistake in all() {
        let mut hosts = hosts();
        let further = (mistake.make)(&mut hosts);
        let error = build([zones(), hosts].into_iter().chain(further)).expect_err(mistake.name);
        let [fault] = error.faults() else { panic!("{}: {error}", mistake.name) };
        assert_eq!(fault.kind(), mistake.kind, "{}: {error}", mistake.name);
        assert_eq!(fault.places().first(), Some(&at(mistake.line)), "{}: {error}", mistake.name);
        assert!(fault.message().contains(mistake.says), "{}: {error}", mistake.name);
        assert_eq!(fault.help(), mistake.help, "{}", mistake.name);
    }
}

#[test]
fn a_declaration_with_ids_of_another_type_than_its_resource_is_one_fault() {
    let numbers = Declaration::<(), String>::new("Racks", resource("Rack"), at(30));
    let error = cascade_core::Cascade::builder().declare((), numbers).build().unwrap_err();
    let [fault] = error.faults() else { panic!("{error}") };
    assert_eq!(fault.kind(), FaultKind::Finder);
    assert_eq!(fault.places(), [at(30)]);
    assert_eq!(fault.help(), "declare it with ids of type `u64`: `Declaration::<_, u64>::new(…)`");
}

#[test]
fn the_cloud_without_a_mistake_has_no_fault() {
    assert!(build([zones(), hosts()]).is_ok());
    let mut racks = root("Rack", 30);
    racks.edge(resource("Zone"), Place::described("constraint 1"));
    add_finder(&mut racks, "in_zones", "Zone", None, 32);
    racks.rule(Rule::effect::<Delete>("remove", at(33)).from(resource("Zone")).leaf());
    assert!(build([zones(), hosts(), racks]).is_ok());
}
