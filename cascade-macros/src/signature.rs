//! The signature of an annotated method: what it takes and what it answers, as far as it can be seen.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, GenericArgument, PathArguments, ReceiverKind, ReturnType, Type};

use crate::errors::Errors;

/// The kinds of methods. Those of one kind are called alike, and answer alike.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Finder,
    Check,
    Verify,
    /// Effects, and begin and cleanup methods.
    Effect,
}

/// How a method is called. Its types are kept to be named again where the compiler checks them, so that it reports
/// them where the user wrote them.
pub(crate) struct Signature {
    /// The type of the ids it takes.
    pub(crate) ids: Named,
    /// What it takes besides.
    pub(crate) extras: Vec<Extra>,
    /// What stands behind `->`.
    pub(crate) output: Named,
    /// `T` and `E`, where the output is a `Result`, or an alias that is called like it.
    pub(crate) result: Option<(Named, Named)>,
}

/// An argument behind the ids.
pub(crate) enum Extra {
    /// `cx: &StepContext`
    Context(Ident),
    /// `op: &DetachHost`
    Operation(Box<Type>),
}

/// A type, to be named outside of the signature.
pub(crate) struct Named {
    /// `None` where it cannot be: with a lifetime, or with `impl` in it.
    ty: Option<TokenStream>,
    span: Span,
}

impl Named {
    fn new(ty: &Type, extension: &Ident) -> Self {
        Self { ty: without_self(ty.to_token_stream(), extension), span: ty.span() }
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }
}

impl ToTokens for Named {
    /// The type, or `_` in its place.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.ty {
            Some(ty) => ty.to_tokens(tokens),
            None => tokens.extend(quote_spanned!(self.span=> _)),
        }
    }
}

/// The type with the name of the extension for `Self`; `None` where it has a lifetime, which may be a parameter.
fn without_self(tokens: TokenStream, extension: &Ident) -> Option<TokenStream> {
    let tokens = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(word) if word == "Self" => {
            Some(TokenTree::Ident(Ident::new(&extension.to_string(), word.span())))
        }
        TokenTree::Punct(punct) if punct.as_char() == '\'' => None,
        TokenTree::Group(group) => {
            let mut inside = Group::new(group.delimiter(), without_self(group.stream(), extension)?);
            inside.set_span(group.span());
            Some(TokenTree::Group(inside))
        }
        other => Some(other),
    });
    tokens.collect()
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Finder => "a finder",
            Self::Check => "a check",
            Self::Verify => "a verify method",
            Self::Effect => "an effect",
        }
    }

    fn answers(self) -> &'static str {
        match self {
            Self::Finder => "a finder answers `Result<Vec<(Parent, Child)>, E>` or `Result<Vec<Child>, E>`",
            Self::Check => "a check answers `Result<Vec<Veto<Id>>, E>`",
            Self::Verify => "a verify method answers `Result<Vec<Id>, E>`: those that are still there",
            Self::Effect => "it answers `Result<(), E>` or `Result<Outcome<Id>, E>`",
        }
    }

    fn ids(self) -> &'static str {
        match self {
            Self::Finder => "the parents' ids",
            Self::Check | Self::Verify | Self::Effect => "the ids",
        }
    }

    /// The type of the context that it may ask for.
    pub(crate) fn context(self) -> &'static str {
        match self {
            Self::Finder | Self::Verify => "FindContext",
            Self::Check | Self::Effect => "StepContext",
        }
    }
}

impl Signature {
    /// Reads the signature; `None` where a method of that kind cannot have it.
    pub(crate) fn read(
        extension: &Ident,
        signature: &syn::Signature,
        kind: Kind,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut found = Errors::default();
        no_qualifiers(signature, &mut found);
        receiver(signature, &mut found);
        let output = output(signature, kind, &mut found);
        let mut arguments = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(argument) => Some(&*argument.ty),
            FnArg::Receiver(_) => None,
        });
        let ids = ids(signature, arguments.next(), kind, &mut found);
        let extras = extras(arguments, kind, &mut found);
        let is_right = found.is_empty();
        errors.append(found);
        let (ids, output) = (ids?, output?);
        let result = signature.asyncness.and_then(|_| result_types(output));
        let named = |ty| Named::new(ty, extension);
        is_right.then(|| Self {
            ids: named(ids),
            extras,
            output: named(output),
            // The error of an alias with one type is not seen: `_` at the alias.
            result: result.map(|(ok, error)| {
                (named(ok), error.map_or_else(|| Named { ty: None, span: output.span() }, named))
            }),
        })
    }

    /// The operation's type, where the method takes it.
    pub(crate) fn operation(&self) -> Option<&Type> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Operation(ty) => Some(&**ty),
            Extra::Context(_) => None,
        })
    }
}

