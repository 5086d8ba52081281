//! Where boxes and lines of a picture go: a layered layout, parents above children.
//!
//! The same input gives the same picture on every machine: no hash order, no chance. Work grows with the lines and the
//! layers they cross, so that thousands of boxes take a moment.

#![expect(clippy::cast_precision_loss, reason = "boxes and layers are counted in thousands")]

mod layers;
mod order;
mod place;

use self::layers::Layers;

/// The height of a box.
pub(super) const HEIGHT: f64 = 32.0;
const LAYER: f64 = 88.0;
const MARGIN: f64 = 12.0;
/// How wide the rows of boxes without lines are, at least.
const ROW: f64 = 900.0;

/// A picture: the centre of each box, the points of each line from its parent to its child, and the size of it all.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) boxes: Vec<(f64, f64)>,
    pub(super) lines: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Lays out boxes of these widths with lines between them. A line from a box to itself has no points: it is the
/// drawer's to draw.
pub(super) fn layout(widths: &[f64], lines: &[(usize, usize)]) -> Layout {
    let mut alone = vec![true; widths.len()];
    for &(parent, child) in lines.iter().filter(|(parent, child)| parent != child) {
        alone[parent] = false;
        alone[child] = false;
    }
    let mut layers = Layers::new(widths, lines, &alone);
    order::untangle(&mut layers);
    let x = place::columns(&layers);
    let left = extreme(&layers, &x, |x, half| x - half).fold(f64::INFINITY, f64::min);
    let right = extreme(&layers, &x, |x, half| x + half).fold(f64::NEG_INFINITY, f64::max);
    let (left, right) = if left <= right { (left, right) } else { (0.0, 0.0) };
    let at = |node: usize| {
        let y = MARGIN + HEIGHT / 2.0 + layers.layer_of[node] as f64 * LAYER;
        (x[node] - left + MARGIN, y)
    };
    let mut layout = Layout {
        boxes: (0..widths.len()).map(at).collect(),
        lines: layers.chains.iter().map(|chain| points(chain, &layers, at)).collect(),
        width: right - left + 2.0 * MARGIN,
        height: MARGIN + layers.rows.len() as f64 * LAYER
            - if layers.rows.is_empty() { 0.0 } else { LAYER - HEIGHT - MARGIN },
    };
    place_alone(&mut layout, widths, &alone);
    layout
}

fn extreme<'a>(
    layers: &'a Layers,
    x: &'a [f64],
    side: impl Fn(f64, f64) -> f64 + 'a,
) -> impl Iterator<Item = f64> + 'a {
    layers.rows.iter().flatten().map(move |&node| side(x[node], layers.widths[node] / 2.0))
}

/// A line's points: out of its parent's bottom, straight through each layer it crosses, into its child's top.
fn points(chain: &[usize], layers: &Layers, at: impl Fn(usize) -> (f64, f64)) -> Vec<(f64, f64)> {
    let down =
        chain.first().zip(chain.last()).is_none_or(|(&a, &b)| layers.layer_of[a] <= layers.layer_of[b]);
    let half = if down { HEIGHT / 2.0 } else { -HEIGHT / 2.0 };
    let mut points = Vec::with_capacity(chain.len() * 2);
    for (place, &node) in chain.iter().enumerate() {
        let (x, y) = at(node);
        if place > 0 {
            points.push((x, y - half));
        }
        if place + 1 < chain.len() {
            points.push((x, y + half));
        }
    }
    points
}

/// Boxes without lines stand in rows below the rest.
fn place_alone(layout: &mut Layout, widths: &[f64], alone: &[bool]) {
    let row = layout.width.max(ROW);
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
    fn nothing_has_a_picture() {
        let empty = layout(&[], &[]);
        assert_eq!(empty.boxes.len(), 0);
        assert!(empty.width > 0.0 && empty.height > 0.0);
    }

    #[test]
    fn parents_stand_above_children_and_no_box_covers_another() {
        let widths = [80.0, 120.0, 60.0, 200.0, 40.0];
        let lines = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)];
        let drawn = layout(&widths, &lines);
        assert!(lines.iter().all(|&(parent, child)| drawn.boxes[parent].1 < drawn.boxes[child].1));
        assert!(!overlap(&drawn, &widths));
        assert_eq!(drawn, layout(&widths, &lines));
    }

    #[test]
    fn a_line_that_closes_a_cycle_goes_up() {
        let drawn = layout(&[50.0; 3], &[(0, 1), (1, 2), (2, 0), (1, 1)]);
        let (first, last) = (drawn.lines[2][0], drawn.lines[2][drawn.lines[2].len() - 1]);
        assert!(first.1 > last.1);
        assert!(drawn.lines[3].is_empty());
    }

    #[test]
    fn boxes_without_lines_stand_in_rows() {
        let widths = [100.0; 30];
        let drawn = layout(&widths, &[]);
        assert!(!overlap(&drawn, &widths));
        assert!(drawn.width < 1000.0);
    }
}
