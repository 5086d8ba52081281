//! Assigns boxes to layers, each below its parents. A line that crosses a layer has a bend in that layer.

/// Boxes and bends in layers. Boxes have the first indices, in the order of the input; bends follow.
pub(super) struct Layers {
    pub(super) widths: Vec<f64>,
    pub(super) layer_of: Vec<usize>,
    /// The boxes and bends of each layer, from left to right.
    pub(super) rows: Vec<Vec<usize>>,
    /// For each box and bend, its neighbours in the layer above.
    pub(super) up: Vec<Vec<usize>>,
    /// For each box and bend, its neighbours in the layer below.
    pub(super) down: Vec<Vec<usize>>,
    /// For each line, its parent, its bends and its child; empty for a line from a box to itself.
    pub(super) chains: Vec<Vec<usize>>,
    /// The number of boxes.
    pub(super) boxes: usize,
}

/// The width of a bend.
const BEND_WIDTH: f64 = 6.0;

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

    /// Adds the bends of a line, and returns the line's parent, bends and child.
    fn add_chain(&mut self, top: usize, bottom: usize) -> Vec<usize> {
        let mut chain = vec![top];
        for layer in self.layer_of[top] + 1..self.layer_of[bottom] {
            let bend = self.widths.len();
            self.widths.push(BEND_WIDTH);
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

/// The lines, with those that close a cycle reversed. A depth-first search from each box in order selects these lines.
fn without_cycles(boxes: usize, lines: &[(usize, usize)]) -> Vec<(usize, usize)> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Unvisited,
        OnPath,
        Finished,
    }
    let mut down = vec![Vec::new(); boxes];
    for (line, &(parent, _)) in lines.iter().enumerate() {
        down[parent].push(line);
    }
    let mut reversed = lines.to_vec();
    let mut state = vec![State::Unvisited; boxes];
    for start in 0..boxes {
        if state[start] != State::Unvisited {
            continue;
        }
        state[start] = State::OnPath;
        let mut open = vec![(start, 0)];
        while let Some((node, next)) = open.last_mut() {
            let Some(&line) = down[*node].get(*next) else {
                state[*node] = State::Finished;
                open.pop();
                continue;
            };
            *next += 1;
            let (parent, child) = lines[line];
            match state[child] {
                State::OnPath => reversed[line] = (child, parent),
                State::Unvisited => {
                    state[child] = State::OnPath;
                    open.push((child, 0));
                }
                State::Finished => {}
            }
        }
    }
    reversed
}

/// The layer of each box: one below its lowest parent. A box without parents is in the layer above its highest child.
fn layer_of(boxes: usize, lines: &[(usize, usize)]) -> Vec<usize> {
    let lines = || lines.iter().copied().filter(|(parent, child)| parent != child);
    let mut down = vec![Vec::new(); boxes];
    let mut open_parents = vec![0_usize; boxes];
    for (parent, child) in lines() {
        down[parent].push(child);
        open_parents[child] += 1;
    }
    let is_top: Vec<bool> = open_parents.iter().map(|&count| count == 0).collect();
    let mut layer = vec![0; boxes];
    let mut ready: Vec<usize> = (0..boxes).filter(|&node| is_top[node]).collect();
    while let Some(node) = ready.pop() {
        for &child in &down[node] {
            layer[child] = layer[child].max(layer[node] + 1);
            open_parents[child] -= 1;
            if open_parents[child] == 0 {
                ready.push(child);
            }
        }
    }
    for node in (0..boxes).filter(|&node| is_top[node]) {
        let highest_child = down[node].iter().map(|&child| layer[child]).min();
        layer[node] = highest_child.map_or(0, |highest| highest - 1);
    }
    layer
}
