//! Requests that no client sends: effects called through the ingress, and plans at an address that a request names.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cascade_core::remote::{Fingerprint, PlanHeader, records};
use cascade_core::{Cascade, Drift, FailurePolicy, Plan, Record};
use serde_json::{Value, json};

use crate::http::send;
use crate::own::{self, Agent, Spec, Version};
use crate::site::{Site, check, instances, told};
use crate::{Setting, ensure};

const ITEMS: usize = 40;
const POOL: &str = "forged-40";

/// The item that forged calls name.
const ITEM: &str = "forged-40/0/0";

/// The key under which the forger stores the plan.
const PLAN: &str = "forged";

/// No answer of a worker takes so long, unless it waits for the decoy.
const LIMIT: Duration = Duration::from_mins(1);

pub(crate) async fn prove(setting: &Setting) -> Result<(), String> {
    let log = setting.directory.join("agent.log");
    let spec = Spec { version: Version::Guarded, log: Some(&log), ..Spec::default() };
    let site = Site::start(setting, &spec, "").await?;
    let forger = Forger::start(&site, &log)?;
    let plan = site.plan("Pool", POOL).await?;
    forger.store(&plan).await?;
    forger.effects_are_refused().await?;
    forger.plan_is_protected().await?;
    forger.check_is_answered().await?;
    forger.run_reads_its_own_ingress(&plan).await
}

/// A program on the network that knows the protocol and reaches the ingress.
struct Forger<'s> {
    site: &'s Site,
    cascade: Cascade,
    log: PathBuf,
    /// The address that forged requests name as the ingress.
    decoy: TcpListener,
}

impl<'s> Forger<'s> {
    fn start(site: &'s Site, log: &Path) -> Result<Self, String> {
        let cascade = own::graph(Version::Guarded, 1, &Agent::default())?;
        let decoy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        decoy.set_nonblocking(true).map_err(|error| error.to_string())?;
        Ok(Self { site, cascade, log: log.to_owned(), decoy })
    }

    async fn post(&self, path: &str, body: Value) -> Result<(u16, Value), String> {
        let url = format!("{}{path}", self.site.server.ingress());
        let answer = tokio::time::timeout(LIMIT, send("POST", &url, Some(body))).await;
        answer.map_err(|_| format!("{path} does not answer within {LIMIT:?}"))?
    }

    /// Where the plan is stored, with the decoy as the ingress.
    fn place(&self) -> Result<Value, String> {
        let decoy = self.decoy.local_addr().map_err(|error| error.to_string())?;
        Ok(json!({ "id": PLAN, "pages": 1, "ingress": format!("http://{decoy}") }))
    }

    fn version(&self) -> String {
        Fingerprint::of(&self.cascade).version()
    }

    fn step(&self, phase: &str, method: &str) -> Result<Value, String> {
        let call = json!({
            "phase": phase, "resource": "Item", "extension": "ItemCascade", "effect": method, "ids": [ITEM],
            "attempt": 1, "forced": false
        });
        Ok(json!({ "graph": self.version(), "plan": self.place()?, "call": call }))
    }

    /// Storing a plan is open to clients.
    async fn store(&self, plan: &Plan) -> Result<(), String> {
        let records: Vec<Record> =
            records(plan, None).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let header = PlanHeader::of(plan).map_err(|error| error.to_string())?;
        let page = json!({ "number": 0, "header": header, "records": records });
        let (status, answer) = self.post(&format!("/CascadePlan/{PLAN}/put"), page).await?;
        ensure(status == 200, || format!("the plan is not stored: {status} {answer}"))
    }

