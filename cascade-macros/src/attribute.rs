//! `#[cascade]`: arguments and methods are read, resolved, checked and expanded, and every error of every part is
//! reported.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::check::check;
use crate::errors::Errors;
use crate::expand::{expand, references};
use crate::item::Item;
use crate::methods::Method;
use crate::model::Model;

pub(crate) fn cascade(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Item { clean, parsed } = Item::read(item, &mut errors);
    let args = Args::read(args, &mut errors);
    let methods = match &parsed {
        Some((extension, item)) => Method::read_all(extension, item, &mut errors),
        None => Vec::new(),
    };
    let model = Model::resolve(args, methods, &mut errors);
    check(&model, &mut errors);
    let declaration = match (&parsed, &model.args.resource) {
        (Some((extension, _)), Some(resource)) => Some(expand(extension, resource, &model)),
        _ => None,
    };
    let references = (!errors.is_empty()).then(|| references(&model));
    quote!(#clean #errors #declaration #references)
}
