//! The documents that rustdoc shows for an annotated `impl`, below its own doc comments: the resource, the edges, the
//! rules and the effects, with links to the types.

use std::fmt::Display;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{ImplItem, ItemImpl, Meta, Visibility};

use crate::annotated::Annotated;
use crate::errors::Errors;
use crate::impl_block::{insert_before_impl, without_docs};
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::model::{Decision, Finder, Mention, Model, Phase, Rule};
use crate::types::TypeRef;

/// The annotated `impl` with an attribute that writes its documents. The attribute is active only when rustdoc runs,
/// because the documents would take the compiler time.
///
/// Rustdoc omits an `impl` without public items, but shows an empty one. If nothing in the annotated `impl` is public,
/// the documents are on an empty `impl` beside it.
pub(crate) fn documented(args: &TokenStream, clean: TokenStream, item: &ItemImpl) -> TokenStream {
    let attribute = quote!(::cascade_core::__private::documents((#args) #item));
    if item.items.iter().any(is_public) {
        return insert_before_impl(clean, quote!(#[cfg_attr(doc, #attribute)]));
    }
    let comments = item
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc") && matches!(attribute.meta, Meta::NameValue(_)));
    let (clean, extension) = (without_docs(clean), &item.self_ty);
    quote! {
        #clean

        #[cfg(doc)]
        #(#comments)*
        #[#attribute]
        impl #extension {}
    }
}

/// Adds the documents to the item. `annotated` is the annotated `impl` with the arguments of `#[cascade]` before it, as
/// `(arguments) impl …`.
pub(crate) fn expand(annotated: TokenStream, item: TokenStream) -> TokenStream {
    let mut annotated = annotated.into_iter();
    let Some(TokenTree::Group(args)) = annotated.next() else { return item };
    // `#[cascade]` has reported these errors.
    let mut errors = Errors::default();
    let read = Annotated::read(args.stream(), &annotated.collect(), &mut errors);
    match &read.model.args.resource {
        Some(resource) => insert_before_impl(item, documents(resource, &read.model)),
        None => item,
    }
}

fn is_public(item: &ImplItem) -> bool {
    let visibility = match item {
        ImplItem::Fn(method) => &method.vis,
        ImplItem::Const(constant) => &constant.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

fn documents(resource: &TypeRef, model: &Model) -> TokenStream {
    let mut lines = Lines::default();
    lines.add("");
    lines.add("# Cascade");
    lines.add("");
    let extends = if model.args.addon { "Adds edges to" } else { "Extends" };
    lines.add(format!("{extends} {}.", link(resource)));
    if !model.after.is_empty() {
        let after = model.after.iter().map(|mention| link(&mention.ty));
        lines.add(format!("Its steps wait for those of {}.", joined(after, ", ")));
    }
    let parent = |edge: usize| {
        let edge = &model.edges[edge];
        edge.role.as_ref().map_or_else(|| link(&edge.resource), |role| format!("`{role}`"))
    };
    if let Some(edge) = model.exclusive {
        lines.add(format!("Its steps run one at a time per {}.", parent(edge)));
    }
    if !model.may_cut.is_empty() {
        let edges = model.may_cut.iter().map(|&edge| parent(edge));
        lines.add(format!(
            "In cycles, the order along the edges from {} may be given up.",
            joined(edges, ", ")
        ));
    }
    lines.table("| depends on | found by | for |", model.finders.iter().map(|one| finder(one, model)));
    lines.table("| operation | from | effect or policy |", model.rules.iter().map(|one| rule(one, model)));
    lines.table("| effect | supersedes |", model.methods.iter().filter_map(effect));
    lines.table("| operation | phase | method |", model.phases.iter().map(|one| phase(one, model)));
    let lines = lines.attributes;
    quote! {
        #(#lines)*
        #[allow(rustdoc::private_intra_doc_links, reason = "the links work in private documents")]
    }
}

/// The lines of the documents, each an attribute.
#[derive(Default)]
struct Lines {
    attributes: Vec<TokenStream>,
}

impl Lines {
    fn add(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        let text = if line.is_empty() { String::new() } else { format!(" {line}") };
        self.attributes.push(quote!(#[doc = #text]));
    }

    fn table(&mut self, head: &str, rows: impl Iterator<Item = String>) {
        let mut rows = rows.peekable();
        if rows.peek().is_some() {
            self.add("");
            self.add(head);
            self.add(format!("|{}", " --- |".repeat(head.matches('|').count() - 1)));
            rows.for_each(|row| self.add(row));
        }
    }
}

fn finder(finder: &Finder, model: &Model) -> String {
    let method = &model.methods[finder.method];
    let operation = finder.operation.as_ref();
    let operation =
        operation.map_or_else(|| String::from("every other operation"), |mention| link(&mention.ty));
    let operation = if is_only_finder(finder, model) { String::from("every operation") } else { operation };
    let role = finder.edge.role.as_ref().map(|role| format!("`{role}`: ")).unwrap_or_default();
    format!("| {role}{} | `{}` | {operation} |", link(&finder.edge.ty), method.name)
}

/// Whether the edge has no other finder.
fn is_only_finder(finder: &Finder, model: &Model) -> bool {
    let same_edge = model.finders.iter().filter(|other| other.edge.index == finder.edge.index);
    finder.operation.is_none() && same_edge.count() == 1
}

fn rule(rule: &Rule, model: &Model) -> String {
    let decision = match &rule.decision {
        Decision::Effect { method, leaf, shared } => {
            let method = &model.methods[*method];
            let how = match (leaf, shared) {
                (true, _) => " (leaf)",
                (false, true) => " (shared)",
                (false, false) => "",
            };
            format!("`{}`{how}", method.name)
        }
        Decision::Policy(kind) => kind.name().replace('_', " "),
    };
    let from = if rule.from.is_empty() { String::from("the root itself") } else { edges(&rule.from) };
    let roots = joined(rule.roots.iter().map(link), " or ");
    let started = if roots.is_empty() { roots } else { format!(", with the root {roots}") };
    format!("| {} | {from}{started} | {decision} |", link(&rule.operation.ty))
}

fn effect(method: &Method) -> Option<String> {
    let others = joined(method.supersedes.iter().map(|other| format!("`{other}`")), ", ");
    (!method.rules.is_empty()).then(|| format!("| `{}` | {others} |", method.name))
}

fn phase(phase: &Phase, model: &Model) -> String {
    let method = &model.methods[phase.method];
    let kind = match phase.kind {
        PhaseKind::Check => "check",
        PhaseKind::Begin => "begin",
        PhaseKind::Cleanup => "cleanup",
        PhaseKind::Verify => "verify",
    };
    let only = joined(phase.effects.iter().map(|effect| format!("`{effect}`")), " or ");
    let only = if only.is_empty() { only } else { format!(", for {only}") };
    format!("| {} | {kind} | `{}`{only} |", link(&phase.operation.ty), method.name)
}

fn edges(mentions: &[Mention]) -> String {
    let edge = |mention: &Mention| {
        mention.role.as_ref().map_or_else(|| link(&mention.ty), |role| format!("`{role}`"))
    };
    joined(mentions.iter().map(edge), ", ")
}

fn joined(texts: impl Iterator<Item = impl Display>, separator: &str) -> String {
    texts.map(|text| text.to_string()).collect::<Vec<_>>().join(separator)
}

/// The names of derives that most modules have in scope. A link to a type with one of these names needs `type@`, or
/// rustdoc finds it ambiguous. Other links have no `type@`, because rustdoc shows it where it cannot link.
const DERIVES: [&str; 14] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Deserialize",
    "Eq",
    "Extension",
    "Hash",
    "Operation",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Resource",
    "Serialize",
];

/// A link to the type, spelled as in the attribute; plain code if rustdoc cannot resolve the type.
fn link(ty: &TypeRef) -> String {
    match (ty.is_plain_path(), DERIVES.contains(&ty.name())) {
        (true, true) => format!("[`type@{ty}`]"),
        (true, false) => format!("[`{ty}`]"),
        (false, _) => format!("`{ty}`"),
    }
}
