//! `#[cascade]`: arguments and methods are read, resolved, checked and expanded, and every error of every part is
//! reported.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::check::check;
use crate::errors::Errors;
use crate::expand::expand;
use crate::item::{Item, extension_name};
use crate::methods::Method;
use crate::model::Model;

pub(crate) fn cascade(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Item { clean, parsed } = Item::read(item, &mut errors);
    let args = Args::read(args, &mut errors);
    let generated = parsed.map(|item| {
        let methods = Method::read_all(&item, &mut errors);
        let model = Model::resolve(args, methods, &mut errors);
        check(&model, &mut errors);
        match (extension_name(&item), &model.args.resource) {
            (Some(extension), Some(resource)) => expand(extension, resource, &model),
            _ => TokenStream::new(),
        }
    });
    quote!(#clean #errors #generated)
}
