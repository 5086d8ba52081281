//! `#[cascade]`: arguments and methods are read, resolved, checked and expanded, and every error of every part is
//! reported.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::check::check;
use crate::errors::Errors;
use crate::expand::{declaration, references};
use crate::item::Item;
use crate::methods::Method;
use crate::model::Model;
use crate::rustdoc::documented;

/// An annotated `impl` that was read, with what its attributes say.
pub(crate) struct Annotated {
    pub(crate) item: Item,
    pub(crate) model: Model,
}

impl Annotated {
    pub(crate) fn read(args: TokenStream, item: &TokenStream, errors: &mut Errors) -> Self {
        let item = Item::read(item, errors);
        let args = Args::read(args, errors);
        let methods = match &item.parsed {
            Some((extension, item)) => Method::read_all(extension, item, errors),
            None => Vec::new(),
        };
        let model = Model::resolve(args, methods, errors);
        Self { item, model }
    }
}

pub(crate) fn expand(args: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Annotated { item: Item { clean, parsed }, model } = Annotated::read(args.clone(), item, &mut errors);
    check(&model, &mut errors);
    let declaration = match (&parsed, &model.args.resource) {
        (Some((extension, item)), Some(resource)) => Some(declaration((extension, item), resource, &model)),
        _ => None,
    };
    let references = (!errors.is_empty()).then(|| references(&model));
    let documented = match (&parsed, &model.args.resource) {
        (Some((_, item)), Some(_)) if errors.is_empty() => documented(args, clean, item),
        _ => clean,
    };
    quote!(#documented #errors #declaration #references)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::expand;

    fn formatted(tokens: proc_macro2::TokenStream) -> String {
        prettyplease::unparse(&syn::parse2(tokens).expect("the expansion is a list of items"))
    }

    /// What people see who expand the macro is to be what they could have written.
    #[test]
    fn the_expansion_can_be_read() {
        let args = quote!(
            resource = VmInstance,
            edges = [Host, L3Network],
            batch = 100,
            timeout = "30s",
            ignore(Delete, from = [L3Network])
        );
        let item = quote! {
            /// What becomes of VMs.
            impl VmCascade {
                #[affected(by = Host)]
                async fn on_hosts(&self, hosts: &[HostId]) -> Result<Vec<(HostId, VmId)>, DbError> {
                    self.db.vms_on(hosts).await
                }

                #[affected(by = L3Network)]
                async fn with_nics_on(&self, networks: &[NetworkId]) -> Result<Vec<VmId>, DbError> {
                    self.db.vms_with_nics_on(networks).await
                }

                #[check(Delete, effects = [destroy])]
                async fn may_go(&self, vms: &[VmId], cx: &StepContext) -> Result<Vec<Veto<VmId>>, DbError> {
                    self.db.protected(vms).await
                }

                /// They keep their disks.
                #[on(Delete, from = [Host], leaf)]
                async fn stop(&self, vms: &[VmId]) -> Result<(), AgentError> {
                    self.agents.stop(vms).await
                }

                #[on(Delete)]
                #[on(Delete, from = [Host], root = Zone)]
                #[supersedes(stop)]
                async fn destroy(&self, vms: &[VmId], op: &Delete) -> Result<Outcome<VmId>, AgentError> {
                    self.agents.destroy(vms).await
                }
            }
        };
        insta::assert_snapshot!(formatted(expand(&args, &item)));
    }

    #[test]
    fn bodies_are_left_as_they_are() {
        // No Rust that there is: whoever types it is still at it.
        let item =
            quote! { impl X { #[on(Delete)] async fn go(&self, ids: &[Id]) -> Result<(), E> { let = + } } };
        let expanded = expand(&quote!(resource = R), &item).to_string();
        let body = quote!({ let = + }).to_string();
        assert!(expanded.contains(&body), "{expanded}");
        assert!(!expanded.contains("compile_error"), "{expanded}");
    }

    #[test]
    fn no_input_makes_the_macro_panic() {
        let items = [
            quote!(),
            quote!(impl),
            quote!(impl X),
            quote!(impl X { #[on] }),
            quote!(impl X { #[on()] fn f(); }),
            quote!(impl X { #[affected(by)] fn f(self) {} }),
            quote!(impl dyn X { #[supersedes(1)] fn f() {} }),
            quote!(impl [X; 3] { #[check(,)] async fn f(&self, a: &[A], ...) {} }),
        ];
        let args = [
            quote!(),
            quote!(=),
            quote!(resource),
            quote!(edges = [,]),
            quote!(ignore),
            quote!(ignore(A, from)),
        ];
        for item in &items {
            for args in &args {
                let expanded = expand(args, item).to_string();
                assert!(expanded.contains("compile_error"), "{args} {item}: {expanded}");
            }
        }
    }
}
