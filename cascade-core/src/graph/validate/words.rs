//! The words of messages and helps.

use crate::model::{EdgeParent, Name, ResourceDescriptor, nearest};

/// The help for a declaration: a call if a call made the declaration, else a part of the attribute.
pub(crate) fn help(by_hand: bool, call: impl Into<String>, attribute: impl Into<String>) -> String {
    if by_hand { call.into() } else { attribute.into() }
}

/// The nearest of the declared names. If none is near, the other help.
pub(crate) fn did_you_mean<'a>(
    declared: impl Iterator<Item = &'a str> + Clone,
    wanted: &str,
    otherwise: impl Into<String>,
) -> String {
    let others = declared.filter(|name| *name != wanted);
    nearest(others, wanted).map_or_else(|| otherwise.into(), |name| format!("did you mean `{name}`?"))
}

/// The help for the name of an effect that is not declared.
pub(crate) fn effect_help<'a>(
    by_hand: bool,
    declared: impl Iterator<Item = &'a Name> + Clone,
    effect: &str,
) -> String {
    let declare = help(
        by_hand,
        format!("declare it: `declaration.effect({effect:?}, place!(), …)`"),
        "name a method with `#[on(…)]`",
    );
    did_you_mean(declared.map(AsRef::as_ref), effect, declare)
}

/// The call that declares an edge.
pub(crate) fn declare_edge(parent: &EdgeParent) -> String {
    format!("declare the edge: `declaration.edge({}, place!())`", edge_call(parent))
}

/// The parent end of an edge as an argument of a call.
pub(crate) fn edge_call(parent: &EdgeParent) -> String {
    match parent.role() {
        Some(role) => format!("{}.in_role({role:?})", parent.name()),
        None => parent.name().to_owned(),
    }
}

/// Edges in a message.
pub(crate) fn list_edges(parents: &[EdgeParent]) -> String {
    parents.iter().map(|parent| format!("`{}`", parent.label())).collect::<Vec<_>>().join(", ")
}

/// Resources in a message.
pub(crate) fn list(resources: &[ResourceDescriptor]) -> String {
    resources.iter().map(|resource| format!("`{}`", resource.name())).collect::<Vec<_>>().join(", ")
}
