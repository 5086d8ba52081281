//! The signature of an annotated method, as far as the macro can see it: its arguments and its return type.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, GenericArgument, PathArguments, ReceiverKind, ReturnType, Type};

use crate::errors::Errors;

/// The kinds of methods. The methods of one kind have the same arguments and return types.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Finder,
    Check,
    Verify,
    /// Effects, and begin and cleanup methods.
    Effect,
}

/// The types of a method, with their spans. The generated code names them again, so that the compiler reports a wrong
/// type at the place where the user wrote it.
pub(crate) struct Signature {
    /// The type of the ids in the slice.
    pub(crate) ids: TypeTokens,
    /// The arguments after the ids.
    pub(crate) extras: Vec<Extra>,
    /// The type after `->`.
    pub(crate) output: TypeTokens,
    /// `T` and `E`, if the output is a `Result` or an alias whose name ends in `Result`.
    pub(crate) result: Option<ResultTypes>,
}

/// An argument after the ids.
pub(crate) enum Extra {
    /// `cx: &StepContext`
    Context(Ident),
    /// `op: &DetachHost`
    Operation(Box<Type>),
}

/// `T` and `E` of a `Result<T, E>`.
pub(crate) struct ResultTypes {
    pub(crate) ok: TypeTokens,
    pub(crate) error: TypeTokens,
}

/// The tokens of a type, to be repeated outside of the signature.
pub(crate) struct TypeTokens {
    /// `None` if the type has a lifetime, which may be a parameter of the method.
    ty: Option<TokenStream>,
    span: Span,
}

impl TypeTokens {
    fn new(ty: &Type, extension: &Ident) -> Self {
        Self { ty: without_self(ty.to_token_stream(), extension), span: ty.span() }
    }

    pub(crate) fn span(&self) -> Span {
        self.span
    }
}

impl ToTokens for TypeTokens {
    /// The type, or `_` if it cannot be repeated.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.ty {
            Some(ty) => ty.to_tokens(tokens),
            None => tokens.extend(quote_spanned!(self.span=> _)),
        }
    }
}

/// The type with `Self` replaced by the name of the extension; `None` if it has a lifetime.
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

    fn returns(self) -> &'static str {
        match self {
            Self::Finder => "a finder returns `Result<Vec<(Parent, Child)>, E>` or `Result<Vec<Child>, E>`",
            Self::Check => "a check returns `Result<Vec<Veto<Id>>, E>`",
            Self::Verify => "a verify method returns `Result<Vec<Id>, E>` with the ids that still exist",
            Self::Effect => {
                "an effect returns `Result<(), E>`, `Result<Rows, E>` or `Result<Outcome<Id>, E>`"
            }
        }
    }

    fn ids(self) -> &'static str {
        match self {
            Self::Finder => "the parents' ids",
            Self::Check | Self::Verify | Self::Effect => "the ids",
        }
    }

    /// The type of the context that a method of the kind can take.
    pub(crate) fn context(self) -> &'static str {
        match self {
            Self::Finder | Self::Verify => "FindContext",
            Self::Check | Self::Effect => "StepContext",
        }
    }
}

impl Signature {
    /// Reads the signature; `None` if it is invalid for a method of that kind, which has been reported.
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
        let tokens = |ty| TypeTokens::new(ty, extension);
        is_right.then(|| Self {
            ids: tokens(ids),
            extras,
            output: tokens(output),
            result: result.map(|(ok, error)| ResultTypes {
                ok: tokens(ok),
                // An alias with one parameter hides its error type: `_` with the span of the alias.
                error: error.map_or_else(|| TypeTokens { ty: None, span: output.span() }, tokens),
            }),
        })
    }

    /// The type of the operation, if the method takes it.
    pub(crate) fn operation(&self) -> Option<&Type> {
        self.extras.iter().find_map(|extra| match extra {
            Extra::Operation(ty) => Some(&**ty),
            Extra::Context(_) => None,
        })
    }
}

fn no_qualifiers(signature: &syn::Signature, errors: &mut Errors) {
    if let Some(parameter) = signature.generics.type_params().next() {
        errors.at(parameter, "an annotated method cannot have type parameters");
    }
    if let Some(parameter) = signature.generics.const_params().next() {
        errors.at(parameter, "an annotated method cannot have const parameters");
    }
    if let syn::Safety::Unsafe(keyword) = &signature.safety {
        errors.at(keyword, "an annotated method cannot be `unsafe`, because the engine calls it");
    }
}

fn receiver(signature: &syn::Signature, errors: &mut Errors) {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => {
            if !matches!(receiver.kind, ReceiverKind::Reference(_, _, None)) {
                errors.at(
                    receiver,
                    "an annotated method must take `&self`, because calls of it run concurrently",
                );
            }
        }
        _ => errors
            .at(&signature.ident, format!("the first argument of `{}` must be `&self`", signature.ident)),
    }
}

/// The return type. Reports a missing one; the compiler reports one that is not a `Result`.
fn output<'a>(signature: &'a syn::Signature, kind: Kind, errors: &mut Errors) -> Option<&'a Type> {
    let name = &signature.ident;
    let ReturnType::Type(_, output) = &signature.output else {
        let asyncness = if signature.asyncness.is_none() { "be `async` and " } else { "" };
        errors.at(name, format!("`{name}` must {asyncness}return a `Result`: {}", kind.returns()));
        return None;
    };
    if signature.asyncness.is_none() && !may_be_future(output) {
        errors.at(signature.fn_token, format!("`{name}` must be `async`: write `async fn {name}`"));
    }
    Some(output)
}

/// Whether the return type of a method that is not `async` can be a future: `impl …`, `Pin<…>`, or a type with `Future`
/// in its name.
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

/// `T` and, if given, `E` of a `Result<T, E>` or of an alias whose name ends in `Result`.
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
        let (name, ids) = (&signature.ident, kind.ids());
        errors.at(name, format!("`{name}` must take {ids} as a slice after `&self`: `ids: &[Id]`"));
        return None;
    };
    if let Type::Reference(reference) = argument
        && let Type::Slice(slice) = &*reference.elem
        && reference.mutability.is_none()
    {
        return Some(&slice.elem);
    }
    errors.at(argument, format!("{} must be taken as a slice: `&[Id]`", kind.ids()));
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
                let message =
                    format!("after the ids, a method can take only `cx: &{context}` and `op: &TheOperation`");
                errors.at(argument, message);
            }
            Some(Extra::Context(name)) if name != context => {
                errors.at(argument, format!("the context of {} is `&{context}`", kind.name()));
            }
            Some(extra) if extras.iter().any(|earlier: &Extra| earlier.is_same_kind(&extra)) => {
                errors.at(argument, "a method takes the context and the operation at most once each");
            }
            Some(extra) => extras.push(extra),
        }
    }
    extras
}

impl Extra {
    fn is_same_kind(&self, other: &Self) -> bool {
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