fn no_qualifiers(signature: &syn::Signature, errors: &mut Errors) {
    if let Some(parameter) = signature.generics.type_params().next() {
        errors.at(parameter, "an annotated method has no type parameters");
    }
    if let Some(parameter) = signature.generics.const_params().next() {
        errors.at(parameter, "an annotated method has no const parameters");
    }
    if let syn::Safety::Unsafe(keyword) = &signature.safety {
        errors.at(keyword, "an annotated method is called by the engine, and cannot be `unsafe`");
    }
}

fn receiver(signature: &syn::Signature, errors: &mut Errors) {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
                errors.at(receiver, "an annotated method takes `&self`: many calls of it run at once");
            }
        }
        _ => errors.at(&signature.ident, format!("`{}` must take `&self` first", signature.ident)),
    }
}

/// What the method answers. Whether it is a `Result` is for the compiler to say, but a missing one is seen here.
fn output<'a>(signature: &'a syn::Signature, kind: Kind, errors: &mut Errors) -> Option<&'a Type> {
    let name = &signature.ident;
    let ReturnType::Type(_, output) = &signature.output else {
        let asyncness = if signature.asyncness.is_none() { "be `async` and " } else { "" };
        errors.at(name, format!("`{name}` must {asyncness}answer with a `Result`: {}", kind.answers()));
        return None;
    };
    if signature.asyncness.is_none() && !may_be_future(output) {
        errors.at(signature.fn_token, format!("`{name}` must be `async`: write `async fn {name}`"));
    }
    Some(output)
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

/// `T` and `E` of a `Result<T, E>`, or of an alias that is called like it.
fn result_types(output: &Type) -> Option<(&Type, Option<&Type>)> {
    let Type::Path(path) = output else { return None };
    let last = path.path.segments.last().filter(|last| last.ident.to_string().ends_with("Result"))?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.next().map(|ok| (ok, types.next()))
}

fn ids<'a>(
    signature: &syn::Signature,
    argument: Option<&'a Type>,
    kind: Kind,
    errors: &mut Errors,
) -> Option<&'a Type> {
    let Some(argument) = argument else {
        let (name, what) = (&signature.ident, kind.ids());
        errors.at(name, format!("`{name}` must take {what} behind `&self`, as a slice: `ids: &[Id]`"));
        return None;
    };
    if let Type::Reference(reference) = argument
        && let Type::Slice(slice) = &*reference.elem
        && reference.mutability.is_none()
    {
        return Some(&slice.elem);
    }
    errors.at(argument, format!("{} come as a slice: `&[Id]`", kind.ids()));
    None
}

fn extras<'a>(arguments: impl Iterator<Item = &'a Type>, kind: Kind, errors: &mut Errors) -> Vec<Extra> {
    let context = kind.context();
    let mut extras = Vec::new();
    for argument in arguments {
        let extra = match argument {
            Type::Reference(reference) if reference.mutability.is_none() => extra(&reference.elem),
            _ => None,
        };
        match extra {
            None => {
                let message = format!(
                    "behind the ids come `cx: &{context}` and `op: &TheOperation`, where they are needed"
                );
                errors.at(argument, message);
            }
            Some(Extra::Context(name)) if name != context => {
                errors.at(argument, format!("the context of {} is `&{context}`", kind.name()));
            }
            Some(extra) if extras.iter().any(|earlier: &Extra| earlier.is_like(&extra)) => {
                errors.at(argument, "this is taken twice");
            }
            Some(extra) => extras.push(extra),
        }
    }
    extras
}

impl Extra {
    fn is_like(&self, other: &Self) -> bool {
        matches!(self, Self::Context(_)) == matches!(other, Self::Context(_))
    }
}

fn extra(ty: &Type) -> Option<Extra> {
    let Type::Path(path) = ty else { return None };
    let name = &path.path.segments.last()?.ident;
    if name == "FindContext" || name == "StepContext" {
        return Some(Extra::Context(name.clone()));
    }
    Some(Extra::Operation(Box::new(ty.clone())))
}
