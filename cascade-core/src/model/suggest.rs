//! Suggestions for mistyped names.

/// The name nearest to `wanted` by edit distance, else the shortest name that starts with it; `None` if no name is near.
///
/// Ignores case. Among equally near names, the first wins.
pub(crate) fn nearest<'a>(names: impl Iterator<Item = &'a str> + Clone, wanted: &str) -> Option<&'a str> {
    let lower = wanted.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&name.to_lowercase(), &lower);
    let is_near = |name: &&str| distance(name) <= (name.len().max(wanted.len()) / 3).max(1);
    let mistyped = names.clone().min_by_key(|name| distance(name)).filter(is_near);
    let abbreviated = || {
        let longer = names.filter(|name| lower.len() > 1 && name.to_lowercase().starts_with(&lower));
        longer.min_by_key(|name| name.len())
    };
    mistyped.or_else(abbreviated)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_name_of_a_typo_or_an_abbreviation() {
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
