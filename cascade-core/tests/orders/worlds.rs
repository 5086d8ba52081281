//! The worlds. Each has at most five instances.

use crate::world::Decision::{
    LetsGo, Removes, RemovesWithLastOwner, Restrict, Retain, Shared, Stops, WithParent,
};
use crate::world::World;

/// A host with two VMs. One VM moves to another host, and one is started on this one.
fn host(name: &'static str) -> World {
    World::named(name)
        .roots("Host", "remove", "h")
        .edge("Vm Host", Removes("destroy"), "h>v1 h>v2")
        .moves("Vm Host", "h>v2", "k>v2")
        .arrives("Vm Host", "h>v3")
}

/// A VM on a host is stopped because of it, and destroyed because of its storage.
fn stopped_and_destroyed(name: &'static str) -> World {
    World::named(name)
        .roots("Zone", "remove", "z")
        .edge("Host Zone", Removes("remove"), "z>h")
        .edge("Storage Zone", Removes("remove"), "z>s")
        .edge("Vm Host", LetsGo("stop"), "h>v")
        .edge("Vm Storage", Removes("destroy"), "s>v")
        .supersedes("Vm", "destroy", "stop")
}

/// A service may be removed only because what restricts it is removed, too.
fn restricted(name: &'static str) -> World {
    World::named(name)
        .roots("App", "remove", "a")
        .edge("Service App", Removes("remove"), "a>s")
        .edge("Link App", Removes("unlink"), "a>l")
        .edge("Link Service", Restrict, "s>l")
}

/// A thing has two owners in one zone.
fn shared(name: &'static str, decision: crate::world::Decision) -> World {
    World::named(name).roots("Zone", "remove", "z").edge("Owner Zone", Removes("remove"), "z>o1 z>o2").edge(
        "Thing Owner",
        decision,
        "o1>t o2>t",
    )
}

/// A request remembers its newest diff, and lets go of it before the diff is removed.
fn request(name: &'static str) -> World {
    World::named(name).roots("Request", "remove", "r").edge("Request Diff", LetsGo("forget"), "d1>r").edge(
        "Diff Request",
        Removes("remove"),
        "r>d1 r>d2",
    )
}

fn folders(name: &'static str, links: &'static str) -> World {
    World::named(name).roots("Folder", "remove", "f").edge("Folder Folder", Removes("remove"), links)
}

pub(crate) fn worlds() -> Vec<World> {
    let mut worlds = departures();
    worlds.extend(parents());
    worlds.extend(policies());
    worlds.extend(cycles());
    worlds.extend(answers());
    worlds
}

fn departures() -> Vec<World> {
    let volumes = |name| {
        World::named(name).roots("Host", "remove", "h").edge("Vm Host", Removes("destroy"), "h>v").edge(
            "Volume Vm",
            Removes("wipe"),
            "v>d1",
        )
    };
    let chain = |name| {
        World::named(name)
            .roots("Zone", "remove", "z")
            .edge("Cluster Zone", Removes("remove"), "z>c")
            .edge("Host Cluster", Removes("remove"), "c>h")
            .edge("Vm Host", Removes("destroy"), "h>v")
    };
    vec![
        host("a VM moves to another host before its step").one_by_one(),
        host("a VM of a batch moves to another host"),
        host("a VM moves while a step runs on another VM").one_each(),
        volumes("a volume arrives below a VM, and another one moves away")
            .moves("Volume Vm", "v>d1", "w>d1")
            .arrives("Volume Vm", "v>d2"),
        volumes("a VM with a volume moves, and a volume arrives below it")
            .moves("Vm Host", "h>v", "k>v")
            .arrives("Volume Vm", "v>d2"),
        chain("a subtree moves below a cluster that arrives")
            .moves("Host Cluster", "c>h", "d>h")
            .arrives("Cluster Zone", "z>d"),
        chain("the lower end of a chain moves up to a host that arrives")
            .moves("Vm Host", "h>v", "k>v")
            .arrives("Host Cluster", "c>k"),
    ]
}

