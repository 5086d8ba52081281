//! The items of a declaration, as arrays of plain values. They refer to types and methods by index and hold no pointer,
//! so that a program needs no relocations for them.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use crate::adapter::index_literal;
use crate::args::PolicyKind;
use crate::edge::Edge;
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::model::{Decision, Finder, Model, Phase, Rule};
use crate::place::line;
use crate::types::TypeRef;

/// The resources and operations of a declaration. Their order is the order of their first use, which gives their
/// indices.
pub(crate) struct TypeTable<'m> {
    pub(crate) resources: Vec<&'m TypeRef>,
    pub(crate) operations: Vec<&'m TypeRef>,
}

impl<'m> TypeTable<'m> {
    pub(crate) fn new(resource: &'m TypeRef) -> Self {
        Self { resources: vec![resource], operations: Vec::new() }
    }

    fn resource(&mut self, ty: &'m TypeRef) -> Literal {
        index_in(&mut self.resources, ty)
    }

    fn operation(&mut self, ty: &'m TypeRef) -> Literal {
        index_in(&mut self.operations, ty)
    }
}

/// The index of the type, which is added if it is new.
fn index_in<'m>(known: &mut Vec<&'m TypeRef>, ty: &'m TypeRef) -> Literal {
    let index = known.iter().position(|known| known.has_spelling_of(ty)).unwrap_or_else(|| {
        known.push(ty);
        known.len() - 1
    });
    index_literal(index)
}

/// The statement that adds all items in order.
pub(crate) fn declaration_items<'m>(
    extension: &Ident,
    model: &'m Model,
    types: &mut TypeTable<'m>,
) -> TokenStream {
    let at = line(extension.span());
    let mut items = vec![quote!(At { line: #at })];
    for (index, edge) in model.edges.iter().enumerate() {
        let (line, resource) = (line(edge.at()), types.resource(&edge.resource));
        items.push(quote!(Edge { line: #line, resource: #resource }));
        items.extend(role(index, model));
        items.extend(model.may_cut.contains(&index).then(|| quote!(MayCut)));
        items.extend((model.exclusive == Some(index)).then(|| quote!(Exclusive)));
    }
    for other in &model.after {
        let (line, resource) = (line(other.at), types.resource(&other.ty));
        items.push(quote!(After { line: #line, resource: #resource }));
    }
    for one in &model.finders {
        items.extend(finder(one, model, types));
    }
    for (index, method) in model.methods.iter().enumerate() {
        if !method.rules.is_empty() {
            items.extend(effect(index, method, model));
        }
    }
    for one in &model.phases {
        items.extend(phase(one, model, types));
    }
    for one in &model.rules {
        items.extend(rule(one, model, types));
    }
    quote!(writer.items(&[#(__Item::#items),*]);)
}

/// The role of the edge with that index, if it has one. The roles are numbered after the methods.
fn role(edge: usize, model: &Model) -> Option<TokenStream> {
    let has_role = |edge: &&Edge| edge.role.is_some();
    has_role(&&model.edges[edge]).then(|| {
        let before = model.edges[..edge].iter().filter(has_role).count();
        let name = index_literal(model.methods.len() + before);
        quote!(Role { name: #name })
    })
}

fn finder<'m>(finder: &'m Finder, model: &Model, types: &mut TypeTable<'m>) -> Vec<TokenStream> {
    let (line, method) = (line(finder.edge.at), index_literal(finder.method));
    let resource = types.resource(&finder.edge.ty);
    let mut items = vec![quote!(Finder { line: #line, method: #method, resource: #resource })];
    items.extend(role(finder.edge.index, model));
    if let Some(operation) = &finder.operation {
        let operation = types.operation(&operation.ty);
        items.push(quote!(ForOperation { operation: #operation }));
    }
    items
}

/// The effect of a method that has rules, and the effects that it supersedes.
fn effect(index: usize, method: &Method, model: &Model) -> Vec<TokenStream> {
    let (line, index) = (line(method.name.span()), index_literal(index));
    let mut items = vec![quote!(Effect { line: #line, method: #index })];
    items
        .extend(method_indices(&method.supersedes, model).map(|other| quote!(Supersedes { method: #other })));
    items
}

fn phase<'m>(phase: &'m Phase, model: &Model, types: &mut TypeTable<'m>) -> Vec<TokenStream> {
    let (line, method) = (line(phase.operation.at), index_literal(phase.method));
    let operation = types.operation(&phase.operation.ty);
    let kind = match phase.kind {
        PhaseKind::Check => quote!(Check),
        PhaseKind::Begin => quote!(Begin),
        PhaseKind::Cleanup => quote!(Cleanup),
        PhaseKind::Verify => quote!(Verify),
    };
    let mut items = vec![quote! {
        Phase { line: #line, phase: ::cascade_core::Phase::#kind, method: #method, operation: #operation }
    }];
    items.extend(method_indices(&phase.effects, model).map(|effect| quote!(Only { method: #effect })));
    items
}

/// The indices of the methods with these names. Unknown names are omitted: they have been reported.
fn method_indices(names: &[Ident], model: &Model) -> impl Iterator<Item = Literal> {
    let index = |name: &Ident| model.methods.iter().position(|method| method.name == *name);
    names.iter().filter_map(index).map(index_literal)
}

fn rule<'m>(rule: &'m Rule, model: &Model, types: &mut TypeTable<'m>) -> Vec<TokenStream> {
    let (line, operation) = (line(rule.operation.at), types.operation(&rule.operation.ty));
    let (start, end) = match &rule.decision {
        Decision::Effect { method, leaf, shared } => {
            let method = index_literal(*method);
            let end = match (leaf, shared) {
                (true, _) => Some(quote!(Leaf)),
                (false, true) => Some(quote!(WithLastOwner)),
                (false, false) => None,
            };
            (quote!(Runs { line: #line, operation: #operation, method: #method }), end)
        }
        Decision::Policy(kind) => {
            let policy = policy(*kind);
            (
                quote! {
                    Policy {
                        line: #line,
                        operation: #operation,
                        policy: ::cascade_core::__private::Policy::#policy,
                    }
                },
                None,
            )
        }
    };
    let mut items = vec![start];
    for edge in &rule.from {
        let resource = types.resource(&edge.ty);
        items.push(quote!(From { resource: #resource }));
        items.extend(role(edge.index, model));
    }
    for root in &rule.roots {
        let resource = types.resource(root);
        items.push(quote!(Root { resource: #resource }));
    }
    items.extend(end);
    items
}

fn policy(kind: PolicyKind) -> TokenStream {
    match kind {
        PolicyKind::Ignore => quote!(Ignore),
        PolicyKind::Retain => quote!(Retain),
        PolicyKind::Restrict => quote!(Restrict),
        PolicyKind::WithParent => quote!(WithParent),
        PolicyKind::Shared => quote!(Shared),
    }
}
