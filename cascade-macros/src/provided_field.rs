//! The fields of an extension, and the values that they ask for.

use proc_macro2::Ident;
use quote::{ToTokens, format_ident};
use syn::parse::ParseStream;
use syn::{Attribute, Field, Fields, LitStr, Token, Type};

use crate::errors::Errors;
use crate::keys::Keys;

const KEYS: Keys = Keys { attribute: "`#[provided]`", once: &["name"], repeated: &[] };

/// A field of an extension.
pub(crate) struct ProvidedField<'a> {
    /// The variable that holds its value.
    pub(crate) variable: Ident,
    /// Its name in messages.
    pub(crate) shown: String,
    pub(crate) ty: &'a Type,
    /// The name of the value that it asks for.
    pub(crate) name: Option<LitStr>,
    /// Whether its attribute could be read. Otherwise it may ask for another value than it seems to.
    is_known: bool,
}

/// Reads all fields. Two fields that ask for the same value are an error.
pub(crate) fn read<'a>(fields: &'a Fields, errors: &mut Errors) -> Vec<ProvidedField<'a>> {
    let mut read: Vec<ProvidedField<'a>> = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let attribute = attribute(field, errors);
        let name = attribute.and_then(|attribute| name(attribute, errors));
        let variable = field.ident.clone().unwrap_or_else(|| format_ident!("field_{at}"));
        let shown = field.ident.as_ref().map_or_else(|| at.to_string(), ToString::to_string);
        let is_known = attribute.is_none() || name.is_some();
        let second = ProvidedField { variable, shown, ty: &field.ty, name, is_known };
        if let Some(first) = read.iter().find(|first| first.asks_like(&second)) {
            report_twice(field, &second, first, errors);
        }
        read.push(second);
    }
    read
}

impl ProvidedField<'_> {
    /// Whether both ask for the same value. Types are compared as they are written, so that an alias is another type.
    fn asks_like(&self, other: &Self) -> bool {
        let tokens = |ty: &Type| ty.to_token_stream().to_string();
        let name = |field: &Self| field.name.as_ref().map(LitStr::value);
        let are_known = self.is_known && other.is_known;
        are_known && name(self) == name(other) && tokens(self.ty) == tokens(other.ty)
    }
}

fn report_twice(field: &Field, second: &ProvidedField<'_>, first: &ProvidedField<'_>, errors: &mut Errors) {
    let (first, shown) = (&first.shown, &second.shown);
    let message = match &second.name {
        Some(name) => format!(
            "the fields `{first}` and `{shown}` ask for the same value `{}`; give each a name of its own",
            name.value()
        ),
        None => format!(
            "the fields `{first}` and `{shown}` have the same type, so both would get the same value; add \
             `#[provided(name = \"…\")]` to one of them, and `.provide_named(…)` to the program"
        ),
    };
    match &field.ident {
        Some(ident) => errors.at(ident, message),
        None => errors.at(&field.ty, message),
    }
}

/// The attribute `#[provided]` of a field.
fn attribute<'a>(field: &'a Field, errors: &mut Errors) -> Option<&'a Attribute> {
    let mut attributes = field.attrs.iter().filter(|attribute| attribute.path().is_ident("provided"));
    let first = attributes.next();
    if let Some(second) = attributes.next() {
        errors.at(second, "a field has one `#[provided]`: it gets one value");
    }
    first
}

/// The name in `#[provided(name = "…")]`; `None` if it cannot be read.
fn name(attribute: &Attribute, errors: &mut Errors) -> Option<LitStr> {
    match read_name(attribute, errors) {
        Ok(name) => name,
        Err(error) => {
            errors.add(error);
            None
        }
    }
}

fn read_name(attribute: &Attribute, errors: &mut Errors) -> syn::Result<Option<LitStr>> {
    const EXPECTED: &str = "expected the name of a provided value: `#[provided(name = \"…\")]`";
    let list = attribute.meta.require_list().map_err(|_| syn::Error::new_spanned(attribute, EXPECTED))?;
    if list.tokens.is_empty() {
        return Err(syn::Error::new_spanned(attribute, EXPECTED));
    }
    let mut name: Option<LitStr> = None;
    attribute.parse_args_with(|input: ParseStream<'_>| {
        KEYS.read(input, errors, |_, _, input, _| {
            input.parse::<Token![=]>()?;
            name = Some(input.parse()?);
            Ok(())
        });
        Ok(())
    })?;
    match &name {
        Some(name) if name.value().trim().is_empty() => {
            Err(syn::Error::new(name.span(), "the name of a provided value cannot be empty"))
        }
        _ => Ok(name),
    }
}