fn parents() -> Vec<World> {
    let diamond = |name| {
        World::named(name)
            .roots("Zone", "remove", "z")
            .edge("Host Zone", Removes("remove"), "z>h")
            .edge("Storage Zone", Removes("remove"), "z>s")
            .edge("Vm Host", Removes("destroy"), "h>v")
            .edge("Vm Storage", Removes("destroy"), "s>v")
    };
    let namespaces = |name| {
        World::named(name)
            .roots("Namespace", "drop", "a b")
            .edge("Table Namespace", Removes("purge"), "a>t1 a>t2")
            .moves("Table Namespace", "a>t2", "b>t2")
            .arrives("Table Namespace", "b>t3")
    };
    let roots = |name| {
        World::named(name)
            .roots("Host", "remove", "h")
            .roots("Storage", "remove", "s")
            .edge("Vm Host", LetsGo("stop"), "h>v")
            .edge("Vm Storage", Removes("destroy"), "s>v")
            .supersedes("Vm", "destroy", "stop")
    };
    let roles = |name| {
        World::named(name)
            .roots("Folder", "remove", "f")
            .edge("Project Folder", Removes("remove"), "f>p")
            .edge("Project Folder git_root", LetsGo("detach"), "f>p")
            .supersedes("Project", "remove", "detach")
    };
    vec![
        stopped_and_destroyed("a child loses the parent that removes it")
            .moves("Vm Storage", "s>v", "o>v")
            .arrives("Storage Zone", "z>o"),
        stopped_and_destroyed("a child loses the parent that stops it")
            .moves("Vm Host", "h>v", "k>v")
            .arrives("Host Zone", "z>k"),
        diamond("a child loses one of two parents, and its new parent arrives")
            .moves("Vm Host", "h>v", "k>v")
            .arrives("Host Zone", "z>k"),
        diamond("one of two parents moves away with its child")
            .moves("Host Zone", "z>h", "y>h")
            .arrives("Vm Storage", "s>w"),
        namespaces("a table moves between two roots"),
        namespaces("a table moves between two roots, one step at a time").one_by_one(),
        roots("a VM below roots of two resources loses the one that removes it")
            .moves("Vm Storage", "s>v", "o>v")
            .arrives("Vm Host", "h>w"),
        roots("a VM below roots of two resources loses the one that stops it")
            .moves("Vm Host", "h>v", "k>v")
            .arrives("Vm Storage", "s>w"),
        roles("a project loses its second role")
            .moves("Project Folder git_root", "f>p", "g>p")
            .arrives("Project Folder", "f>q"),
        roles("a project keeps its second role alone")
            .moves("Project Folder", "f>p", "g>p")
            .arrives("Project Folder git_root", "f>q"),
    ]
}

