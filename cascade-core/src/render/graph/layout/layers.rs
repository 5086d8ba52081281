//! Boxes in layers: each below all that lead to it. A line over several layers gets a bend in each.

/// Boxes first, in their own order, then the bends of lines.
pub(super) struct Layers {
    pub(super) widths: Vec<f64>,
    pub(super) layer_of: Vec<usize>,
    /// The boxes and bends of each layer, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// For each box and bend, its neighbours in the layer above and below.
    pub(super) up: Vec<Vec<usize>>,
    pub(super) down: Vec<Vec<usize>>,
    /// For each line, its parent, its bends and its child; empty for a line from a box to itself.
    pub(super) chains: Vec<Vec<usize>>,
    pub(super) boxes: usize,
}

/// How wide a bend is.
const BEND: f64 = 6.0;

impl Layers {
    pub(super) fn new(widths: &[f64], lines: &[(usize, usize)], alone: &[bool]) -> Self {
        let downward = without_cycles(widths.len(), lines);
        let layer_of = layer_of(widths.len(), &downward);
        let height = (0..widths.len()).filter(|&node| !alone[node]).map(|node| layer_of[node] + 1).max();
        let mut layers = Self {
            widths: widths.to_vec(),
            rows: vec![Vec::new(); height.unwrap_or(0)],
            up: vec![Vec::new(); widths.len()],
            down: vec![Vec::new(); widths.len()],
            chains: Vec::with_capacity(lines.len()),
            boxes: widths.len(),
            layer_of,
        };
        for node in (0..widths.len()).filter(|&node| !alone[node]) {
            layers.rows[layers.layer_of[node]].push(node);
        }
        for (&(parent, child), &(top, bottom)) in lines.iter().zip(&downward) {
            let mut chain = if parent == child { Vec::new() } else { layers.add_chain(top, bottom) };
            if (parent, child) != (top, bottom) {
                chain.reverse();
            }
            layers.chains.push(chain);
        }
        layers
    }

    fn add_chain(&mut self, top: usize, bottom: usize) -> Vec<usize> {
        let mut chain = vec![top];
        for layer in self.layer_of[top] + 1..self.layer_of[bottom] {
            let bend = self.widths.len();
            self.widths.push(BEND);
            self.layer_of.push(layer);
            self.rows[layer].push(bend);
            self.up.push(Vec::new());
            self.down.push(Vec::new());
            chain.push(bend);
        }
        chain.push(bottom);
        for pair in chain.windows(2) {
            self.down[pair[0]].push(pair[1]);
            self.up[pair[1]].push(pair[0]);
        }
        chain
    }
}

/// The lines with those turned round that close a cycle, as a search from each box in order meets them.
fn without_cycles(boxes: usize, lines: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Unseen,
        Open,
        Closed,
    }
    let mut down = vec![Vec::new(); boxes];
    for (line, &(parent, _)) in lines.iter().enumerate() {
        down[parent].push(line);
    }
    let mut turned = lines.to_vec();
    let mut state = vec![State::Unseen; boxes];
    for start in 0..boxes {
        if state[start] != State::Unseen {
            continue;
        }
        state[start] = State::Open;
        let mut open = vec![(start, 0)];
        while let Some((node, next)) = open.last_mut() {
            let Some(&line) = down[*node].get(*next) else {
                state[*node] = State::Closed;
                open.pop();
                continue;
            };
            *next += 1;
            let (parent, child) = lines[line];
            match state[child] {
                State::Open => turned[line] = (child, parent),
                State::Unseen => {
                    state[child] = State::Open;
                    open.push((child, 0));
                }
                State::Closed => {}
            }
        }
    }
    turned
}

/// The layer of each box: one below the lowest that leads to it. What nothing leads to stands right above its first
/// child.
fn layer_of(boxes: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let lines = || lines.iter().copied().filter(|(parent, child)| parent != child);
    let mut down = vec![Vec::new(); boxes];
    let mut waits_for = vec![0_usize; boxes];
    for (parent, child) in lines() {
        down[parent].push(child);
        waits_for[child] += 1;
    }
    let is_top: Vec<bool> = waits_for.iter().map(|&count| count == 0).collect();
    let mut layer = vec![0; boxes];
    let mut ready: Vec<usize> = (0..boxes).filter(|&node| is_top[node]).collect();
    while let Some(node) = ready.pop() {
        for &child in &down[node] {
            layer[child] = layer[child].max(layer[node] + 1);
            waits_for[child] -= 1;
            if waits_for[child] == 0 {
                ready.push(child);
            }
        }
    }
    for node in (0..boxes).filter(|&node| is_top[node]) {
        let first = down[node].iter().map(|&child| layer[child]).min();
        layer[node] = first.map_or(0, |first| first - 1);
    }
    layer
}
