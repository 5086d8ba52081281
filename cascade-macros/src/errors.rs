//! The errors of one expansion, and helpers for their messages.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The errors found so far. Expansion continues after an error, so that one build reports every mistake.
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

    /// Adds an error about edges or rules that could not be read. After it, nothing is reported as missing, because the
    /// unread part may contain it.
    pub(crate) fn add_incomplete(&mut self, error: syn::Error) {
        self.incomplete = true;
        self.add(error);
    }

    /// As [`add_incomplete`](Self::add_incomplete), at the tokens `at`.
    pub(crate) fn incomplete_at(&mut self, at: impl ToTokens, message: impl Display) {
        self.add_incomplete(syn::Error::new_spanned(at, message));
    }

    pub(crate) fn append(&mut self, others: Self) {
        self.incomplete |= others.incomplete;
        if let Some(error) = others.combined {
            self.add(error);
        }
    }

    /// Whether all edges and rules were read, so that one that is not found is missing.
    pub(crate) fn is_complete(&self) -> bool {
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
            // In item position, rustc assumes that `compile_error!` may define items, and does not report names that it
            // cannot resolve. In an expression, it reports them.
            tokens.extend(quote!(const _: () = { #errors };));
        }
    }
}

/// The candidate that is spelled most like `word`, if any is similar enough to be a typo. Case decides only between
/// candidates that are equally similar.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lowercase = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lowercase, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(word.len()))
        .min_by_key(|(distance, candidate)| (*distance, strsim::damerau_levenshtein(word, candidate)))
        .map(|(_, candidate)| candidate)
}

/// Lists the words with `conjunction` before the last one: "`a`, `b` and `c`".
pub(crate) fn listed(words: &[impl Display], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [only] => format!("`{only}`"),
        [firsts @ .., end] => {
            let firsts: Vec<String> = firsts.iter().map(|word| format!("`{word}`")).collect();
            format!("{} {conjunction} `{end}`", firsts.join(", "))
        }
    }
}
