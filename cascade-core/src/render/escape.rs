//! Escapes arbitrary names for each format. Control characters are shown as escapes in all formats, so that a name can
//! neither break a line nor be invisible.

use std::fmt::Write;

/// `text` with its control characters escaped.
pub(super) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if is_invisible(char) { safe.extend(char.escape_unicode()) } else { safe.push(char) }
    }
    safe
}

/// Whether a character is a control character, a line separator, a byte order mark or a change of the text direction.
fn is_invisible(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Escapes text and attribute values of HTML and SVG.
pub(super) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in printable(text).chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML does not allow these noncharacters.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            char => safe.push(char),
        }
    }
    safe
}

/// Escapes a quoted string of DOT, in which `\N` and `&amp;` have a meaning.
pub(super) fn dot(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}

/// Escapes a quoted string of Mermaid: ASCII characters other than letters, digits and some punctuation become their code.
pub(super) fn mermaid(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in printable(text).chars() {
        let is_plain = char.is_ascii_alphanumeric()
            || matches!(char, ' ' | '_' | '-' | '.' | ',' | ':' | '/' | '(' | ')');
        if is_plain || !char.is_ascii() {
            safe.push(char);
        } else {
            let _ = write!(safe, "#{};", u32::from(char));
        }
    }
    safe
}

/// Escapes text and table cells of Markdown.
pub(super) fn markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in printable(text).chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' => {
                safe.push('\\');
                safe.push(char);
            }
            char => safe.push(char),
        }
    }
    safe
}

/// A code span of Markdown in a table. A vertical bar needs a backslash there.
pub(super) fn code_in_table(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A code span of Markdown outside a table. A backslash would be visible there.
pub(super) fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A name as an identifier. Characters other than ASCII letters and digits become their code, so that distinct names have
/// distinct identifiers.
pub(super) fn identifier(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_alphanumeric() {
            safe.push(char);
        } else {
            let _ = write!(safe, "_{:x}_", u32::from(char));
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::code;
    use super::code_in_table;
    use super::dot;
    use super::identifier;
    use super::markdown;
    use super::mermaid;
    use super::printable;
    use super::xml;

    #[test]
    fn an_unusual_name_is_escaped_for_every_format() {
        let name = "a<b>|\"c\" `d` & é\n";
        assert_eq!(printable(name), "a<b>|\"c\" `d` & é\\u{a}");
        assert_eq!(xml(name), "a&lt;b&gt;|&quot;c&quot; `d` &amp; é\\u{a}");
        assert_eq!(dot(name), "a<b>|\\\"c\\\" `d` &amp; é\\\\u{a}");
        assert_eq!(mermaid(name), "a#60;b#62;#124;#34;c#34; #96;d#96; #38; é#92;u#123;a#125;");
        assert_eq!(markdown(name), "a&lt;b&gt;\\|\"c\" \\`d\\` &amp; é\\\\u{a}");
        assert_eq!(code(name), "``a<b>|\"c\" `d` & é\\u{a}``");
        assert_eq!(code_in_table(name), "``a<b>\\|\"c\" `d` & é\\u{a}``");
        assert_eq!(identifier("vm_nic é"), "vm_5f_nic_20__e9_");
    }

    #[test]
    fn a_code_span_is_fenced_by_more_backticks_than_it_contains() {
        assert_eq!(code("destroy"), "`destroy`");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a```b"), "````a```b````");
    }
}
