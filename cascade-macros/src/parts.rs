//! The parts of a declaration as the library reads them: without a pointer, so that a program has nothing to relocate.
//! What they name, they name by its number.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::Attribute;

use crate::adapter::number_of;
use crate::args::PolicyKind;
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::model::{Decision, Finder, Model, Phase, Rule};
use crate::place::line;
use crate::types::TypeRef;

/// What resources and operations are numbered by: the order in which they are first named.
pub(crate) struct Numbers<'m> {
    pub(crate) resources: Vec<&'m TypeRef>,
    pub(crate) operations: Vec<&'m TypeRef>,
}

impl<'m> Numbers<'m> {
    pub(crate) fn new(resource: &'m TypeRef) -> Self {
        Self { resources: vec![resource], operations: Vec::new() }
    }

    fn resource(&mut self, ty: &'m TypeRef) -> Literal {
        number_in(&mut self.resources, ty)
    }

    fn operation(&mut self, ty: &'m TypeRef) -> Literal {
        number_in(&mut self.operations, ty)
    }
}

fn number_in<'m>(known: &mut Vec<&'m TypeRef>, ty: &'m TypeRef) -> Literal {
    let number = known.iter().position(|known| known.is_spelled(ty)).unwrap_or_else(|| {
        known.push(ty);
        known.len() - 1
    });
    number_of(number)
}

/// Parts of a declaration that are there under the same conditions.
struct Run<'m> {
    cfgs: &'m [Attribute],
    parts: Vec<TokenStream>,
}

/// The parts in their order, those under the same conditions in one statement.
pub(crate) fn parts<'m>(extension: &Ident, model: &'m Model, numbers: &mut Numbers<'m>) -> Vec<TokenStream> {
    let mut runs: Vec<Run<'m>> = Vec::new();
    let mut add = |cfgs: &'m [Attribute], parts: Vec<TokenStream>| match runs.last_mut() {
        Some(last) if last.cfgs.is_empty() && cfgs.is_empty() => last.parts.extend(parts),
        _ => runs.push(Run { cfgs, parts }),
    };
    let at = line(extension.span());
    add(&[], vec![quote!(At { line: #at })]);
    for edge in &model.edges {
        let (line, resource) = (line(edge.span()), numbers.resource(edge));
        add(&[], vec![quote!(Edge { line: #line, resource: #resource })]);
    }
    for other in &model.after {
        let (line, resource) = (line(other.at), numbers.resource(&other.ty));
        add(&[], vec![quote!(After { line: #line, resource: #resource })]);
    }
    for one in &model.finders {
        add(&model.methods[one.method].cfgs, finder(one, numbers));
    }
    for (number, method) in model.methods.iter().enumerate() {
        if !method.rules.is_empty() {
            add(&method.cfgs, effect(number, method, model));
        }
    }
    for one in &model.phases {
        add(&model.methods[one.method].cfgs, phase(one, model, numbers));
    }
    for one in &model.rules {
        let cfgs: &[Attribute] = match &one.decision {
            Decision::Effect { method, .. } => &model.methods[*method].cfgs,
            Decision::Policy(_) => &[],
        };
        add(cfgs, rule(one, numbers));
    }
    runs.into_iter().map(Run::statement).collect()
}

impl Run<'_> {
    fn statement(self) -> TokenStream {
        let Self { cfgs, parts } = self;
        quote!(#(#cfgs)* written.parts(&[#(__Part::#parts),*]);)
    }
}

fn finder<'m>(finder: &'m Finder, numbers: &mut Numbers<'m>) -> Vec<TokenStream> {
    let (line, method) = (line(finder.edge.at), number_of(finder.method));
    let resource = numbers.resource(&finder.edge.ty);
    let mut parts = vec![quote!(Finder { line: #line, method: #method, resource: #resource })];
    if let Some(operation) = &finder.operation {
        let operation = numbers.operation(&operation.ty);
        parts.push(quote!(ForOperation { operation: #operation }));
    }
    parts
}

/// The effect that the method is, with what it supersedes.
fn effect(number: usize, method: &Method, model: &Model) -> Vec<TokenStream> {
    let (line, number) = (line(method.name.span()), number_of(number));
    let mut parts = vec![quote!(Effect { line: #line, method: #number })];
    parts.extend(named(&method.supersedes, model).map(|other| quote!(Supersedes { method: #other })));
    parts
}

fn phase<'m>(phase: &'m Phase, model: &Model, numbers: &mut Numbers<'m>) -> Vec<TokenStream> {
    let (line, method) = (line(phase.operation.at), number_of(phase.method));
    let operation = numbers.operation(&phase.operation.ty);
    let kind = match phase.kind {
        PhaseKind::Check => quote!(Check),
        PhaseKind::Begin => quote!(Begin),
        PhaseKind::Cleanup => quote!(Cleanup),
        PhaseKind::Verify => quote!(Verify),
    };
    let mut parts = vec![quote! {
        Phase { line: #line, phase: ::cascade_core::Phase::#kind, method: #method, operation: #operation }
    }];
    parts.extend(named(&phase.effects, model).map(|effect| quote!(Only { method: #effect })));
    parts
}

/// The numbers of the methods of these names; those that are none have been reported.
fn named(names: &[Ident], model: &Model) -> impl Iterator<Item = Literal> {
    let number = |name: &Ident| model.methods.iter().position(|method| method.name == *name);
    names.iter().filter_map(number).map(number_of)
}

fn rule<'m>(rule: &'m Rule, numbers: &mut Numbers<'m>) -> Vec<TokenStream> {
    let (line, operation) = (line(rule.operation.at), numbers.operation(&rule.operation.ty));
    let (start, end) = match &rule.decision {
        Decision::Effect { method, leaf, shared } => {
            let method = number_of(*method);
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
    let mut parts = vec![start];
    for edge in &rule.from {
        let resource = numbers.resource(&edge.ty);
        parts.push(quote!(From { resource: #resource }));
    }
    for root in &rule.roots {
        let resource = numbers.resource(root);
        parts.push(quote!(Root { resource: #resource }));
    }
    parts.extend(end);
    parts
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
