//! What somebody may have meant.

/// The name that `wanted` is a slip of, or the shortest that begins with it; case does not count. `None` if none is near.
///
/// Of several that are equally near, the first.
pub(crate) fn nearest<'a>(names: impl Iterator<Item = &'a str> + Clone, wanted: &str) -> Option<&'a str> {
    let lower = wanted.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &lower);
    let is_near = |name: &&str| distance(name) <= (name.len().max(wanted.len()) / 3).max(1);
    let slip = names.clone().min_by_key(|name| distance(name)).filter(is_near);
    let begun = || {
        let longer = names.filter(|name| lower.len() > 1 && name.to_lowercase().starts_with(&lower));
        longer.min_by_key(|name| name.len())
    };
    slip.or_else(begun)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_a_beginning_or_nothing() {
        let names = ["ApplianceVm", "VmInstance", "VmInstanceNumaNode", "Zone", "Eip"];
        let cases = [
            ("Zoen", Some("Zone")),
            ("zone", Some("Zone")),
            ("Vm", Some("VmInstance")),
            ("vminstance", Some("VmInstance")),
            ("applianc", Some("ApplianceVm")),
            ("ip", Some("Eip")),
            ("Gadget", None),
            ("", None),
        ];
        for (wanted, expected) in cases {
            assert_eq!(nearest(names.into_iter(), wanted), expected, "{wanted}");
        }
    }
}