fn policies() -> Vec<World> {
    let nic = |name| {
        World::named(name).roots("Zone", "remove", "z").edge("Vm Zone", WithParent, "z>v").edge(
            "Nic Vm",
            Removes("detach"),
            "v>n",
        )
    };
    vec![
        restricted("what restricts a service moves to another application")
            .moves("Link App", "a>l", "b>l")
            .arrives("Link Service", "s>m"),
        restricted("a restricted service moves to another application")
            .moves("Service App", "a>s", "b>s")
            .arrives("Link App", "a>m"),
        shared("an owner of a shared child moves away", RemovesWithLastOwner("remove"))
            .moves("Owner Zone", "z>o2", "y>o2")
            .arrives("Thing Owner", "o1>u"),
        shared("an owner of a shared child without an effect moves away", Shared)
            .moves("Owner Zone", "z>o2", "y>o2")
            .arrives("Thing Owner", "o1>u"),
        shared("a shared child gets a new owner and loses one", RemovesWithLastOwner("remove"))
            .moves("Thing Owner", "o2>t", "p>t")
            .arrives("Owner Zone", "z>p"),
        nic("a NIC below a child that ends with its parent moves away")
            .moves("Nic Vm", "v>n", "w>n")
            .arrives("Nic Vm", "v>m"),
        nic("a child that ends with its parent moves away")
            .moves("Vm Zone", "z>v", "y>v")
            .arrives("Nic Vm", "v>m"),
        World::named("a child that ends with one of two parents loses one")
            .roots("Zone", "remove", "a b")
            .edge("Vm Zone", WithParent, "a>v b>v")
            .moves("Vm Zone", "b>v", "c>v")
            .arrives("Vm Zone", "a>w"),
        World::named("a retained child moves away")
            .roots("Host", "remove", "h")
            .edge("Vm Host", Removes("destroy"), "h>v")
            .edge("Image Host", Retain, "h>i")
            .moves("Image Host", "h>i", "k>i")
            .arrives("Vm Host", "h>w"),
        World::named("steps on one balancer do not overlap")
            .roots("Balancer", "remove", "b")
            .edge("Listener Balancer", Removes("remove"), "b>l1 b>l2")
            .exclusive()
            .one_each()
            .moves("Listener Balancer", "b>l2", "c>l2")
            .arrives("Listener Balancer", "b>l3"),
        World::named("a listener moves between two balancers")
            .roots("Balancer", "remove", "b c")
            .edge("Listener Balancer", Removes("remove"), "b>l1 c>l2")
            .exclusive()
            .one_each()
            .moves("Listener Balancer", "b>l1", "c>l1")
            .arrives("Listener Balancer", "c>l3"),
    ]
}

fn cycles() -> Vec<World> {
    vec![
        request("an older diff moves to another request")
            .moves("Diff Request", "r>d2", "q>d2")
            .arrives("Diff Request", "r>d3"),
        request("the newest diff moves to another request")
            .moves("Diff Request", "r>d1", "q>d1")
            .arrives("Diff Request", "r>d3"),
        request("a request remembers another diff")
            .moves("Request Diff", "d1>r", "d2>r")
            .arrives("Diff Request", "r>d3"),
        folders("folders of a cycle whose order may be given up", "f>g g>f")
            .may_cut()
            .moves("Folder Folder", "f>g", "x>g")
            .arrives("Folder Folder", "g>i"),
        folders("a folder moves below its sibling", "f>g f>h")
            .moves("Folder Folder", "f>h", "g>h")
            .arrives("Folder Folder", "h>i"),
        folders("a folder moves up in its tree", "f>g g>h")
            .moves("Folder Folder", "g>h", "f>h")
            .arrives("Folder Folder", "h>i"),
        folders("a folder that refers to itself moves away", "f>g g>g g>h")
            .moves("Folder Folder", "f>g", "x>g")
            .arrives("Folder Folder", "f>i"),
        World::named("a root moves below another root")
            .roots("Folder", "remove", "f g")
            .edge("Folder Folder", Removes("remove"), "f>h")
            .moves("Folder Folder", "f>h", "g>h")
            .arrives("Folder Folder", "f>g"),
    ]
}

fn answers() -> Vec<World> {
    vec![
        host("a conditional effect leaves what moved after the last look").conditional(),
        host("a conditional effect leaves what moved, one step at a time").conditional().one_by_one(),
        host("an effect leaves a VM that stays, and its host stays").stays("v2").one_each(),
        World::named("a stopped VM is still answered")
            .roots("Host", "remove", "h")
            .edge("Vm Host", Stops("stop"), "h>v1 h>v2")
            .one_each()
            .moves("Vm Host", "h>v2", "k>v2")
            .arrives("Vm Host", "h>v3"),
        World::named("an instance gets two effects and loses one")
            .roots("Zone", "remove", "z")
            .edge("Storage Zone", Removes("remove"), "z>s")
            .edge("Vm Storage", Removes("destroy"), "s>v")
            .edge("Vm Zone", Removes("archive"), "z>v")
            .moves("Vm Storage", "s>v", "o>v")
            .arrives("Vm Zone", "z>w"),
    ]
}
