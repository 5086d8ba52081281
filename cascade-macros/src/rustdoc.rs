//! What rustdoc shows of an annotated `impl`, below what its author wrote: the resource, the edges, the rules and the
//! effects, with links to the types.
//!
//! Each line is an attribute of its own, so that what a `#[cfg]` takes away takes its line with it.

use std::fmt::Display;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, ImplItem, ItemImpl, Meta, Visibility};

use crate::cascade::Annotated;
use crate::errors::Errors;
use crate::item::{before_impl, without_docs};
use crate::method_attributes::PhaseKind;
use crate::methods::Method;
use crate::model::{Decision, Finder, Mention, Model, Phase, Rule};
use crate::types::TypeRef;

/// The annotated `impl` with its documents. They are written by an attribute of their own, which is there where rustdoc
/// runs: elsewhere they would cost the compiler time.
///
/// Rustdoc leaves out an `impl` in which nothing is public, as is most often so here, but not one in which there is
/// nothing at all: where rustdoc runs, such a one stands beside it and has the documents.
pub(crate) fn documented(args: &TokenStream, clean: TokenStream, item: &ItemImpl) -> TokenStream {
    let attribute = quote!(::cascade_core::__private::documents((#args) #item));
    if item.items.iter().any(is_public) {
        return before_impl(clean, quote!(#[cfg_attr(doc, #attribute)]));
    }
    let authors = item
        .attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc") && matches!(attribute.meta, Meta::NameValue(_)));
    let (clean, extension) = (without_docs(clean), &item.self_ty);
    quote! {
        #clean

        #[cfg(doc)]
        #(#authors)*
        #[#attribute]
        impl #extension {}
    }
}

/// The item with the documents of an annotated `impl`, which comes as `(arguments) impl`.
pub(crate) fn expand(annotated: TokenStream, item: TokenStream) -> TokenStream {
    let mut annotated = annotated.into_iter();
    let Some(TokenTree::Group(args)) = annotated.next() else { return item };
    // Its errors were reported by `#[cascade]`.
    let mut errors = Errors::default();
    let read = Annotated::read(args.stream(), &annotated.collect(), &mut errors);
    match &read.model.args.resource {
        Some(resource) => before_impl(item, documents(resource, &read.model)),
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
    lines.always("");
    lines.always("# Cascade");
    lines.always("");
    let extends = if model.args.addon { "Adds edges to" } else { "Extends" };
    lines.always(format!("{extends} {}.", link(resource)));
    if !model.after.is_empty() {
        let after = model.after.iter().map(|mention| link(&mention.ty));
        lines.always(format!("Its steps wait for those of {}.", joined(after, ", ")));
    }
    lines.table("| hangs off | found by | for |", model.finders.iter().map(|one| finder(one, model)));
    lines.table("| operation | comes from | what is done |", model.rules.iter().map(|one| rule(one, model)));
    lines.table("| effect | in place of |", model.methods.iter().filter_map(effect));
    lines.table("| operation | phase | method |", model.phases.iter().map(|one| phase(one, model)));
    let lines = lines.attributes;
    quote! {
        #(#lines)*
        #[allow(rustdoc::private_intra_doc_links, reason = "who reads private documents can follow them")]
    }
}

/// A line, and what it is there for.
type Line<'m> = (&'m [Attribute], String);

#[derive(Default)]
struct Lines {
    attributes: Vec<TokenStream>,
}

impl Lines {
    fn always(&mut self, line: impl AsRef<str>) {
        self.add((&[], line.as_ref().to_owned()));
    }

    fn add(&mut self, (cfgs, line): Line<'_>) {
        let line = if line.is_empty() { line } else { format!(" {line}") };
        let conditions = cfgs.iter().filter_map(|cfg| cfg.meta.require_list().ok()).map(|list| &list.tokens);
        let conditions: Vec<&TokenStream> = conditions.collect();
        self.attributes.push(match conditions.as_slice() {
            [] => quote!(#[doc = #line]),
            [condition] => quote!(#[cfg_attr(#condition, doc = #line)]),
            conditions => quote!(#[cfg_attr(all(#(#conditions),*), doc = #line)]),
        });
    }

    fn table<'m>(&mut self, head: &str, rows: impl Iterator<Item = Line<'m>>) {
        let mut rows = rows.peekable();
        if rows.peek().is_some() {
            self.always("");
            self.always(head);
            self.always(format!("|{}", " --- |".repeat(head.matches('|').count() - 1)));
            rows.for_each(|row| self.add(row));
        }
    }
}

fn finder<'m>(finder: &Finder, model: &'m Model) -> Line<'m> {
    let method = &model.methods[finder.method];
    let operation = finder.operation.as_ref();
    let operation =
        operation.map_or_else(|| String::from("every other operation"), |mention| link(&mention.ty));
    let operation = if is_asked_always(finder, model) { String::from("every operation") } else { operation };
    (&method.cfgs, format!("| {} | `{}` | {operation} |", link(&finder.edge.ty), method.name))
}

/// Whether no other finder is asked in its place.
fn is_asked_always(finder: &Finder, model: &Model) -> bool {
    let same_edge = model.finders.iter().filter(|other| other.edge.index == finder.edge.index);
    finder.operation.is_none() && same_edge.count() == 1
}

fn rule<'m>(rule: &Rule, model: &'m Model) -> Line<'m> {
    let (cfgs, decision): (&[Attribute], String) = match &rule.decision {
        Decision::Effect { method, leaf, shared } => {
            let method = &model.methods[*method];
            let how = match (leaf, shared) {
                (true, _) => ", and no further",
                (false, true) => ", with the last owner",
                (false, false) => "",
            };
            (&method.cfgs, format!("`{}`{how}", method.name))
        }
        Decision::Policy(kind) => (&[], kind.name().replace('_', " ")),
    };
    let from = if rule.from.is_empty() { String::from("itself") } else { links(&rule.from) };
    let roots = joined(rule.roots.iter().map(link), " or ");
    let started = if roots.is_empty() { roots } else { format!(", started at {roots}") };
    (cfgs, format!("| {} | {from}{started} | {decision} |", link(&rule.operation.ty)))
}

fn effect(method: &Method) -> Option<Line<'_>> {
    let others = joined(method.supersedes.iter().map(|other| format!("`{other}`")), ", ");
    let line = || format!("| `{}` | {others} |", method.name);
    (!method.rules.is_empty()).then(|| (method.cfgs.as_slice(), line()))
}

fn phase<'m>(phase: &Phase, model: &'m Model) -> Line<'m> {
    let method = &model.methods[phase.method];
    let kind = match phase.kind {
        PhaseKind::Check => "check",
        PhaseKind::Begin => "begin",
        PhaseKind::Cleanup => "cleanup",
        PhaseKind::Verify => "verify",
    };
    let only = joined(phase.effects.iter().map(|effect| format!("`{effect}`")), " or ");
    let only = if only.is_empty() { only } else { format!(", with {only}") };
    (&method.cfgs, format!("| {} | {kind} | `{}`{only} |", link(&phase.operation.ty), method.name))
}

fn links(mentions: &[Mention]) -> String {
    joined(mentions.iter().map(|mention| link(&mention.ty)), ", ")
}

fn joined(texts: impl Iterator<Item = impl Display>, by: &str) -> String {
    texts.map(|text| text.to_string()).collect::<Vec<_>>().join(by)
}

/// Types that are called like a derive that most modules see: rustdoc must be told that the type is meant. Elsewhere it
/// is not told: where it cannot link, it shows the brackets with all that is in them.
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

/// A link to the type, spelled as its author did. What rustdoc cannot look up is no link.
fn link(ty: &TypeRef) -> String {
    match (ty.is_plain_path(), DERIVES.contains(&ty.name())) {
        (true, true) => format!("[`type@{ty}`]"),
        (true, false) => format!("[`{ty}`]"),
        (false, _) => format!("`{ty}`"),
    }
}
