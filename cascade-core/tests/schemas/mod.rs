//! The schemas of the JSON documents, and the check that a document has a schema's form.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::Value;

/// A schema of `docs`, read at first use.
pub(crate) type Schema = LazyLock<Validator>;

macro_rules! schema {
    ($name:ident, $file:literal) => {
        #[allow(dead_code, reason = "each test program uses some")]
        pub(crate) static $name: Schema =
            LazyLock::new(|| validator(include_str!(concat!("../../docs/", $file, ".schema.json"))));
    };
}

schema!(PLAN, "plan");
schema!(REPORT, "report");
schema!(WHY, "why");
schema!(DIFFERENCE, "difference");
schema!(RECEIPT, "receipt");
schema!(RUN, "run");

fn validator(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::validator_for(&schema).expect("the schema is valid")
}

/// Asserts that the document has the form of the schema, and begins with its format.
#[track_caller]
#[allow(dead_code, reason = "each test program uses some")]
pub(crate) fn assert_conforms(schema: &Schema, document: &impl Serialize) {
    assert_text_conforms(schema, &serde_json::to_string(document).expect("the document serialises"));
}

/// The same, for a document as text.
#[track_caller]
#[allow(dead_code, reason = "each test program uses some")]
pub(crate) fn assert_text_conforms(schema: &Schema, text: &str) {
    assert!(text.starts_with(r#"{"format":1,"#), "{text}");
    assert_value_conforms(schema, &serde_json::from_str(text).expect("the document is JSON"));
}

/// The same, for a document that is part of another one. Schemas allow no further keys, so a new key has to be added to them.
#[track_caller]
pub(crate) fn assert_value_conforms(schema: &Schema, document: &Value) {
    let errors: Vec<String> =
        schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\nin {document:#}", errors.join("\n"));
}
