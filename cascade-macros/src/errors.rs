//! All errors of one expansion, and the words they are made of.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The errors found so far. A macro goes on after an error, so that every mistake is reported at once.
#[derive(Default)]
pub(crate) struct Errors {
    combined: Option<syn::Error>,
    incomplete: bool,
}

impl Errors {
    pub(crate) fn add(&mut self, error: syn::Error) {
        match &mut self.combined {
            Some(combined) => combined.combine(error),
            None => self.combined = Some(error),
        }
    }

    /// An error at the tokens `at`.
    pub(crate) fn at(&mut self, at: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(at, message));
    }

    /// Something about edges or rules could not be read. What seems to be missing may be in it: nothing is
    /// reported as missing from here on.
    pub(crate) fn unread(&mut self, error: syn::Error) {
        self.incomplete = true;
        self.add(error);
    }

    /// The same at the tokens `at`.
    pub(crate) fn unread_at(&mut self, at: impl ToTokens, message: impl Display) {
        self.unread(syn::Error::new_spanned(at, message));
    }

    pub(crate) fn append(&mut self, others: Self) {
        self.incomplete |= others.incomplete;
        if let Some(error) = others.combined {
            self.add(error);
        }
    }

    /// Whether all edges and rules were read, so that a missing one is missing.
    pub(crate) fn saw_everything(&self) -> bool {
        !self.incomplete
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.combined.is_none()
    }
}

impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(combined) = &self.combined {
            let errors = combined.to_compile_error();
            // Beside items, rustc takes a macro for one that may define them, and keeps silent about names that it
            // does not find. Not so in an expression.
            tokens.extend(quote!(const _: () = { #errors };));
        }
    }
}

/// The candidate that `word` was probably meant to be.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(word.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "`a`, `b` and `c`".
pub(crate) fn listed(words: &[impl Display], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [firsts @ .., end] => {
            let firsts: Vec<String> = firsts.iter().map(|word| format!("`{word}`")).collect();
            format!("{} {last} `{end}`", firsts.join(", "))
        }
    }
}
