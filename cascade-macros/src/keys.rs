//! Reads `key = value, key(…), flag`, the form of the arguments of every attribute of this crate.

use proc_macro2::{Ident, TokenTree};
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::ParseStream;

use crate::errors::{Errors, closest, listed};

/// The keys that an attribute accepts.
pub(crate) struct Keys {
    /// The attribute, for messages.
    pub(crate) attribute: &'static str,
    /// The keys that may occur once.
    pub(crate) once: &'static [&'static str],
    /// The keys that may occur several times.
    pub(crate) repeated: &'static [&'static str],
}

impl Keys {
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.once.iter().chain(self.repeated).copied()
    }

    /// Reads all arguments. Calls `read` with each key; `read` has to consume the tokens after the key.
    ///
    /// Skips an invalid argument up to the next comma.
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
                errors.add_incomplete(error);
                skip_argument(input);
            }
            // The next token is a comma, or there is none.
            let _: Option<Token![,]> = input.parse().unwrap_or_default();
        }
    }

    /// The next key, or `None` if its argument has to be skipped. Reports a misspelled key and returns the key that it
    /// is most similar to.
    fn key(
        &self,
        input: ParseStream<'_>,
        seen: &mut Vec<&'static str>,
        errors: &mut Errors,
    ) -> syn::Result<Option<(&'static str, Ident)>> {
        let attribute = self.attribute;
        let Ok(key) = input.call(Ident::parse_any) else {
            let allowed = listed(&self.all().collect::<Vec<_>>(), "and");
            return Err(input.error(format!("expected a key: {attribute} accepts {allowed}")));
        };
        let written = key.to_string();
        let known = self.all().find(|name| *name == written);
        let Some(name) = known.or_else(|| closest(&written, self.all())) else {
            let allowed = listed(&self.all().collect::<Vec<_>>(), "and");
            let message = format!("{attribute} has no key `{written}`; it accepts {allowed}");
            errors.add_incomplete(syn::Error::new(key.span(), message));
            return Ok(None);
        };
        if known.is_none() {
            let allowed = listed(&self.all().collect::<Vec<_>>(), "and");
            let message =
                format!("{attribute} has no key `{written}`: did you mean `{name}`? It accepts {allowed}");
            errors.at(&key, message);
        }
        if seen.contains(&name) && !self.repeated.contains(&name) {
            errors.at(&key, format!("`{name}` is given twice; {attribute} accepts it once"));
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

/// Skips all tokens up to the next comma.
pub(crate) fn skip_argument(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        if input.parse::<TokenTree>().is_err() {
            return;
        }
    }
}
