//! A line diff of two texts.

use std::fmt::Write;

/// The number of unchanged lines that are shown before and after a change.
const CONTEXT_LINES: usize = 2;
/// The maximum size of the comparison table, in pairs of lines. Above it, all lines between the common head and the common
/// tail are shown as changed.
const MAX_PAIRS: usize = 4_000_000;

#[derive(Clone, Copy, PartialEq)]
enum DiffLine<'t> {
    Same(&'t str),
    Removed(&'t str),
    Added(&'t str),
}

/// The changes that turn `old` into `new`: removed lines with `-`, added lines with `+`, and two lines of context around
/// them. Empty if the texts have the same lines.
///
/// ```
/// use cascade_core::document::difference;
///
/// assert_eq!(difference("a\nb\nc\n", "a\nc\nd\n"), "  a\n- b\n  c\n+ d\n");
/// assert_eq!(difference("a\n", "a\n"), "");
/// ```
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut lines: Vec<DiffLine<'_>> = old[..head].iter().map(|line| DiffLine::Same(line)).collect();
    lines.extend(changes(old_middle, new_middle));
    lines.extend(old[old.len() - tail..].iter().map(|line| DiffLine::Same(line)));
    print(&lines)
}

/// A minimal list of changes, by the longest common subsequence. Where the table would be too large: all old lines
/// removed, and all new lines added.
fn changes<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<DiffLine<'t>> {
    if old.len().saturating_mul(new.len()) > MAX_PAIRS {
        let removed = old.iter().map(|line| DiffLine::Removed(line));
        return removed.chain(new.iter().map(|line| DiffLine::Added(line))).collect();
    }
    let common = common_lengths(old, new);
    let (mut x, mut y) = (0, 0);
    let mut lines = Vec::new();
    while x < old.len() || y < new.len() {
        if x < old.len() && y < new.len() && old[x] == new[y] {
            lines.push(DiffLine::Same(old[x]));
            (x, y) = (x + 1, y + 1);
        } else if y == new.len() || (x < old.len() && common[x + 1][y] >= common[x][y + 1]) {
            lines.push(DiffLine::Removed(old[x]));
            x += 1;
        } else {
            lines.push(DiffLine::Added(new[y]));
            y += 1;
        }
    }
    lines
}

/// The lengths of the longest common subsequences: `[x][y]` is that of `old[x..]` and `new[y..]`.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for x in (0..old.len()).rev() {
        for y in (0..new.len()).rev() {
            common[x][y] = if old[x] == new[y] {
                common[x + 1][y + 1] + 1
            } else {
                common[x + 1][y].max(common[x][y + 1])
            };
        }
    }
    common
}

fn print(lines: &[DiffLine<'_>]) -> String {
    let changed: Vec<usize> =
        (0..lines.len()).filter(|&line| !matches!(lines[line], DiffLine::Same(_))).collect();
    let mut text = String::new();
    let mut shown_to = 0;
    for line in changed {
        let from = line.saturating_sub(CONTEXT_LINES).max(shown_to);
        if from > shown_to && !text.is_empty() {
            text.push_str("  …\n");
        }
        let to = (line + CONTEXT_LINES + 1).min(lines.len());
        for line in &lines[from..to.max(from)] {
            let _ = match line {
                DiffLine::Same(line) => writeln!(text, "  {line}"),
                DiffLine::Removed(line) => writeln!(text, "- {line}"),
                DiffLine::Added(line) => writeln!(text, "+ {line}"),
            };
        }
        shown_to = shown_to.max(to);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::difference;

    fn lines(lines: impl Iterator<Item = String>) -> String {
        lines.map(|line| line + "\n").collect()
    }

    #[test]
    fn changes_are_shown_with_two_lines_of_context() {
        let old = lines((0..40).map(|at| at.to_string()));
        let new = old.replace("\n10\n", "\nten\n").replace("\n30\n", "\n");
        assert_eq!(
            difference(&old, &new),
            "  8\n  9\n- 10\n+ ten\n  11\n  12\n  …\n  28\n  29\n- 30\n  31\n  32\n"
        );
    }

    #[test]
    fn an_empty_text_has_all_lines_added_or_removed() {
        assert_eq!(difference("", "a\nb\n"), "+ a\n+ b\n");
        assert_eq!(difference("a\nb\n", ""), "- a\n- b\n");
        assert_eq!(difference("", ""), "");
    }

    #[test]
    fn the_changes_account_for_the_difference_in_line_counts() {
        let texts = ["a b c a b b a", "c b a b a c", "a a a", "b", "", "x a y b z c a b"];
        for (old, new) in texts.iter().flat_map(|old| texts.iter().map(move |new| (old, new))) {
            let lines = |text: &str| lines(text.split_whitespace().map(str::to_owned));
            let printed = difference(&lines(old), &lines(new));
            let count = |sign: char| printed.lines().filter(move |line| line.starts_with(sign)).count();
            let words = |text: &str| text.split_whitespace().count();
            assert_eq!(words(old) + count('+'), words(new) + count('-'), "{old} → {new}:\n{printed}");
        }
    }

    #[test]
    fn a_comparison_above_the_size_limit_shows_all_lines_as_changed() {
        let old = lines((0..2001).map(|at| format!("old {at}")));
        let new = lines((0..2001).map(|at| format!("new {at}")));
        assert_eq!(difference(&old, &new).lines().count(), 4002);
    }
}
