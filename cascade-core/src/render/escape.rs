//! Names of any kind, made safe for each format. A control character is shown by its escape in all of them, so that a
//! name can neither break a line nor hide.

use std::fmt::Write;

/// `text` with its control characters escaped.
pub(super) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        if is_hidden(char) { safe.extend(char.escape_unicode()) } else { safe.push(char) }
    }
    safe
}

/// Control characters, and those that turn the direction of what follows them.
fn is_hidden(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// For text and attributes of HTML and SVG.
pub(super) fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in printable(text).chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // XML allows no noncharacters.
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            char => safe.push(char),
        }
    }
    safe
}

/// For a quoted text of DOT, where `\N` and `&amp;` mean something.
pub(super) fn dot(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}

/// For a quoted text of Mermaid: whatever is no letter, digit or harmless sign becomes its number.
pub(super) fn mermaid(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for char in printable(text).chars() {
        let harmless = char.is_ascii_alphanumeric()
            || matches!(char, ' ' | '_' | '-' | '.' | ',' | ':' | '/' | '(' | ')');
        if harmless || !char.is_ascii() {
            safe.push(char);
        } else {
            let _ = write!(safe, "#{};", u32::from(char));
        }
    }
    safe
}

/// For running text and table cells of Markdown.
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

/// A code span of Markdown in a table, where a bar needs a backslash.
pub(super) fn code_in_table(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A code span of Markdown, outside of tables: there, a backslash would be shown.
pub(super) fn code(text: &str) -> String {
    let text = printable(text);
    let longest = text.split(|char| char != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A name as an identifier: letters and digits stay, all else becomes its number, so that no two names meet.
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
    fn every_format_takes_every_name() {
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
    fn a_code_span_is_fenced_by_more_backticks_than_it_holds() {
        assert_eq!(code("destroy"), "`destroy`");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("a```b"), "````a```b````");
    }
}
