//! The service that tells clients which extensions the newest workers link.
#![expect(clippy::unused_async, reason = "a handler is async, whether it waits or not")]

use std::sync::Arc;

use cascade_core::remote::Fingerprint;
use restate_sdk::prelude::*;

use crate::names::Version;

/// Tells which extensions the newest workers link.
#[derive(Debug)]
pub(crate) struct CascadeGraph(pub(crate) Arc<Version>);

#[restate_sdk::service(client_visibility = "pub(crate)")]
impl CascadeGraph {
    /// Their fingerprint.
    #[handler]
    async fn fingerprint(&self, _ctx: Context<'_>) -> HandlerResult<Json<Fingerprint>> {
        Ok(Json(self.0.fingerprint.clone()))
    }
}
