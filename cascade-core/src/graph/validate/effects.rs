//! Effects, and which of them supersede others.

use std::collections::BTreeSet;

use super::words::{effect_help, help};
use crate::model::{Decision, ExtensionDescriptor, Fault, FaultKind, MAX_EFFECTS, ResourceDescriptor, Rule};

/// Counts over all extensions of a resource, because an instance can get the effects of each.
pub(crate) fn too_many(extensions: &[ExtensionDescriptor], faults: &mut Vec<Fault>) {
    let same_resource =
        |a: &ExtensionDescriptor, b: &ExtensionDescriptor| a.resource.name() == b.resource.name();
    for extensions in extensions.chunk_by(same_resource) {
        let total = |count: fn(&ExtensionDescriptor) -> usize| extensions.iter().map(count).sum::<usize>();
        let effects = total(|extension| extension.effects.len());
        let methods = effects
            .max(total(|extension| extension.begins.len()))
            .max(total(|extension| extension.cleanups.len()));
        if methods > MAX_EFFECTS {
            let kind = if methods == effects { "effects" } else { "begin or cleanup methods" };
            let fault = Fault::new(
                FaultKind::TooManyEffects,
                format!("`{}` has {methods} {kind}", extensions[0].resource.name()),
                format!(
                    "a resource can have at most {MAX_EFFECTS}, over all its extensions: combine some methods"
                ),
            );
            faults.push(extensions.iter().fold(fault, |fault, extension| fault.at(extension.place)));
        }
    }
}

/// Effects that supersede no effect, or each other.
pub(crate) fn effects(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    for effect in &extension.effects {
        for name in &effect.supersedes {
            let fault = |message: String, help: String| {
                Fault::new(FaultKind::Supersedes, message, help).at(effect.place)
            };
            if !extension.effects.iter().any(|other| other.method == *name) {
                let message = format!("`{}` supersedes `{name}`, which is not an effect", effect.method);
                let declared = extension.effects.iter().map(|effect| &effect.method);
                faults.push(fault(message, effect_help(effect.by_hand, declared, name)));
            } else if superseded_by(extension, name).contains(effect.method.as_ref()) {
                let message =
                    format!("`{0}` supersedes `{name}`, which in turn supersedes `{0}`", effect.method);
                let help = "remove one `supersedes` of the cycle: none of its effects would run";
                faults.push(fault(message, String::from(help)));
            }
        }
    }
}

/// Effects of leaf rules that supersede effects of other rules. If both rules reach an instance, only the leaf's effect would
/// run, so the instance would stay while its dependents are removed.
pub(crate) fn leaves_supersede_removals(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    for effect in &extension.effects {
        let superseded: BTreeSet<&str> =
            effect.supersedes.iter().flat_map(|name| superseded_by(extension, name)).collect();
        let (leaves, others): (Vec<&Rule>, Vec<&Rule>) = extension
            .rules
            .iter()
            .filter(|rule| rule.decision.effect().is_some())
            .partition(|rule| matches!(&rule.decision, Decision::Effect { leaf: true, .. }));
        let has_effect_in = |rule: &&&Rule, names: &BTreeSet<&str>| {
            rule.decision.effect().is_some_and(|effect| names.contains(effect.as_ref()))
        };
        let mut reported = BTreeSet::new();
        for leaf in
            leaves.iter().filter(|rule| has_effect_in(rule, &BTreeSet::from([effect.method.as_ref()])))
        {
            let conflicts = |rule: &&&Rule| {
                let same_root = |a: &ResourceDescriptor| leaf.roots.iter().any(|b| a.is_same(b));
                has_effect_in(rule, &superseded)
                    && rule.operation.is_same(&leaf.operation)
                    && (rule.roots.is_empty() || leaf.roots.is_empty() || rule.roots.iter().any(same_root))
            };
            let Some(other) = others.iter().find(conflicts) else { continue };
            if !reported.insert(leaf.operation.code()) {
                continue;
            }
            let (leaf_effect, removal) = (&effect.method, other.decision.effect().map_or("", AsRef::as_ref));
            let message = format!(
                "`{leaf_effect}` has a `leaf` rule for `{}`, but supersedes `{removal}`, whose rule is not `leaf`: the \
                 instance would stay while its dependents are removed",
                leaf.operation.name()
            );
            let help = help(
                leaf.by_hand,
                format!(
                    "turn it round: `declaration.supersedes({removal:?}, [{leaf_effect:?}])`, or remove `.leaf()`"
                ),
                format!("let `{removal}` supersede `{leaf_effect}`, or remove `leaf`"),
            );
            let fault = Fault::new(FaultKind::Supersedes, message, help);
            faults.push(fault.at(effect.place).at(leaf.place).at(other.place));
        }
    }
}

/// The effects that `effect` supersedes, directly or through others, including itself.
fn superseded_by<'a>(extension: &'a ExtensionDescriptor, effect: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([effect]);
    let mut open = vec![effect];
    while let Some(name) = open.pop() {
        let declared = extension.effects.iter().filter(|effect| effect.method == name);
        for next in declared.flat_map(|effect| &effect.supersedes) {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    reached
}
