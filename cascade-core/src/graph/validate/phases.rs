//! Methods of phases.

use super::words::{effect_help, help};
use crate::model::{ExtensionDescriptor, Fault, FaultKind, PhaseDeclaration};

/// Methods that never run, or that are limited to effects that are not declared.
pub(crate) fn phases(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    let ExtensionDescriptor { checks, begins, cleanups, verifies, effects, .. } = extension;
    for phase in checks.iter().chain(begins).chain(cleanups).chain(verifies) {
        let PhaseDeclaration { method, operation, only, place, by_hand } = phase;
        if !extension.rules.iter().any(|rule| rule.operation.is_same(operation)) {
            let (operation, name) = (operation.name(), &extension.name);
            let message =
                format!("`{method}` never runs: it is for `{operation}`, for which `{name}` has no rule");
            let call = format!("add a rule, such as `Rule::effect::<{operation}>(…)`, or remove the method");
            let help = help(*by_hand, call, "add a rule, or remove the method");
            faults.push(Fault::new(FaultKind::Phase, message, help).at(*place));
        }
        for effect in only {
            if !effects.iter().any(|declared| declared.method == *effect) {
                let message = format!("`{method}` is only for the effect `{effect}`, which is not declared");
                let help = effect_help(*by_hand, effects.iter().map(|effect| &effect.method), effect);
                faults.push(Fault::new(FaultKind::Phase, message, help).at(*place));
            }
        }
    }
}
