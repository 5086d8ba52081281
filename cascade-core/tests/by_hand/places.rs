//! Places with a text: faults of a generated graph point at its data.

use cascade_core::{Delete, Graph, Outcome, Place, Rule};

use crate::declared::{at, build, resource, root, zones};

#[test]
fn a_fault_points_at_the_data_of_a_generated_graph() {
    let mut hosts = root("Host", 20);
    hosts.edge(resource("Rack"), Place::described(format!("constraint fk_{}", 1171)));
    let error = build([zones(), hosts]).unwrap_err();
    assert!(error.to_string().contains("\n  --> constraint fk_1171\n"), "{error}");
}

#[test]
fn a_text_does_not_break_the_line_of_a_fault() {
    assert_eq!(Place::described("a\nb").to_string(), "a\\nb");
    assert_eq!(Place::described("a").text(), Some("a"));
    assert_eq!(at(7).text(), None);
}

#[test]
fn documents_show_the_text_and_link_only_to_files() {
    let mut hosts = root("Host", 20);
    hosts.edge(resource("Zone"), Place::described("constraint fk_1171"));
    hosts.rule(Rule::ignore::<Delete>(at(30)).from(resource("Zone")));
    hosts.effect("stop", Place::described("policy 3"), |(), _, _| Box::pin(async { Ok(Outcome::done()) }));
    let graph = Graph::build([zones().descriptor().clone(), hosts.descriptor().clone()]).unwrap();
    let document = graph.document().with_sources_at("https://example.org/{file}#L{line}");
    let source = serde_json::to_value(&document.edges[0].source).unwrap();
    assert_eq!(
        source,
        serde_json::json!({ "package": "", "file": "", "line": 0, "text": "constraint fk_1171" })
    );
    let markdown = document.to_markdown();
    assert!(markdown.contains("`policy 3`"), "{markdown}");
    assert!(!markdown.contains("[`policy 3`]"), "{markdown}");
    assert!(markdown.contains("https://example.org/cloud.rs#L20"), "{markdown}");
}
