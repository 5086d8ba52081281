//! An instance in the form that people and scripts read.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::printed::Printed;

/// An instance in the form that it has in all JSON for people and scripts.
///
/// ```
/// # use cascade_core::InstanceName;
/// let json = r#"{"resource":"Vm","id":7,"text":"vm-7"}"#;
/// let vm: InstanceName = serde_json::from_str(json)?;
/// assert_eq!(vm.to_string(), "Vm vm-7");
/// assert_eq!(serde_json::to_string(&vm)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "ReadName")]
#[non_exhaustive]
pub struct InstanceName {
    /// The resource.
    pub resource: String,
    /// The id, serialised. `null` if its `Serialize` fails, or if only its text is known, from an earlier version.
    pub id: Value,
    /// The id, printed with `Display`.
    pub text: String,
}

/// The form of earlier versions has the printed id as `id`, and no `text`.
#[derive(Deserialize)]
struct ReadName {
    resource: String,
    #[serde(default)]
    id: Value,
    text: Option<String>,
}

impl From<ReadName> for InstanceName {
    fn from(ReadName { resource, id, text }: ReadName) -> Self {
        match (text, id) {
            (Some(text), id) => Self { resource, id, text },
            (None, Value::String(text)) => Self { resource, id: Value::Null, text },
            (None, id) => Self { resource, text: id.to_string(), id },
        }
    }
}

impl InstanceName {
    pub(crate) fn new(resource: impl Into<String>, id: Value, text: impl Into<String>) -> Self {
        Self { resource: resource.into(), id, text: text.into() }
    }

    /// An instance whose id's type is unknown. Its text is the id without JSON quotes.
    pub(crate) fn of_json(resource: impl Into<String>, id: Value) -> Self {
        let text = match &id {
            Value::String(text) => text.clone(),
            id => id.to_string(),
        };
        Self::new(resource, id, text)
    }

    /// A key to sort by: the resource, the text, and the id for those that print alike.
    pub(crate) fn sort_key(&self) -> (String, String, String) {
        (self.resource.clone(), self.text.clone(), self.id.to_string())
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource, Printed(&self.text))
    }
}
