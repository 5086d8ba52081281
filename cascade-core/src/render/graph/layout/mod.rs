//! Computes a layered layout of boxes and lines, with parents above children.
//!
//! The result is deterministic: it depends on no hash order and no random number. The cost grows with the number of lines
//! and of the layers that they cross.

#![expect(clippy::cast_precision_loss, reason = "boxes and layers are counted in thousands")]

mod layers;
mod order;
mod place;

use self::layers::Layers;

/// The height of a box, in pixels like all lengths here.
pub(super) const HEIGHT: f64 = 32.0;
/// The distance between the centres of boxes in adjacent layers.
const LAYER_DISTANCE: f64 = 88.0;
const MARGIN: f64 = 12.0;
/// The minimum width available to rows of boxes without lines.
const MIN_ROW_WIDTH: f64 = 900.0;

/// A layout: the centre of each box, the points of each line from its parent to its child, and the total size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) boxes: Vec<(f64, f64)>,
    pub(super) lines: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Lays out boxes of these widths, and lines between them. A line from a box to itself has no points: the caller draws it.
pub(super) fn layout(widths: &[f64], lines: &[(usize, usize)]) -> Layout {
    let mut alone = vec![true; widths.len()];
    for &(parent, child) in lines.iter().filter(|(parent, child)| parent != child) {
        alone[parent] = false;
        alone[child] = false;
    }
    let mut layers = Layers::new(widths, lines, &alone);
    order::reduce_crossings(&mut layers);
    let x = place::positions(&layers);
    let left = sides(&layers, &x, |x, half| x - half).fold(f64::INFINITY, f64::min);
    let right = sides(&layers, &x, |x, half| x + half).fold(f64::NEG_INFINITY, f64::max);
    let (left, right) = if left <= right { (left, right) } else { (0.0, 0.0) };
    let centre = |node: usize| {
        let y = MARGIN + HEIGHT / 2.0 + layers.layer_of[node] as f64 * LAYER_DISTANCE;
        (x[node] - left + MARGIN, y)
    };
    let mut layout = Layout {
        boxes: (0..widths.len()).map(centre).collect(),
        lines: layers.chains.iter().map(|chain| points(chain, &layers, centre)).collect(),
        width: right - left + 2.0 * MARGIN,
        height: MARGIN + layers.rows.len() as f64 * LAYER_DISTANCE
            - if layers.rows.is_empty() { 0.0 } else { LAYER_DISTANCE - HEIGHT - MARGIN },
    };
    place_alone(&mut layout, widths, &alone);
    layout
}

/// The left or right sides of all boxes and bends, as `side` computes them from the centre and half the width.
fn sides<'a>(
    layers: &'a Layers,
    x: &'a [f64],
    side: impl Fn(f64, f64) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    layers.rows.iter().flatten().map(move |&node| side(x[node], layers.widths[node] / 2.0))
}

/// The points of a line: from the bottom of its parent, vertically through each layer between, to the top of its child. A
/// line that closes a cycle runs from the top of its parent to the bottom of its child.
fn points(chain: &[usize], layers: &Layers, centre: impl Fn(usize) -> (f64, f64)) -> Vec<(f64, f64)> {
    let down =
        chain.first().zip(chain.last()).is_none_or(|(&a, &b)| layers.layer_of[a] <= layers.layer_of[b]);
    let half_height = if down { HEIGHT / 2.0 } else { -HEIGHT / 2.0 };
    let mut points = Vec::with_capacity(chain.len() * 2);
    for (position, &node) in chain.iter().enumerate() {
        let (x, y) = centre(node);
        if position > 0 {
            points.push((x, y - half_height));
        }
        if position + 1 < chain.len() {
            points.push((x, y + half_height));
        }
    }
    points
}

/// Places boxes without lines in rows below the others.
fn place_alone(layout: &mut Layout, widths: &[f64], alone: &[bool]) {
    let row = layout.width.max(MIN_ROW_WIDTH);
    let (mut x, mut y) = (MARGIN, layout.height.max(MARGIN));
    let mut right = layout.width;
    for node in (0..widths.len()).filter(|&node| alone[node]) {
        if x > MARGIN && x + widths[node] > row - MARGIN {
            (x, y) = (MARGIN, y + HEIGHT + MARGIN);
        }
        layout.boxes[node] = (x + widths[node] / 2.0, y + HEIGHT / 2.0);
        x += widths[node] + MARGIN;
        right = right.max(x);
        layout.height = y + HEIGHT + MARGIN;
    }
    layout.width = right;
}

#[cfg(test)]
mod tests {
    use super::{HEIGHT, Layout, layout};

    fn overlap(layout: &Layout, widths: &[f64]) -> bool {
        let pairs = (0..widths.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        pairs.into_iter().any(|(a, b)| {
            let ((ax, ay), (bx, by)) = (layout.boxes[a], layout.boxes[b]);
            (ax - bx).abs() < f64::midpoint(widths[a], widths[b]) && (ay - by).abs() < HEIGHT
        })
    }

    #[test]
    fn an_empty_graph_has_a_layout() {
        let empty = layout(&[], &[]);
        assert_eq!(empty.boxes.len(), 0);
        assert!(empty.width > 0.0 && empty.height > 0.0);
    }

    #[test]
    fn parents_are_above_children_and_boxes_do_not_overlap() {
        let widths = [80.0, 120.0, 60.0, 200.0, 40.0];
        let lines = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)];
        let drawn = layout(&widths, &lines);
        assert!(lines.iter().all(|&(parent, child)| drawn.boxes[parent].1 < drawn.boxes[child].1));
        assert!(!overlap(&drawn, &widths));
        assert_eq!(drawn, layout(&widths, &lines));
    }

    #[test]
    fn a_line_that_closes_a_cycle_points_upwards() {
        let drawn = layout(&[50.0; 3], &[(0, 1), (1, 2), (2, 0), (1, 1)]);
        let (first, last) = (drawn.lines[2][0], drawn.lines[2][drawn.lines[2].len() - 1]);
        assert!(first.1 > last.1);
        assert!(drawn.lines[3].is_empty());
    }

    #[test]
    fn boxes_without_lines_are_placed_in_rows() {
        let widths = [100.0; 30];
        let drawn = layout(&widths, &[]);
        assert!(!overlap(&drawn, &widths));
        assert!(drawn.width < 1000.0);
    }
}
