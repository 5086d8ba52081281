//! `iaas delete` and `iaas detach`: plan, ask, run, report.

use cascade_core::{
    ApplyError, CancellationToken, Cascade, Delete, FailurePolicy, Operation, Plan, ProgressBars, Report,
    RootSet, RunId,
};
use cascade_restate::{Client, RestateError};

use crate::approval::Approval;
use crate::args::{DriftMode, How, Root};
use crate::cloud::Cloud;
use crate::confirm::confirm;
use crate::failure::Failure;
use crate::print::{print, print_json, say};
use crate::runs::print_report;

/// Runs an operation that declares the one resource it starts from.
pub(crate) async fn run_from_own_root<O: Operation>(
    cloud: &Cloud,
    operation: O,
    ids: &[String],
    how: &How,
) -> Result<(), Failure> {
    let roots = O::DESCRIPTOR.roots();
    let root = roots.first().map_or("", |root| root.name());
    let ids = cloud.known(root, ids).await?;
    run(cloud, operation, || RootSet::new().and_named(root, ids.clone()), how).await
}

/// Deletes instances of a resource, and further ones.
pub(crate) async fn delete(
    cloud: &Cloud,
    resource: &str,
    ids: &[String],
    also: &[Root],
    how: &How,
) -> Result<(), Failure> {
    let mut roots = vec![(resource, cloud.known(resource, ids).await?)];
    for Root { resource, id } in also {
        roots.push((resource, cloud.known(resource, std::slice::from_ref(id)).await?));
    }
    let all = || {
        let mut set = RootSet::new();
        for (resource, ids) in &roots {
            set = set.and_named(*resource, ids.clone());
        }
        set
    };
    run(cloud, Delete, all, how).await
}

/// Runs an operation from these instances.
async fn run<O: Operation>(
    cloud: &Cloud,
    operation: O,
    roots: impl Fn() -> RootSet<O>,
    how: &How,
) -> Result<(), Failure> {
    let plan = planned(cloud, operation.clone(), roots()).await?;
    write_page(&plan, how)?;
    let vetoed = !plan.vetoes().is_empty() && !how.force;
    if !how.json {
        print(&plan)?;
    } else if how.plan_only || vetoed {
        print_json(&plan.summary().map_err(Failure::failed)?)?;
    }
    if how.plan_only {
        return Ok(());
    }
    if vetoed {
        return Err(Failure::Vetoed);
    }
    if how.yes && how.json {
        return carry_out(cloud, plan, how).await;
    }
    let read = Approval::of(cloud, plan).await?;
    say(&read.warning);
    if how.yes {
        return carry_out(cloud, read.plan, how).await;
    }
    confirm(&read.roots())?;
    let approved = if how.drift == DriftMode::Ignore {
        read
    } else {
        let now = Approval::of(cloud, planned(cloud, operation, roots()).await?).await?;
        approved_now(read, now, how)?
    };
    carry_out(cloud, approved.plan, how).await
}

async fn planned<O: Operation>(cloud: &Cloud, operation: O, roots: RootSet<O>) -> Result<Plan, Failure> {
    Ok(match &cloud.workers {
        None => cloud.cascade.plan_all(operation, roots).await?,
        Some(workers) => workers.client.plan_all(operation, roots).await?,
    })
}

/// Tells the person what has changed while they read the plan. If they have to know it before they confirm, they confirm the plan
/// of now, once: the run refuses a further change by itself.
fn approved_now(read: Approval, now: Approval, how: &How) -> Result<Approval, Failure> {
    let changes = read.changes(&now)?;
    if changes.is_empty() {
        return Ok(read);
    }
    say(format_args!("iaas: {changes}"));
    if !changes.vetoes.is_empty() && !how.force {
        if how.json {
            print_json(&now.summary)?;
        }
        return Err(Failure::Vetoed);
    }
    if !changes.need_confirmation(how) {
        return Ok(read);
    }
    say(&now.warning);
    confirm(&now.roots())?;
    Ok(now)
}

/// Writes the plan as a page, if requested.
fn write_page(plan: &Plan, how: &How) -> Result<(), Failure> {
    let Some(path) = &how.html else { return Ok(()) };
    let page = plan.to_html().map_err(Failure::failed)?;
    std::fs::write(path, page)
        .map_err(|error| Failure::failed(format!("{} cannot be written: {error}", path.display())))
}

/// Runs the plan and reports.
async fn carry_out(cloud: &Cloud, plan: Plan, how: &How) -> Result<(), Failure> {
    let interrupted = on_ctrl_c()?;
    if let Some(workers) = &cloud.workers {
        let report = apply_on_workers(&workers.client, plan, how, &interrupted).await?;
        print_report(&report, how.json)?;
        return verdict(&report, &interrupted);
    }
    let report = match apply(&cloud.cascade, plan, how, &interrupted).await {
        Err(ApplyError::Unrecorded { error, report }) => {
            print_report(&report, how.json)?;
            return Err(Failure::Unrecorded(error));
        }
        report => report?,
    };
    print_report(&report, how.json)?;
    verdict(&report, &interrupted)
}

/// The result of a run, for the exit code.
pub(crate) fn verdict(report: &Report, interrupted: &CancellationToken) -> Result<(), Failure> {
    if interrupted.is_cancelled() {
        Err(Failure::Interrupted)
    } else if report.is_complete() {
        Ok(())
    } else {
        Err(Failure::Incomplete)
    }
}

async fn apply(
    cascade: &Cascade,
    plan: Plan,
    how: &How,
    interrupted: &CancellationToken,
) -> Result<Report, ApplyError> {
    let policy = if how.force { FailurePolicy::Force } else { FailurePolicy::Stop };
    let bars = ProgressBars::on_terminal(&plan);
    let run = cascade.apply(plan).policy(policy).forced(how.force).cancelled_by(interrupted.clone());
    let run = if how.allow_cuts { run.allow_cuts() } else { run }.drift(how.drift.into());
    run.confirmed_by(confirmed_by(how.yes)).on_event(move |event| bars.see(event)).await
}

/// The same on workers: the run continues there if this process ends.
async fn apply_on_workers(
    client: &Client,
    plan: Plan,
    how: &How,
    interrupted: &CancellationToken,
) -> Result<Report, RestateError> {
    let policy = if how.force { FailurePolicy::Force } else { FailurePolicy::Stop };
    let bars = ProgressBars::on_terminal(&plan);
    let run = client.apply(plan).policy(policy).forced(how.force).cancelled_by(interrupted.clone());
    let run = match &how.run_as {
        Some(id) => run.run_as(RunId::from(id.as_str())),
        None => run,
    };
    let run = if how.allow_cuts { run.allow_cuts() } else { run }.drift(how.drift.into());
    say(format_args!("iaas: run {}", run.run_id()));
    run.confirmed_by(confirmed_by(how.yes)).on_event(move |event| bars.see(event)).await
}

/// The user who confirmed the plan, and how.
fn confirmed_by(yes: bool) -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.unwrap_or_else(|| String::from("unknown user"));
    format!("{user}, {}", if yes { "by --yes" } else { "on a terminal" })
}

/// After the first Ctrl-C, running steps end; the second exits at once.
pub(crate) fn on_ctrl_c() -> Result<CancellationToken, Failure> {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    ctrlc::set_handler(move || {
        if cancelled.is_cancelled() {
            std::process::exit(130);
        }
        say("iaas: waiting for running steps to end; press Ctrl-C again to stop at once");
        cancelled.cancel();
    })
    .map_err(Failure::failed)?;
    Ok(token)
}
