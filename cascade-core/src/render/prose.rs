//! Doc comments in documents of the graph. A doc comment is Markdown that was not written for these pages, so only code
//! spans keep their form. Everything else is shown as plain text.

use super::escape::{code, code_in_table, markdown, printable};

/// The first paragraph, on one line of Markdown.
pub(super) fn summary(docs: &str) -> String {
    summary_as(code, docs)
}

/// The first paragraph, on one line of a Markdown table.
pub(super) fn summary_in_table(docs: &str) -> String {
    summary_as(code_in_table, docs)
}

fn summary_as(code: fn(&str) -> String, docs: &str) -> String {
    let text = first_paragraph(docs);
    let mut line = String::with_capacity(text.len());
    for (part, is_code) in parts(&text) {
        line.push_str(&if is_code { code(part) } else { markdown(part) });
    }
    line
}

/// The first paragraph as plain text on one line.
pub(super) fn plain_summary(docs: &str) -> String {
    let text = first_paragraph(docs);
    parts(&text).into_iter().map(|(part, _)| printable(part)).collect()
}

fn first_paragraph(docs: &str) -> String {
    let lines = docs.lines().map(str::trim).skip_while(|line| line.is_empty());
    let paragraph: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

/// Splits a text into plain text (`false`) and code spans without their backticks (`true`). Unclosed backticks are plain
/// text.
fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    let (mut plain_start, mut at) = (0, 0);
    while let Some(opened) = text[at..].find('`').map(|found| at + found) {
        let fence = text[opened..].len() - text[opened..].trim_start_matches('`').len();
        let inside = opened + fence;
        let Some(closed) = closing(text, inside, fence) else {
            at = inside;
            continue;
        };
        let (before, after) = (&text[plain_start..opened], &text[closed + fence..]);
        let link = before.strip_suffix('[').zip(after_link(after));
        let (before, after) = link.unwrap_or((before, after));
        parts.push((before, false));
        parts.push((trimmed(&text[inside..closed]), true));
        at = text.len() - after.len();
        plain_start = at;
    }
    parts.push((&text[plain_start..], false));
    parts.retain(|(part, _)| !part.is_empty());
    parts
}

/// The text after the end of a link to a type, such as `](x::B)`. Only the name of the type is shown.
fn after_link(text: &str) -> Option<&str> {
    let text = text.strip_prefix(']')?;
    let target = [('(', ')'), ('[', ']')]
        .into_iter()
        .find_map(|(open, close)| text.strip_prefix(open)?.split_once(close).map(|(_, after)| after));
    Some(target.unwrap_or(text))
}

/// The position of the next run of exactly `fence` backticks.
fn closing(text: &str, from: usize, fence: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = text[at..].find('`').map(|found| at + found) {
        let run = text[found..].len() - text[found..].trim_start_matches('`').len();
        if run == fence {
            return Some(found);
        }
        at = found + run;
    }
    None
}

/// The span without one space on both sides, which Markdown uses to separate backticks from the fence.
fn trimmed(span: &str) -> &str {
    let inner = span.strip_prefix(' ').and_then(|span| span.strip_suffix(' '));
    inner.filter(|inner| !inner.trim().is_empty()).unwrap_or(span)
}

#[cfg(test)]
mod tests {
    use super::plain_summary;
    use super::summary;
    use super::summary_in_table;

    #[test]
    fn only_code_spans_keep_their_form() {
        let docs = "\nA `Host<T>` with <b> | \"é\" *and* [`Vm`]s,\nsee [it](x).\n\n# More\n```\ncode\n```";
        assert_eq!(summary(docs), "A `Host<T>` with &lt;b&gt; \\| \"é\" \\*and\\* `Vm`s, see \\[it\\](x).");
        assert_eq!(plain_summary(docs), "A Host<T> with <b> | \"é\" *and* Vms, see [it](x).");
        assert_eq!(summary(""), "");
    }

    #[test]
    fn a_link_to_a_type_is_shown_as_its_name() {
        assert_eq!(summary("[`A`], [`B`](x::B) [`C`][c]. [`D`](e"), "`A`, `B` `C`. `D`(e");
        assert_eq!(summary("[`A` b]"), "\\[`A` b\\]");
        assert_eq!(summary_in_table("a | `|`"), "a \\| `\\|`");
    }

    #[test]
    fn an_unclosed_code_span_is_text() {
        assert_eq!(summary("a ` b"), "a \\` b");
        assert_eq!(summary("a `` b ` c"), "a \\`\\` b \\` c");
        assert_eq!(summary("`` a`b `` and `|`"), "``a`b`` and `|`");
        assert_eq!(summary("`a"), "\\`a");
    }
}
