//! The signature of an annotated method: what it takes and what it answers, as far as it can be seen.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{FnArg, GenericArgument, PathArguments, ReceiverKind, ReturnType, Type};

use crate::errors::Errors;
use crate::methods::Kind;

/// How a method is called.
pub(crate) struct Signature {
    /// The type of the ids it takes.
    pub(crate) ids: Type,
    /// What it takes besides.
    pub(crate) extras: Vec<Extra>,
    /// `T` of its `Result<T, E>`, where that can be seen.
    pub(crate) answer: Option<Type>,
    /// Where the type of its answer stands.
    pub(crate) output: Span,
}

/// An argument behind the ids.
pub(crate) enum Extra {
    /// `cx: &StepContext`
    Context,
    /// `op: &DetachHost`
    Operation(Type),
}

impl Kind {
    fn answers(self) -> &'static str {
        match self {
            Self::Finder => "a finder answers `Result<Vec<(Parent, Child)>, E>` or `Result<Vec<Child>, E>`",
            Self::Check => "a check answers `Result<Vec<Veto<Id>>, E>`",
            Self::Effect => "it answers `Result<(), E>` or `Result<Outcome<Id>, E>`",
        }
    }

    fn ids(self) -> &'static str {
        match self {
            Self::Finder => "the parents' ids",
            Self::Check | Self::Effect => "the ids",
        }
    }
}

impl Signature {
    /// Reads the signature; `None` where a method of that kind cannot have it.
    pub(crate) fn read(signature: &syn::Signature, kind: Kind, errors: &mut Errors) -> Option<Self> {
        let mut found = Errors::default();
        no_qualifiers(signature, &mut found);
        receiver(signature, &mut found);
        let (answer, output) = answer(signature, kind, &mut found);
        let mut arguments = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(argument) => Some(&*argument.ty),
            FnArg::Receiver(_) => None,
        });
        let ids = ids(signature, arguments.next(), kind, &mut found);
        let extras = extras(arguments, &mut found);
        let is_right = found.is_empty();
        errors.append(found);
        Some(Self { ids: ids?, extras, answer, output }).filter(|_| is_right)
    }

    /// The operation's type, where the method takes it.
    pub(crate) fn operation(&self) -> Option<&Type> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Operation(ty) => Some(ty),
            Extra::Context => None,
        })
    }

    pub(crate) fn takes_context(&self) -> bool {
        !self.extras.is_empty()
    }
}

fn no_qualifiers(signature: &syn::Signature, errors: &mut Errors) {
    if let Some(parameter) = signature.generics.type_params().next() {
        errors.at(parameter, "an annotated method has no type parameters");
    }
    if let Some(parameter) = signature.generics.const_params().next() {
        errors.at(parameter, "an annotated method has no generic parameters");
    }
    if let syn::Safety::Unsafe(keyword) = &signature.safety {
        errors.at(keyword, "an annotated method is called by the engine, and cannot be `unsafe`");
    }
}

fn receiver(signature: &syn::Signature, errors: &mut Errors) {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(..)) || receiver.mutability.is_some() {
                errors.at(receiver, "an annotated method takes `&self`: many calls of it run at once");
            }
        }
        _ => errors.at(&signature.ident, format!("`{}` must take `&self` first", signature.ident)),
    }
}

/// What the method answers, and where that stands. Whether it is a `Result` is for the compiler to say, but a
/// missing one is seen here.
fn answer(signature: &syn::Signature, kind: Kind, errors: &mut Errors) -> (Option<Type>, Span) {
    let name = &signature.ident;
    let output = match &signature.output {
        ReturnType::Type(_, output) => output,
        ReturnType::Default => {
            let asyncness = if signature.asyncness.is_none() { " must be `async`, and" } else { "" };
            errors.at(name, format!("`{name}`{asyncness} must answer with a `Result`: {}", kind.answers()));
            return (None, name.span());
        }
    };
    if signature.asyncness.is_none() && !may_be_future(output) {
        let message = format!("`{name}` must be `async`: write `async fn {name}`");
        errors.at(signature.fn_token, message);
    }
    let answer = if signature.asyncness.is_some() { ok_type(output) } else { None };
    (answer, output.span())
}

/// Whether a method that is not `async` may return a future: whether its type is opaque, boxed, or named so.
fn may_be_future(output: &Type) -> bool {
    match output {
        Type::ImplTrait(_) => true,
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let name = last.ident.to_string();
            name == "Pin" || name.contains("Future")
        }),
        _ => false,
    }
}

/// `T` of a `Result<T, E>`, or of an alias that is called like it.
fn ok_type(output: &Type) -> Option<Type> {
    let Type::Path(path) = output else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) if last.ident.to_string().ends_with("Result") => Some(ty.clone()),
        _ => None,
    }
}

fn ids(signature: &syn::Signature, argument: Option<&Type>, kind: Kind, errors: &mut Errors) -> Option<Type> {
    let Some(argument) = argument else {
        let name = &signature.ident;
        errors
            .at(name, format!("`{name}` must take {} behind `&self`, as a slice: `ids: &[Id]`", kind.ids()));
        return None;
    };
    if let Type::Reference(reference) = argument
        && let Type::Slice(slice) = &*reference.elem
        && reference.mutability.is_none()
    {
        return Some((*slice.elem).clone());
    }
    errors.at(argument, format!("{} come as a slice: `&[Id]`", kind.ids()));
    None
}

fn extras<'a>(arguments: impl Iterator<Item = &'a Type>, errors: &mut Errors) -> Vec<Extra> {
    let mut extras = Vec::new();
    for argument in arguments {
        let extra = match argument {
            Type::Reference(reference) if reference.mutability.is_none() => extra(&reference.elem),
            other => {
                let message = "behind the ids come the context and the operation, by reference: \
                               `cx: &StepContext` (`&FindContext` in a finder), `op: &MyOperation`";
                errors.at(other, message);
                continue;
            }
        };
        let is_context = matches!(extra, Extra::Context);
        if extras.iter().any(|earlier| matches!(earlier, Extra::Context) == is_context) {
            let what = if is_context { "context" } else { "operation" };
            errors.at(argument, format!("the {what} is taken twice"));
            continue;
        }
        extras.push(extra);
    }
    extras
}

fn extra(ty: &Type) -> Extra {
    let name = match ty {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        _ => None,
    };
    match name.as_deref() {
        Some("FindContext" | "StepContext") => Extra::Context,
        _ => Extra::Operation(ty.clone()),
    }
}
