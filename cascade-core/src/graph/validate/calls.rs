//! Calls on a declaration by hand that refer to nothing, or repeat another call.

use super::misspelt::did_you_mean_edge;
use super::words::{declare_edge, did_you_mean, effect_help};
use crate::model::{
    EdgeParent, ExtensionDescriptor, Fault, FaultKind, LooseCall, OneValue, OperationDescriptor, Phase,
    PhaseDeclaration,
};

/// The calls that are left after all others have been made.
pub(crate) fn left(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    for call in &extension.loose_calls {
        let (message, help) = match call {
            LooseCall::EffectDocs { effect, .. } => unknown_effect(extension, "effect_docs", effect),
            LooseCall::Supersedes { effect, .. } => unknown_effect(extension, "supersedes", effect),
            LooseCall::Only { phase: Phase::Effect, method, .. } => (
                format!(
                    "`only` of `{}` is for the effect `{method}`, but rules choose effects",
                    extension.name
                ),
                format!("remove the call, and limit the rules of `{method}`"),
            ),
            LooseCall::Only { phase, method, operation, .. } => {
                unknown_method(extension, *phase, method, operation)
            }
            LooseCall::MayCut { parent } => unknown_edge(extension, "may_cut", parent),
            LooseCall::Exclusive { parent } => unknown_edge(extension, "exclusive", parent),
            LooseCall::Twice(value) => twice(extension, value),
        };
        faults.push(Fault::new(FaultKind::Call, message, help).at(extension.place));
    }
}

fn unknown_effect(extension: &ExtensionDescriptor, call: &str, effect: &str) -> (String, String) {
    let message =
        format!("`{call}` of `{}` is for the effect `{effect}`, which is not declared", extension.name);
    let declared = extension.effects.iter().map(|declared| &declared.method);
    (message, effect_help(true, declared, effect))
}

fn unknown_edge(extension: &ExtensionDescriptor, call: &str, parent: &EdgeParent) -> (String, String) {
    let message = format!(
        "`{call}` of `{}` is for the edge from `{}`, which is not declared",
        extension.name,
        parent.label()
    );
    (message, did_you_mean_edge(extension, parent, declare_edge(parent)))
}

fn unknown_method(
    extension: &ExtensionDescriptor,
    phase: Phase,
    method: &str,
    operation: &OperationDescriptor,
) -> (String, String) {
    let message = format!(
        "`only` of `{}` is for the {phase} method `{method}` of `{}`, which is not declared",
        extension.name,
        operation.name()
    );
    let of_phase = of_phase(extension, phase).iter();
    let declared = of_phase.filter(|declared| declared.operation.is_same(operation));
    let help = match elsewhere(extension, method) {
        Some((phase, operation)) => format!("did you mean the {phase} method of `{operation}`?"),
        None => did_you_mean(
            declared.map(|declared| declared.method.as_ref()),
            method,
            format!("declare it: `declaration.{phase}::<{}, _>({method:?}, place!(), …)`", operation.name()),
        ),
    };
    (message, help)
}

/// The phase and the operation of a method with that name.
fn elsewhere(extension: &ExtensionDescriptor, method: &str) -> Option<(Phase, &'static str)> {
    let phases = [Phase::Check, Phase::Begin, Phase::Cleanup, Phase::Verify];
    phases.into_iter().find_map(|phase| {
        let declared = of_phase(extension, phase).iter().find(|declared| declared.method == method)?;
        Some((phase, declared.operation.name()))
    })
}

fn of_phase(extension: &ExtensionDescriptor, phase: Phase) -> &[PhaseDeclaration] {
    match phase {
        Phase::Check => &extension.checks,
        Phase::Begin => &extension.begins,
        Phase::Cleanup => &extension.cleanups,
        Phase::Verify => &extension.verifies,
        Phase::Effect => &[],
    }
}

fn twice(extension: &ExtensionDescriptor, value: &OneValue) -> (String, String) {
    let name = &extension.name;
    let keep = String::from("keep one of the two calls");
    match value {
        OneValue::Docs => (format!("`docs` is called twice on `{name}`"), keep),
        OneValue::Settings => (
            format!("`settings` is called twice on `{name}`"),
            String::from("keep one call, with all settings"),
        ),
        OneValue::Exclusive => (
            format!(
                "`exclusive` is called twice on `{name}`, but its steps can be exclusive for one parent only"
            ),
            keep,
        ),
        OneValue::EffectDocs(effect) => {
            (format!("`effect_docs` of `{name}` is called twice for the effect `{effect}`"), keep)
        }
        OneValue::Only(phase, method, _) => (
            format!("`only` of `{name}` is called twice for the {phase} method `{method}`"),
            String::from("keep one call, with all effects"),
        ),
    }
}
