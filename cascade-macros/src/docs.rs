//! The text of doc comments.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments, without the indentation that all lines share. Omits docs whose text the macro cannot
/// see, as in `#[doc = include_str!(…)]`.
pub(crate) fn text(attributes: &[Attribute]) -> String {
    let comments: Vec<String> = attributes.iter().filter_map(comment).collect();
    let lines: Vec<&str> =
        comments.iter().flat_map(|comment| comment.split('\n')).map(str::trim_end).collect();
    let indentation = |line: &&str| line.len() - line.trim_start().len();
    let shared = lines.iter().filter(|line| !line.is_empty()).map(indentation).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(shared..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

fn comment(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::{ItemStruct, parse_quote};

    use super::text;

    #[test]
    fn shared_indentation_is_removed_and_other_attributes_are_omitted() {
        let item: ItemStruct = parse_quote! {
            /// A host, `<b>` "quoted" | é.
            ///
            ///     indented
            #[derive(Clone)]
            #[doc = include_str!("elsewhere.md")]
            #[doc = "\n"]
            struct Host;
        };
        assert_eq!(text(&item.attrs), "A host, `<b>` \"quoted\" | é.\n\n    indented");
        let item: ItemStruct = parse_quote!(
            #[doc(hidden)]
            struct Host;
        );
        assert_eq!(text(&item.attrs), "");
    }
}
