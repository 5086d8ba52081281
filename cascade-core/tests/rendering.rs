//! The graph in every format: small graphs, unusual names, and a graph of realistic size.

#![forbid(unsafe_code)]

mod graphs;

use cascade_core::document::{Document, View};
use cascade_core::{Delete, Graph, Place, Rule};
use graphs::{deleted, extension, gitlab, many};

const AWKWARD: &str = "a<b>&\"c\"|`d`'e'\\N é→日本 [x](y) #1 *s* -->";
const DOCS: &str = "It's <script>a</script> | a \"`Vec<u8>`\", `` ` ``, [`Host`](Host), é→日本 --> ${x} \\N\n# x\n\n|a|\n```\n</pre>\n";

fn every_format(document: &Document) -> String {
    let whole = document.whole();
    let json = document.to_json().expect("names are text");
    let formats = [
        ("text", whole.to_text()),
        ("mermaid", whole.to_mermaid()),
        ("dot", whole.to_dot()),
        ("svg", whole.to_svg()),
        ("markdown", document.to_markdown()),
        ("json", json),
    ];
    formats.map(|(name, text)| format!("==== {name}\n{text}")).concat()
}

fn build(extensions: impl IntoIterator<Item = cascade_core::ExtensionDescriptor>) -> Document {
    let mut document = Graph::build(extensions).expect("the graph has no fault").document();
    // `Delete` is declared in the library, so its line changes with the library.
    document.operations.iter_mut().for_each(|operation| operation.source.line = 1);
    document
}

/// Unusual names, doc texts and files, with links to the sources.
fn awkward() -> Document {
    let long = "x".repeat(300);
    let ends_script = "</script>{data}";
    let mut described = graphs::described(AWKWARD, DOCS);
    described.place = Place::new("shop", "src/a b|`c`/(é).rs", 7);
    let edges = [(AWKWARD, deleted as fn(Place) -> Rule), (&long, deleted), (ends_script, deleted)];
    build([described, extension(&long, &edges), extension(ends_script, &[])])
        .with_sources_at("https://example.org/<x>")
}

fn view<'d>(document: &'d Document, root: Option<&str>, operation: Option<&str>) -> View<'d> {
    document.view(root, operation).expect("the names are known")
}

#[test]
fn an_empty_graph() {
    insta::assert_snapshot!(every_format(&build([])));
}

#[test]
fn a_graph_with_one_resource() {
    insta::assert_snapshot!(every_format(&build([extension("Zone", &[])])));
}

#[test]
fn unusual_names() {
    insta::assert_snapshot!(every_format(&awkward()));
}

