//! `key = value, key(…), flag`: the form that the arguments of all our attributes have.

use proc_macro2::{Ident, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

use crate::errors::{Errors, closest, listed};

/// The keys that an attribute takes.
pub(crate) struct Keys {
    /// The attribute, as people write it.
    pub(crate) attribute: &'static str,
    /// The keys that may be given once.
    pub(crate) once: &'static [&'static str],
    /// The keys that may be repeated.
    pub(crate) repeated: &'static [&'static str],
}

impl Keys {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.once.iter().chain(self.repeated).copied()
    }

    /// Reads all arguments; `read` is called with each key and reads what stands behind it.
    ///
    /// A bad argument is skipped up to the next comma.
    pub(crate) fn read(
        &self,
        input: ParseStream<'_>,
        errors: &mut Errors,
        mut read: impl FnMut(&'static str, Ident, ParseStream<'_>, &mut Errors) -> syn::Result<()>,
    ) {
        let mut seen = Vec::new();
        while !input.is_empty() {
            let result = self.key(input, &mut seen, errors).and_then(|key| {
                let Some((name, key)) = key else {
                    skip_argument(input);
                    return Ok(());
                };
                read(name, key, input, errors)
            });
            if let Err(error) = result.and_then(|()| end_of_argument(input)) {
                errors.unread(error);
                skip_argument(input);
            }
            // After a skip this is a comma or the end.
            let _: Option<Token![,]> = input.parse().unwrap_or_default();
        }
    }

    /// The next key; `None` where its argument is to be skipped. A misspelled key is reported and taken for what
    /// it was meant to be.
    fn key(
        &self,
        input: ParseStream<'_>,
        seen: &mut Vec<&'static str>,
        errors: &mut Errors,
    ) -> syn::Result<Option<(&'static str, Ident)>> {
        let attribute = self.attribute;
        let Ok(key) = input.call(Ident::parse_any) else {
            let allowed = listed(&self.all().collect::<Vec<_>>(), "and");
            return Err(input.error(format!("expected a key: {attribute} takes {allowed}")));
        };
        let written = key.to_string();
        let known = self.all().find(|name| *name == written);
        let Some(name) = known.or_else(|| closest(&written, self.all())) else {
            let allowed = listed(&self.all().collect::<Vec<_>>(), "and");
            let message = format!("{attribute} has no key `{written}`; it takes {allowed}");
            errors.unread(syn::Error::new(key.span(), message));
            return Ok(None);
        };
        if known.is_none() {
            let allowed = listed(&self.all().collect::<Vec<_>>(), "and");
            let message =
                format!("{attribute} has no key `{written}`: did you mean `{name}`? It takes {allowed}");
            errors.at(&key, message);
        }
        if seen.contains(&name) && !self.repeated.contains(&name) {
            errors.at(&key, format!("`{name}` is given twice; {attribute} takes it once"));
            return Ok(None);
        }
        seen.push(name);
        Ok(Some((name, key)))
    }
}

fn end_of_argument(input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error("expected `,`"))
}

/// Steps over everything up to the next comma.
pub(crate) fn skip_argument(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