    /// The ingress refuses the call, as a request, as a message without an answer, and under each name of the handler.
    async fn effects_are_refused(&self) -> Result<(), String> {
        let service = format!("Step.Item.{}", self.version());
        let mut refusal = Value::Null;
        for handler in ["remove", "execute"] {
            for path in [format!("/{service}/{handler}"), format!("/{service}/{handler}/send")] {
                let (status, answer) = self.post(&path, self.step("effect", "remove")?).await?;
                ensure((400..500).contains(&status), || format!("{path} is open: {status} {answer}"))?;
                refusal = answer;
            }
        }
        let path = format!("/{service}/check");
        let (status, answer) = self.post(&path, self.step("effect", "remove")?).await?;
        ensure(status == 403, || format!("an effect at the handler for checks: {status} {answer}"))?;
        self.nothing_ran().await?;
        println!("an effect that is called through the ingress: {refusal}; nothing ran");
        Ok(())
    }

    async fn nothing_ran(&self) -> Result<(), String> {
        let sql = "SELECT id FROM sys_invocation WHERE target_handler_name IN ('remove', 'execute')";
        let rows = self.site.server.query(sql).await?;
        ensure(rows.is_empty(), || format!("Restate has invocations of effects: {rows:?}"))?;
        let removed = told(&self.log, POOL);
        ensure(removed.is_empty(), || format!("the agent removed {removed:?}"))
    }

    /// The handlers that change a stored plan are private, and what is stored is not replaced.
    async fn plan_is_protected(&self) -> Result<(), String> {
        let page = json!({ "number": 1, "header": null, "records": [] });
        for (handler, body) in [
            ("extend", page.clone()),
            ("hold", Value::Null),
            ("release", Value::Null),
            ("expire", Value::Null),
        ] {
            let (status, answer) = self.post(&format!("/CascadePlan/{PLAN}/{handler}"), body).await?;
            ensure((400..500).contains(&status), || format!("{handler} is open: {status} {answer}"))?;
        }
        let other = json!({ "number": 0, "header": null, "records": [] });
        let (status, answer) = self.post(&format!("/CascadePlan/{PLAN}/put"), other).await?;
        ensure(status == 409, || format!("a page was replaced: {status} {answer}"))?;
        println!("a stored plan: only a workflow extends or removes it, and a client replaces nothing");
        Ok(())
    }

    /// The same message as a check is answered. So it was refused above because it acts, and for no other reason.
    async fn check_is_answered(&self) -> Result<(), String> {
        let path = format!("/Step.Item.{}/check", self.version());
        let (status, answer) = self.post(&path, self.step("check", "is_kept")?).await?;
        ensure(status == 200 && answer.get("Ok").is_some(), || format!("a check: {status} {answer}"))?;
        self.decoy_was_not_asked()?;
        println!("a check that names another ingress is answered from the worker's own: {answer}");
        Ok(())
    }

    async fn run_reads_its_own_ingress(&self, plan: &Plan) -> Result<(), String> {
        let about = json!({
            "header": PlanHeader::of(plan).map_err(|error| error.to_string())?, "plan": PLAN,
            "digest": plan.digest().map_err(|error| error.to_string())?, "policy": FailurePolicy::Stop,
            "forced": false, "confirmed_by": null
        });
        let request = json!({
            "fingerprint": Fingerprint::of(&self.cascade), "plan": self.place()?, "about": about,
            "drift": Drift::Ignore, "limits": null, "steps": 8
        });
        let (status, answer) = self.post("/Cascade/forged/run", request).await?;
        ensure(status == 200 && answer["ended"]["complete"] == true, || {
            format!("the run: {status} {answer}")
        })?;
        let repeats = check(&told(&self.log, POOL), instances(ITEMS))?;
        ensure(repeats == 0, || format!("{repeats} calls came twice"))?;
        self.decoy_was_not_asked()?;
        println!("a run that names another ingress reads its plan from the worker's own");
        Ok(())
    }

    /// The kernel accepts connections to a socket that listens. So a worker that had asked the decoy would be seen here.
    fn decoy_was_not_asked(&self) -> Result<(), String> {
        match self.decoy.accept() {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(format!("the decoy fails: {error}")),
            Ok((_, from)) => Err(format!("a worker asked the address that the request named, from {from}")),
        }
    }
}
