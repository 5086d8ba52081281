//! `#[cascade]`: arguments and methods are read, resolved, checked and expanded, and every error of every part is
//! reported.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::check::check;
use crate::errors::Errors;
use crate::expand::expand;
use crate::item::Item;
use crate::methods::Method;
use crate::model::Model;

pub(crate) fn cascade(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Item { clean, parsed } = Item::read(item, &mut errors);
    let args = Args::read(args, &mut errors);
    let generated = parsed.map(|(extension, item)| {
        let methods = Method::read_all(&extension, &item, &mut errors);
        let model = Model::resolve(args, methods, &mut errors);
        check(&model, &mut errors);
        model.args.resource.as_ref().map(|resource| expand(&extension, resource, &model))
    });
    quote!(#clean #errors #generated)
}
