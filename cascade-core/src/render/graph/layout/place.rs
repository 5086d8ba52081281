//! Computes the horizontal position of each box and bend: as close to the mean of its neighbours as the order and the gaps
//! allow.

use super::layers::Layers;

/// The minimum distance between adjacent boxes.
const GAP: f64 = 20.0;
/// The number of passes over all layers.
const SWEEPS: usize = 16;
/// The weight of a bend between bends, relative to a box. It keeps long lines straight.
const BEND_WEIGHT: f64 = 6.0;

/// The horizontal centre of each box and bend.
pub(super) fn positions(layers: &Layers) -> Vec<f64> {
    let mut x = vec![0.0; layers.widths.len()];
    for row in &layers.rows {
        let wanted = vec![0.0; row.len()];
        place_row(layers, row, &wanted, &vec![1.0; row.len()], &mut x);
    }
    for sweep in 0..SWEEPS {
        let downward = sweep % 2 == 0;
        let neighbours = if downward { &layers.up } else { &layers.down };
        let count = layers.rows.len();
        for step in 0..count {
            let row = &layers.rows[if downward { step } else { count - 1 - step }];
            let targets: Vec<(f64, f64)> =
                row.iter().map(|&node| wanted_position(layers, node, &neighbours[node], &x)).collect();
            let (wanted, weights): (Vec<f64>, Vec<f64>) = targets.into_iter().unzip();
            place_row(layers, row, &wanted, &weights, &mut x);
        }
    }
    x
}

/// The preferred position of a box or bend, and its weight.
fn wanted_position(layers: &Layers, node: usize, neighbours: &[usize], x: &[f64]) -> (f64, f64) {
    if neighbours.is_empty() {
        return (x[node], 0.1);
    }
    let sum: f64 = neighbours.iter().map(|&other| x[other]).sum();
    let is_bend = |node: usize| node >= layers.boxes;
    let is_inner_bend = is_bend(node) && neighbours.iter().all(|&other| is_bend(other));
    (sum / neighbours.len() as f64, if is_inner_bend { BEND_WEIGHT } else { 1.0 })
}

/// Places a row as close to the wanted positions as the order and the gaps allow: the weighted least-squares solution, by
/// isotonic regression (pool adjacent violators).
fn place_row(layers: &Layers, row: &[usize], wanted: &[f64], weights: &[f64], x: &mut [f64]) {
    struct Block {
        sum: f64,
        weight: f64,
        count: usize,
    }
    let mut offsets = Vec::with_capacity(row.len());
    let mut offset = 0.0;
    for (at, &node) in row.iter().enumerate() {
        if at > 0 {
            offset += f64::midpoint(layers.widths[row[at - 1]], layers.widths[node]) + GAP;
        }
        offsets.push(offset);
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (at, &offset) in offsets.iter().enumerate() {
        let mut block = Block { sum: (wanted[at] - offset) * weights[at], weight: weights[at], count: 1 };
        while let Some(before) = blocks.pop_if(|before| before.sum / before.weight > block.sum / block.weight)
        {
            block.sum += before.sum;
            block.weight += before.weight;
            block.count += before.count;
        }
        blocks.push(block);
    }
    let means = blocks.iter().flat_map(|block| std::iter::repeat_n(block.sum / block.weight, block.count));
    for ((&node, offset), mean) in row.iter().zip(offsets).zip(means) {
        x[node] = mean + offset;
    }
}
