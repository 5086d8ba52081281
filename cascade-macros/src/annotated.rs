//! An annotated `impl` with what its attributes declare, as `#[cascade]` and the documents for rustdoc both read it.

use proc_macro2::TokenStream;

use crate::args::Args;
use crate::errors::Errors;
use crate::impl_block::ImplBlock;
use crate::methods::Method;
use crate::model::Model;

/// An annotated `impl` and the model of its attributes.
pub(crate) struct Annotated {
    pub(crate) block: ImplBlock,
    pub(crate) model: Model,
}

impl Annotated {
    pub(crate) fn read(args: TokenStream, item: &TokenStream, errors: &mut Errors) -> Self {
        let block = ImplBlock::read(item, errors);
        let args = Args::read(args, errors);
        let methods = match &block.parsed {
            Some(parsed) => Method::read_all(&parsed.extension, &parsed.item, errors),
            None => Vec::new(),
        };
        let model = Model::resolve(args, methods, errors);
        Self { block, model }
    }
}
