//! Renders the graph and plans as HTML pages. Each page is one self-contained file without network requests.

mod plan;

use crate::document::Document;

const PAGE: &str = include_str!("page/page.html");
const COLOURS: &str = include_str!("colours.css");
const STYLE: &str = include_str!("page/style.css");
/// The parts of the script. Each part uses the parts before it.
const SCRIPT: [&str; 5] = [
    include_str!("page/graph.js"),
    include_str!("page/elements.js"),
    include_str!("page/picture.js"),
    include_str!("page/panels.js"),
    include_str!("page/page.js"),
];
/// `@dagrejs/dagre` 3.1.3, which computes the layout of the pictures.
const LAYOUT: &str = include_str!("page/dagre.min.js");
const LICENCE: &str = include_str!("page/dagre.LICENSE");

impl Document {
    /// An HTML page to explore the graph: search, select a root and an operation, see the reached resources and the
    /// decisions, and follow an edge to its declaration. The page has a light and a dark theme, works with the keyboard and
    /// with screen readers, and can be printed.
    ///
    /// # Errors
    ///
    /// If serialisation fails.
    pub fn to_html(&self) -> Result<String, serde_json::Error> {
        let data = within_script(&serde_json::to_string(self)?);
        let parts = [
            ("colours", COLOURS),
            ("style", STYLE),
            ("licence", LICENCE),
            ("layout", LAYOUT),
            ("script", &format!("\"use strict\";\n(() => {{\n{}}})();", SCRIPT.concat())),
            ("data", &data),
        ];
        Ok(filled(PAGE, &parts))
    }
}

/// Replaces each `{name}` of the template with the part of that name. Inserted parts are not searched again, because they
/// can contain braces.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut page =
        String::with_capacity(template.len() + parts.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut rest = template;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        page.push_str(before);
        page.push_str(parts.iter().find(|(part, _)| *part == name).map_or("", |(_, text)| text));
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Escapes JSON for a `<script>` element: the result cannot end the element or open a comment.
fn within_script(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::within_script;

    #[test]
    fn a_name_cannot_end_the_script_element() {
        let json = within_script("[\"</script><script>alert(1)</script><!--\"]");
        assert!(!json.contains('<'));
        let read: Vec<String> = serde_json::from_str(&json).expect("it still is JSON");
        assert_eq!(read, ["</script><script>alert(1)</script><!--"]);
    }
}
