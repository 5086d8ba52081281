//! Orders the boxes of each layer so that few lines cross (the barycentre heuristic): each box moves towards the mean
//! position of its neighbours, layer by layer, alternately down and up. The best order of all sweeps is kept.

use super::layers::Layers;

/// The maximum number of passes over all layers.
const SWEEPS: usize = 12;

/// Orders each row so that few lines cross.
pub(super) fn reduce_crossings(layers: &mut Layers) {
    let mut position = vec![0; layers.widths.len()];
    let mut best = (crossings(layers, &mut position), layers.rows.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let downward = sweep % 2 == 0;
        let count = layers.rows.len();
        for step in 0..count {
            let row = if downward { step } else { count - 1 - step };
            sort_row(layers, row, downward, &mut position);
        }
        let crossed = crossings(layers, &mut position);
        if crossed < best.0 {
            best = (crossed, layers.rows.clone());
        }
    }
    layers.rows = best.1;
}

/// Sorts a row by the mean positions of the neighbours in the row above (`downward`) or below.
fn sort_row(layers: &mut Layers, row: usize, downward: bool, position: &mut [usize]) {
    let neighbours = if downward { &layers.up } else { &layers.down };
    let mut keyed: Vec<(f64, usize)> = layers.rows[row]
        .iter()
        .enumerate()
        .map(|(at, &node)| (mean_position(&neighbours[node], position).unwrap_or(at as f64), node))
        .collect();
    keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (at, &(_, node)) in keyed.iter().enumerate() {
        position[node] = at;
    }
    layers.rows[row] = keyed.into_iter().map(|(_, node)| node).collect();
}

/// The mean position of the neighbours; `None` without neighbours.
fn mean_position(neighbours: &[usize], position: &[usize]) -> Option<f64> {
    let sum: usize = neighbours.iter().map(|&node| position[node]).sum();
    (!neighbours.is_empty()).then(|| sum as f64 / neighbours.len() as f64)
}

/// Counts the pairs of lines that cross. Updates `position` to the current order.
fn crossings(layers: &Layers, position: &mut [usize]) -> usize {
    for row in &layers.rows {
        for (at, &node) in row.iter().enumerate() {
            position[node] = at;
        }
    }
    layers.rows.windows(2).map(|rows| crossings_between(layers, &rows[0], rows[1].len(), position)).sum()
}

/// Counts the crossings between two rows. With lines sorted by their upper ends, these are the inversions of the lower ends,
/// which a Fenwick tree counts.
fn crossings_between(layers: &Layers, upper: &[usize], lower: usize, position: &[usize]) -> usize {
    let mut sums = vec![0_usize; lower + 1];
    let (mut seen, mut crossed) = (0, 0);
    for &node in upper {
        let mut ends: Vec<usize> = layers.down[node].iter().map(|&child| position[child]).collect();
        ends.sort_unstable();
        for &end in &ends {
            crossed += seen - sum_up_to(&sums, end + 1);
        }
        for &end in &ends {
            add(&mut sums, end + 1);
        }
        seen += ends.len();
    }
    crossed
}

/// The sum of the first `at` counts of a Fenwick tree.
fn sum_up_to(sums: &[usize], mut at: usize) -> usize {
    let mut sum = 0;
    while at > 0 {
        sum += sums[at];
        at &= at - 1;
    }
    sum
}

/// Increments the count number `at`, from 1, of a Fenwick tree.
fn add(sums: &mut [usize], mut at: usize) {
    while at < sums.len() {
        sums[at] += 1;
        at += at & at.wrapping_neg();
    }
}
