//! Source locations that are the same on every machine.

use std::fmt;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::model::{Place, Printed};

/// A source location: the package, the file relative to the workspace, and the line; or a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// The package; empty for a text.
    pub package: String,
    /// The file: relative to the workspace, or, for a package outside the workspace, the path from its `src` on. Empty for
    /// a text.
    pub file: String,
    /// The line, from 1; 0 for a text.
    pub line: u32,
    /// What the declaration is made from, in words: see [`Place::described`](crate::Place::described).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether the package is outside the workspace, so that the workspace has no such file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

impl Source {
    /// Makes an absolute path relative to `workspace`. The compiler has absolute paths when the packages of a workspace are
    /// built as dependencies of another workspace.
    pub(crate) fn new(place: Place, workspace: Option<&str>) -> Self {
        if let Some(text) = place.text() {
            let (package, file, text) = (String::new(), String::new(), Some(text.to_owned()));
            return Self { package, file, line: 0, text, elsewhere: false };
        }
        let file = place.file.replace('\\', "/");
        let workspace = workspace.map(|workspace| workspace.replace('\\', "/"));
        let within = workspace.as_deref().and_then(|root| {
            file.strip_prefix(root.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'))
        });
        let elsewhere = within.is_none() && is_absolute(&file);
        let file = match within {
            Some(within) => within.to_owned(),
            None if elsewhere => path_in_package(&file).to_owned(),
            None => file,
        };
        Self { package: place.package.to_owned(), file, line: place.line, text: None, elsewhere }
    }

    /// The location with its package in brackets, if it has one.
    pub fn with_package(&self) -> String {
        if self.package.is_empty() { self.to_string() } else { format!("{self} ({})", self.package) }
    }

    /// The link to the location, by the template of a document; `None` without a template, without a file, or
    /// outside the workspace.
    pub(crate) fn link(&self, template: &str) -> Option<String> {
        let is_linked = !template.is_empty() && self.text.is_none() && !self.elsewhere;
        is_linked.then(|| {
            let url = template.replace("{file}", &url_encoded(&self.file));
            // The template can contain characters that end a link in Markdown.
            let parts = [(' ', "%20"), ('<', "%3C"), ('>', "%3E"), ('(', "%28"), (')', "%29")];
            let url = parts.into_iter().fold(url, |url, (char, code)| url.replace(char, code));
            url.replace("{line}", &self.line.to_string())
        })
    }
}

/// Percent-encodes a path for a URL.
fn url_encoded(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

fn is_absolute(file: &str) -> bool {
    file.starts_with('/') || file.as_bytes().get(1) == Some(&b':')
}

/// The part of an absolute path that is the same on every machine: from `src`, `tests`, `examples` or `benches` on, or
/// else the file name.
fn path_in_package(file: &str) -> &str {
    let source =
        ["/src/", "/tests/", "/examples/", "/benches/"].iter().filter_map(|part| file.rfind(part)).max();
    let name = file.rfind('/');
    source.or(name).map_or(file, |slash| &file[slash + 1..])
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{}", Printed(text)),
            None => write!(f, "{}:{}", self.file, self.line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;
    use crate::model::Place;

    #[test]
    fn a_source_does_not_contain_the_path_of_the_workspace_on_this_machine() {
        let file = |file, workspace| Source::new(Place::new("vm", file, 1), workspace).file;
        assert_eq!(file("vm/src/lib.rs", None), "vm/src/lib.rs");
        assert_eq!(file("/home/me/cloud/vm/src/lib.rs", Some("/home/me/cloud")), "vm/src/lib.rs");
        assert_eq!(file("/home/me/cloud2/vm/src/lib.rs", Some("/home/me/cloud")), "src/lib.rs");
        assert_eq!(file("/home/me/.cargo/registry/src/x-1/vm-0.1.0/src/a/b.rs", None), "src/a/b.rs");
        assert_eq!(file("C:\\work\\cloud\\vm\\src\\lib.rs", Some("C:\\work\\cloud")), "vm/src/lib.rs");
        assert_eq!(file("/opt/generated.rs", None), "generated.rs");
    }

    #[test]
    fn a_text_stands_in_the_place_of_a_file() {
        let source = |place| Source::new(place, None);
        let described = source(Place::described("constraint fk_1171"));
        assert_eq!(described.to_string(), "constraint fk_1171");
        assert_eq!(described.with_package(), "constraint fk_1171");
        assert_eq!(described.link("https://example.org/{file}#L{line}"), None);
        let json = serde_json::to_value(&described).unwrap();
        assert_eq!(json["text"], "constraint fk_1171");
        assert_eq!(serde_json::from_value::<Source>(json).unwrap(), described);
    }

    #[test]
    fn only_files_of_the_workspace_have_links() {
        let link = |file, template| Source::new(Place::new("vm", file, 7), None).link(template);
        let hosted = "https://example.org/{file}#L{line}";
        assert_eq!(link("vm/src/lib.rs", hosted).as_deref(), Some("https://example.org/vm/src/lib.rs#L7"));
        assert_eq!(
            link("a b/(c)/é|#.rs", hosted).as_deref(),
            Some("https://example.org/a%20b/%28c%29/%C3%A9%7C%23.rs#L7")
        );
        assert_eq!(link("vm/src/lib.rs", ""), None);
        assert_eq!(link("/home/me/.cargo/registry/src/x-1/vm-0.1.0/src/lib.rs", hosted), None);
    }
}