#[test]
fn resources_that_an_operation_reaches_from_a_root() {
    let document = build([
        extension("Zone", &[]),
        extension("Host", &[("Zone", deleted)]),
        extension("Vm", &[("Host", |place| Rule::effect::<Delete>("delete", place).leaf())]),
        extension("Nic", &[("Vm", deleted)]),
        extension("Image", &[("Zone", Rule::retain::<Delete>)]),
        extension("Lock", &[("Image", deleted), ("Zone", Rule::ignore::<Delete>)]),
    ]);
    let delete = Some("Delete");
    let shown = |root| view(&document, root, delete).to_text();
    insta::assert_snapshot!(shown(Some("Zone")), @r"
    Zone: delete
    ├── Host: delete
    │   └── Vm: delete (leaf)
    └── Image: retain
    ");
    insta::assert_snapshot!(shown(Some("Vm")), @r"
    Vm: delete
    └── Nic: delete
    ");
    insta::assert_snapshot!(shown(None), @r"
    Zone
    ├── Host: delete
    │   └── Vm: delete (leaf)
    └── Image: retain
    Image
    └── Lock: delete
    Vm
    └── Nic: delete
    ");
    insta::assert_snapshot!(view(&document, Some("Zone"), None).to_text(), @r"
    Zone
    ├── Host
    │   └── Vm
    │       └── Nic
    ├── Image
    │   └── Lock
    └── Lock
    ");
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest_name() {
    let document = build([extension("Host", &[]), extension("Zone", &[])]);
    let error = |root, operation| {
        document.view(root, operation).map(|_| ()).expect_err("it is not there").to_string()
    };
    assert_eq!(error(Some("Hots"), None), "there is no resource `Hots`: did you mean `Host`?");
    assert_eq!(error(Some("Quota"), None), "there is no resource `Quota`");
    assert_eq!(error(None, Some("Detach")), "no rule mentions an operation `Detach`: there is `Delete`");
}

#[test]
fn a_document_survives_serialisation() {
    let document = build([extension("Host", &[("Zone", deleted)]), extension("Zone", &[])]);
    let json = document.to_json().expect("names are text");
    let read: Document = serde_json::from_str(&json).expect("the document is valid");
    assert_eq!(read, document);
}

#[test]
fn a_graph_of_realistic_size_in_every_format() {
    let document = gitlab().document();
    assert_eq!((document.resources.len(), document.edges.len()), (1087, 1777));
    let text = every_format(&document);
    assert!(text.lines().count() > 10_000);
    let again = every_format(&gitlab().document());
    assert!(text == again, "equal graphs give equal files");
}

/// Writes the pages where `cargo xtask browser` finds them.
#[test]
fn pages() {
    let write = |name: &str, document: &Document| {
        let whole = document.whole();
        let page = document.to_html().expect("names are text");
        let formats = [
            ("html", page.clone()),
            ("mmd", whole.to_mermaid()),
            ("dot", whole.to_dot()),
            ("svg", whole.to_svg()),
        ];
        for (ending, text) in formats {
            let path = format!("{}/{name}.{ending}", env!("CARGO_TARGET_TMPDIR"));
            std::fs::write(path, text).expect("the target folder can be written to");
        }
        page
    };
    let page = write("awkward", &awkward());
    assert_eq!(page.matches("</script>").count(), 3);
    assert!(!page.contains("http:") || !page.contains("src="), "the page does not use the network");
    write("empty", &build([]));
    let write_page = |name: &str, page: &str| {
        let path = format!("{}/{name}.html", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(path, page).expect("the target folder can be written to");
    };
    let gitlab = gitlab().document().to_html().expect("names are text");
    assert!(gitlab.len() < 3_000_000, "{} bytes", gitlab.len());
    write_page("gitlab", &gitlab);
    write_page("many", &build(many(6000)).to_html().expect("names are text"));
}

#[test]
fn a_chain_of_six_thousand_does_not_overflow_the_stack() {
    let names: Vec<String> = (0..6000).map(|at| format!("R{at:04}")).collect();
    let extensions = names.iter().enumerate().map(|(at, name)| match at {
        0 => extension(name, &[]),
        _ => extension(name, &[(&names[at - 1], deleted)]),
    });
    let document = build(extensions.collect::<Vec<_>>());
    assert_eq!(view(&document, Some("R0000"), Some("delete")).to_text().lines().count(), 6000);
    assert!(document.whole().to_svg().ends_with("</svg>\n"));
}

#[test]
fn six_thousand_resources_in_every_format() {
    let document = build(many(6000));
    assert_eq!((document.resources.len(), document.edges.len()), (6000, 5999 * 2 - 1));
    let text = every_format(&document);
    assert!(text.lines().count() > 100_000);
    assert!(document.to_html().expect("names are text").ends_with("</html>\n"));
}

#[test]
fn a_page_is_compared_with_a_graph() {
    let zone_and = |more: &[(&str, &str)]| {
        let mut extensions = vec![extension("Zone", &[]), extension("Host", &[("Zone", deleted)])];
        extensions.extend(more.iter().map(|(name, parent)| extension(name, &[(parent, deleted)])));
        build(extensions)
    };
    let page = zone_and(&[(AWKWARD, "Host")]).to_markdown();
    let further = |document: &Document, page: &str| -> Vec<String> {
        let further = document.further_than(page).expect("the page lists it");
        further.iter().map(|one| format!("{}: {}", one.root, one.gained.join(", "))).collect()
    };
    assert_eq!(further(&zone_and(&[(AWKWARD, "Host")]), &page), [""; 0]);
    assert_eq!(further(&zone_and(&[]), &page), [""; 0], "a smaller graph reaches no further");
    // The new resource itself is not a root of the old page.
    let grown = zone_and(&[(AWKWARD, "Host"), ("New", AWKWARD)]);
    let from_awkward = format!("{AWKWARD}: New");
    assert_eq!(further(&grown, &page), ["Host: New", "Zone: New", &from_awkward]);
    // If a page has only counts, counts are compared.
    let counts = |line: &str| line.split_once(": [").map_or(line, |(counts, _)| counts).to_owned() + "\n";
    let counted: String = page.lines().map(counts).collect();
    assert_eq!(further(&zone_and(&[(AWKWARD, "Host")]), &counted), [""; 0]);
    assert_eq!(further(&grown, &counted), ["Host: ", "Zone: ", &from_awkward]);
    assert_eq!(grown.further_than("# Something else\n"), None);
}

/// A page consists of a script, which browser tests cover, and the document: this test checks that the document is
/// complete.
#[test]
fn a_page_holds_the_whole_document() {
    for document in [build([]), awkward(), gitlab().document()] {
        let page = document.to_html().expect("names are text");
        let (_, data) =
            page.split_once("<script type=\"application/json\" id=\"data\">").expect("it has data");
        let (data, _) = data.split_once("</script>").expect("the data ends");
        let read: serde_json::Value = serde_json::from_str(data).expect("it is JSON");
        assert_eq!(read, serde_json::to_value(&document).expect("names are text"));
    }
}
