//! The edges of an `impl`, and which of them a name in `by` or `from` means: the role of an edge, or the type of an edge
//! without a role.

use crate::args::Args;
use crate::edge::{Edge, Role};
use crate::errors::{Errors, closest, listed};
use crate::types::TypeRef;

/// The entries of `edges`, without those that repeat an earlier one.
pub(crate) fn declared(args: &Args, errors: &mut Errors) -> Vec<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for edge in &args.edges.entries {
        if !is_repeated(edge, &edges, errors) {
            if let Some(role) = &edge.role {
                check_name(role, args, errors);
            }
            edges.push(edge.clone());
        }
    }
    edges
}

/// Whether an earlier edge has the same name, which is reported.
fn is_repeated(edge: &Edge, earlier: &[Edge], errors: &mut Errors) -> bool {
    let is_same = |other: &Edge| match (&edge.role, &other.role) {
        (Some(role), Some(other)) => role.has_name_of(other),
        (None, None) => other.resource.matches(&edge.resource),
        _ => false,
    };
    if !earlier.iter().any(is_same) {
        return false;
    }
    if let Some(role) = &edge.role {
        errors.at(role, format!("the role `{role}` is declared twice: give each edge its own role"));
    } else {
        let ty = &edge.resource;
        let message =
            format!("the edge `{ty}` is listed twice: remove one, or give one a role: `role: {ty}`");
        errors.at(ty, message);
    }
    true
}

/// Reports a role that could not be named, or could be taken for something else.
fn check_name(role: &Role, args: &Args, errors: &mut Errors) {
    let name = role.to_string();
    let message = if role.is_keyword() {
        let can_be_raw = !["crate", "self", "super", "Self"].contains(&name.as_str());
        let raw = if can_be_raw { format!("write `r#{name}`, or ") } else { String::new() };
        format!("`{name}` is a keyword, which cannot be a role: {raw}choose another name")
    } else if name == "others" {
        String::from("`others` cannot be a role: `from = others` means all other edges")
    } else if args.resource.as_ref().is_some_and(|own| own.name() == name) {
        format!("the role `{name}` has the name of the resource itself: choose another name")
    } else if args.edges.entries.iter().any(|edge| edge.resource.name() == name) {
        format!("the role `{name}` has the name of the type of an edge: choose another name")
    } else {
        return;
    };
    errors.incomplete_at(role, message);
}

/// What a name in `by` or `from` means.
pub(crate) enum Named {
    /// The edge with that index.
    Edge(usize),
    /// Perhaps the edge with that index, to a type of a similar name. The compiler can tell.
    SimilarType(usize),
    /// No edge. The message suggests edges with a role; if it is only one, `meant` is its index.
    Misnamed { message: String, meant: Option<usize> },
    /// No edge, and none is similar.
    Unlisted { message: String },
}

/// The edge that is named so.
pub(crate) fn named(name: &TypeRef, edges: &[Edge]) -> Named {
    let is_exact = |edge: &Edge| match &edge.role {
        Some(role) => name.ident().is_some_and(|word| role.is(word)),
        None => edge.resource.matches(name),
    };
    if let Some(index) = edges.iter().position(is_exact) {
        return Named::Edge(index);
    }
    if edges.iter().any(|edge| edge.resource.matches(name)) {
        let wrong = format!("`{name}` has only edges with a role");
        return misnamed(&wrong, edges, |edge| edge.resource.matches(name));
    }
    let known: Vec<String> = edges.iter().flat_map(words).collect();
    let Some(close) = closest(name.name(), known.iter().map(String::as_str)) else {
        return Named::Unlisted { message: unlisted(name, edges) };
    };
    let is_close = |edge: &Edge| words(edge).any(|word| word == close);
    if let Some(index) = edges.iter().position(|edge| edge.role.is_none() && is_close(edge)) {
        return Named::SimilarType(index);
    }
    let is_type = edges.iter().any(|edge| edge.resource.name() == close);
    let and = if is_type { format!(", and `{close}` has only edges with a role") } else { String::new() };
    misnamed(&format!("`{name}` is not among the edges{and}"), edges, is_close)
}

/// The words that an author may have misspelled: the role of the edge and the name of its type.
fn words(edge: &Edge) -> impl Iterator<Item = String> {
    edge.role.iter().map(Role::to_string).chain([edge.resource.name().to_owned()])
}

fn misnamed(wrong: &str, edges: &[Edge], is_meant: impl Fn(&Edge) -> bool) -> Named {
    let meant: Vec<usize> = (0..edges.len()).filter(|index| is_meant(&edges[*index])).collect();
    let roles: Vec<String> = meant.iter().map(|index| edges[*index].in_code()).collect();
    let message = format!("{wrong}: did you mean {}?", listed(&roles, "or"));
    Named::Misnamed { message, meant: meant.first().copied().filter(|_| meant.len() == 1) }
}

fn unlisted(name: &TypeRef, edges: &[Edge]) -> String {
    let is_role = name.is_like_role();
    let entry = if is_role { format!("{name}: …") } else { name.to_string() };
    if edges.is_empty() {
        return format!("`{name}` is not among the edges: add `edges = [{entry}]` to `#[cascade]`");
    }
    let entry = if is_role { format!("`{entry}`") } else { String::from("it") };
    format!("`{name}` is not among the edges, which are {}: add {entry} to `edges`", listed(edges, "and"))
}
