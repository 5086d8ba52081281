//! The settings of steps.

use super::words::help;
use crate::model::{ExtensionDescriptor, Fault, FaultKind};

/// Settings with which no step could run.
pub(crate) fn settings(extension: &ExtensionDescriptor, faults: &mut Vec<Fault>) {
    let zero = |setting: &str| {
        let more = "set it to more than zero";
        let help = help(
            extension.by_hand,
            format!("{more}: `declaration.settings(StepSettings::default().{setting}(…))`"),
            more,
        );
        let message = format!("the {setting} of `{}` is zero, so no step could run", extension.name);
        Fault::new(FaultKind::Settings, message, help).at(extension.place)
    };
    if extension.settings.batch == 0 {
        faults.push(zero("batch"));
    }
    if extension.settings.concurrency == 0 {
        faults.push(zero("concurrency"));
    }
    if extension.settings.timeout.is_some_and(|timeout| timeout.is_zero()) {
        faults.push(zero("timeout"));
    }
}
