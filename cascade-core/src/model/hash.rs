//! SHA-256 over a list of texts.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The SHA-256 of a list of texts, in hex.
pub(crate) fn hex<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut fields = Fields::default();
    for text in texts {
        fields.add(text);
    }
    fields.hex()
}

/// Hashes a list of texts incrementally.
#[derive(Default)]
pub(crate) struct Fields(Sha256);

impl Fields {
    pub(crate) fn add(&mut self, text: &str) {
        // The length prefix gives different lists different bytes: ["ab"] and ["a", "b"].
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(crate) fn hex(self) -> String {
        let mut hex = String::new();
        for byte in self.0.finalize() {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }
}
