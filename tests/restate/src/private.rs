//! Forged requests: effects called through the ingress, and plans at an address that a request names.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cascade_core::remote::{Fingerprint, PlanHeader, records};
use cascade_core::{Cascade, Drift, FailurePolicy, Plan, Record};
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::graph::{Version, graph, instances};
use crate::http::send;
use crate::removals::{check_once, of_pool};
use crate::site::Site;
use crate::wait::until;
use crate::worker::Spec;
use crate::world::{Fact, World};
use crate::{Environment, ensure};

const ITEMS: usize = 40;
const POOL: &str = "forged-40";

/// The item that forged calls name.
const ITEM: &str = "forged-40/0/0";

/// The key under which the forger stores the plan.
const PLAN: &str = "forged";

/// No answer of a worker takes so long, unless it waits for the decoy.
const LIMIT: Duration = Duration::from_mins(1);

pub(crate) async fn prove(environment: &Environment) -> Result<(), String> {
    let log = environment.directory.join("agent.log");
    let world = World::at(environment.directory.join("world"));
    let spec = Spec { version: Version::Guarded, log: Some(&log), world: Some(&world), ..Spec::default() };
    let site = Site::start(environment, &spec, "").await?;
    let forger = Forger::start(&site, &log, world.clone())?;
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
    world: World,
    /// The address that forged requests name as the ingress.
    decoy: TcpListener,
}

impl<'s> Forger<'s> {
    fn start(site: &'s Site, log: &Path, world: World) -> Result<Self, String> {
        let cascade = graph(Version::Guarded, 1, &Agent::default())?;
        let decoy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        decoy.set_nonblocking(true).map_err(|error| error.to_string())?;
        Ok(Self { site, cascade, log: log.to_owned(), world, decoy })
    }

    async fn post(&self, path: &str, body: Option<Value>) -> Result<(u16, Value), String> {
        let url = format!("{}{path}", self.site.server.ingress());
        let answer = tokio::time::timeout(LIMIT, send("POST", &url, body)).await;
        answer.map_err(|_| format!("{path} does not answer within {LIMIT:?}"))?
    }

    /// An error unless the ingress refuses a request because the handler is private. Returns the refusal.
    async fn refused(&self, path: &str, body: Option<Value>) -> Result<Value, String> {
        let (status, answer) = self.post(path, body).await?;
        let reason = answer["message"].as_str().unwrap_or_default();
        let is_private = status == 400 && reason.contains("not public");
        ensure(is_private, || format!("{path} is open: {status} {answer}"))?;
        Ok(answer)
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
        let (status, answer) = self.post(&format!("/CascadePlan/{PLAN}/put"), Some(page)).await?;
        ensure(status == 200, || format!("the plan is not stored: {status} {answer}"))
    }

    /// The ingress refuses the call, as a request, as a message without an answer, and under each name of the handler.
    async fn effects_are_refused(&self) -> Result<(), String> {
        let service = format!("Step.Item.{}", self.version());
        let mut refusal = Value::Null;
        for handler in ["remove", "execute"] {
            for path in [format!("/{service}/{handler}"), format!("/{service}/{handler}/send")] {
                refusal = self.refused(&path, Some(self.step("effect", "remove")?)).await?;
            }
        }
        let path = format!("/{service}/check");
        let (status, answer) = self.post(&path, Some(self.step("effect", "remove")?)).await?;
        ensure(status == 403, || format!("an effect at the handler for checks: {status} {answer}"))?;
        self.nothing_ran().await?;
        println!("an effect that is called through the ingress: {refusal}; nothing ran");
        Ok(())
    }

    async fn nothing_ran(&self) -> Result<(), String> {
        let sql = "SELECT id FROM sys_invocation WHERE target_handler_name IN ('remove', 'execute')";
        let rows = self.site.server.query(sql).await?;
        ensure(rows.is_empty(), || format!("Restate has invocations of effects: {rows:?}"))?;
        let removed = of_pool(&self.log, POOL);
        ensure(removed.is_empty(), || format!("the agent removed {removed:?}"))
    }

    /// The handlers that change a stored plan are private, and what is stored is not replaced.
    async fn plan_is_protected(&self) -> Result<(), String> {
        let page = json!({ "number": 1, "header": null, "records": [] });
        for (handler, body) in [("extend", Some(page)), ("hold", None), ("release", None), ("expire", None)] {
            self.refused(&format!("/CascadePlan/{PLAN}/{handler}"), body).await?;
        }
        let other = json!({ "number": 0, "header": null, "records": [] });
        let (status, answer) = self.post(&format!("/CascadePlan/{PLAN}/put"), Some(other)).await?;
        ensure(status == 409, || format!("a page was replaced: {status} {answer}"))?;
        println!("a stored plan: only a workflow extends or removes it, and a client replaces nothing");
        Ok(())
    }

    /// The same message as a check is answered. So it was refused above because it acts, and for no other reason.
    async fn check_is_answered(&self) -> Result<(), String> {
        let path = format!("/Step.Item.{}/check", self.version());
        let (status, answer) = self.post(&path, Some(self.step("check", "is_kept")?)).await?;
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
        self.world.set(&[(Fact::Held, ITEM)])?;
        let run = self.post("/Cascade/forged/run", Some(request));
        let (run, during) = tokio::join!(run, self.during_the_run());
        during?;
        let (status, answer) = run?;
        ensure(status == 200 && answer["ended"]["complete"] == true, || {
            format!("the run: {status} {answer}")
        })?;
        check_once(&of_pool(&self.log, POOL), instances(ITEMS))?;
        self.decoy_was_not_asked()?;
        println!("a run that names another ingress reads its plan from the worker's own");
        Ok(())
    }

    /// A client adds no page to a plan that a run works by. An item is held until that is proven.
    async fn during_the_run(&self) -> Result<(), String> {
        let begun = async || Ok((!of_pool(&self.log, POOL).is_empty()).then_some(()));
        until("the run removes an item", begun).await?;
        let page = json!({ "number": 1, "header": null, "records": [] });
        let (status, answer) = self.post(&format!("/CascadePlan/{PLAN}/put"), Some(page)).await?;
        self.world.set(&[])?;
        ensure(status == 409, || format!("a page was added during the run: {status} {answer}"))?;
        println!("a page for a plan that a run works by: {answer}");
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
