//! `#[cascade]`: reads the arguments and methods, resolves and checks them, and expands them. Errors of every step are
//! reported together.

use proc_macro2::TokenStream;
use quote::quote;

use crate::annotated::Annotated;
use crate::check::check;
use crate::errors::Errors;
use crate::expand::{declaration, references};
use crate::impl_block::ImplBlock;
use crate::rustdoc::documented;

pub(crate) fn expand(args: &TokenStream, item: &TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Annotated { block: ImplBlock { clean, parsed }, model } =
        Annotated::read(args.clone(), item, &mut errors);
    check(&model, &mut errors);
    let declaration = match (&parsed, &model.args.resource) {
        (Some(parsed), Some(resource)) => Some(declaration(parsed, resource, &model)),
        _ => None,
    };
    let references = (!errors.is_empty()).then(|| references(&model));
    let documented = match (&parsed, &model.args.resource) {
        (Some(parsed), Some(_)) if errors.is_empty() => documented(args, clean, &parsed.item),
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

    /// A user who expands the macro must find code that could have been written by hand.
    #[test]
    fn the_expansion_is_readable_rust() {
        let args = quote!(
            resource = VmInstance,
            edges = [Host, L3Network],
            batch = 100,
            timeout = "30s",
            ignore(Delete, from = [L3Network])
        );
        let item = quote! {
            /// Stops and destroys VMs.
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
                async fn may_be_deleted(&self, vms: &[VmId], cx: &StepContext) -> Result<Vec<Veto<VmId>>, DbError> {
                    self.db.protected(vms).await
                }

                /// Stopped VMs keep their disks.
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
    fn the_expansion_numbers_roles_after_methods() {
        let args = quote!(
            resource = Project,
            edges = [Folder, git_root: Folder, r#type: Kind],
            ignore(Delete, from = r#type)
        );
        let item = quote! {
            impl Projects {
                #[affected(by = Folder)]
                async fn in_folders(&self, folders: &[FolderId]) -> Result<Vec<ProjectId>, DbError> {}

                #[affected(by = git_root, on = Delete)]
                async fn with_roots(&self, folders: &[FolderId]) -> Result<Vec<ProjectId>, DbError> {}

                #[affected(by = r#type)]
                async fn of_types(&self, kinds: &[KindId]) -> Result<Vec<ProjectId>, DbError> {}

                #[on(Delete, from = [Folder, git_root], root = Zone)]
                #[on(Delete, from = [git_root, Folder])]
                async fn remove(&self, projects: &[ProjectId]) -> Result<(), DbError> {}
            }
        };
        let expanded = formatted(expand(&args, &item));
        let writes = expanded.split("fn call<'a>").next().and_then(|start| start.split("#[inline]").nth(1));
        insta::assert_snapshot!(writes.unwrap_or(&expanded));
    }

    #[test]
    fn method_bodies_are_unchanged() {
        // This body is not valid Rust: the user is still typing it.
        let item = quote! { impl X { #[on(Delete)] async fn remove(&self, ids: &[Id]) -> Result<(), E> { let = + } } };
        let expanded = expand(&quote!(resource = R), &item).to_string();
        let body = quote!({ let = + }).to_string();
        assert!(expanded.contains(&body), "{expanded}");
        assert!(!expanded.contains("compile_error"), "{expanded}");
    }

    #[test]
    fn invalid_input_gives_a_compile_error_and_no_panic() {
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
            quote!(edges = [role:]),
            quote!(edges = role:),
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
