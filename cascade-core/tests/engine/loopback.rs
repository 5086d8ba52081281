//! A cascade whose methods are called remotely: all calls and answers pass through text.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use cascade_core::remote::{
    AuthorizeCall, FindCall, FoundIds, MethodAnswer, MethodCall, PlanHeader, Remote, RemoteError, authorize,
    execute, find, records, restore, with_remote,
};
use cascade_core::{Cascade, Plan, Record};
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The same cascade, with its methods behind text.
pub(crate) fn behind_text(cascade: &Cascade) -> Cascade {
    with_remote(cascade, Arc::new(Loopback { there: cascade.clone() }), usize::MAX)
}

/// The remote side. It knows a plan only from its records.
struct Loopback {
    there: Cascade,
}

pub(crate) fn through_text<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("it can be written");
    serde_json::from_str(&text).expect("it can be read again")
}

/// The plan as another process reads it.
pub(crate) fn read_again(there: &Cascade, plan: &Plan) -> Plan {
    let header = through_text(&PlanHeader::of(plan).expect("a header"));
    let records = records(plan, None).map(|record| through_text::<Record>(&record.expect("a record")));
    restore(there, &header, records).expect("the records fit")
}

impl Remote for Loopback {
    fn find(&self, call: FindCall) -> BoxFuture<'_, Result<FoundIds, RemoteError>> {
        Box::pin(async move { through_text(&find(&self.there, through_text(&call)).await) })
    }

    fn execute<'a>(
        &'a self,
        plan: &'a Plan,
        call: MethodCall,
    ) -> BoxFuture<'a, Result<MethodAnswer, RemoteError>> {
        Box::pin(async move {
            let plan = read_again(&self.there, plan);
            through_text(&execute(&self.there, &plan, through_text(&call), pending()).await)
        })
    }

    fn authorize<'a>(
        &'a self,
        plan: &'a Plan,
        call: AuthorizeCall,
    ) -> BoxFuture<'a, Result<Vec<(usize, String)>, RemoteError>> {
        Box::pin(async move {
            let plan = read_again(&self.there, plan);
            through_text(&authorize(&self.there, &plan, through_text(&call)).await)
        })
    }

    fn wait(&self, delay: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}
