//! Strongly connected components of a directed graph, by Tarjan's algorithm.

/// For each of the nodes `0..nodes`, the number of its component in the graph with these arcs `(from, to)`.
///
/// Two nodes are in one component if and only if each is reachable from the other. Components are numbered in reverse
/// topological order: an arc between two components leads from the higher number to the lower one. The numbers depend only
/// on the nodes and the order of the arcs.
pub(crate) fn components(nodes: usize, arcs: &[(u32, u32)]) -> Vec<u32> {
    let graph = Digraph::new(nodes, arcs);
    let mut search = Search {
        graph: &graph,
        index: vec![UNVISITED; nodes],
        low: vec![0; nodes],
        next_successor: graph.first[..nodes].to_vec(),
        visited: 0,
        path: Vec::new(),
        open: Vec::new(),
        component: vec![UNASSIGNED; nodes],
        components: 0,
    };
    for node in 0..nodes {
        if search.index[node] == UNVISITED {
            search.visit_from(node as u32);
        }
    }
    search.component
}

const UNVISITED: u32 = u32::MAX;
const UNASSIGNED: u32 = u32::MAX;

/// The state of the depth-first search. It has its own stack, because recursion on a deep graph would overflow the thread's.
struct Search<'a> {
    graph: &'a Digraph,
    /// For each node, how many nodes the search visited before it.
    index: Vec<u32>,
    /// For each node, the least index of an open node that is known to be reachable from it.
    low: Vec<u32>,
    /// For each node, the position of the successor to follow next.
    next_successor: Vec<usize>,
    visited: u32,
    /// The nodes from the start of the search to the current one.
    path: Vec<u32>,
    /// The visited nodes without a component, in the order of their visit.
    open: Vec<u32>,
    component: Vec<u32>,
    components: u32,
}

impl Search<'_> {
    fn visit_from(&mut self, start: u32) {
        self.enter(start);
        while let Some(&node) = self.path.last() {
            match self.next_successor(node) {
                Some(successor) if self.index[successor as usize] == UNVISITED => self.enter(successor),
                Some(successor) => {
                    if self.component[successor as usize] == UNASSIGNED {
                        self.lower(node, self.index[successor as usize]);
                    }
                }
                None => self.leave(node),
            }
        }
    }

    fn next_successor(&mut self, node: u32) -> Option<u32> {
        let node = node as usize;
        let position = self.next_successor[node];
        if position == self.graph.first[node + 1] {
            return None;
        }
        self.next_successor[node] += 1;
        Some(self.graph.successors[position])
    }

    fn enter(&mut self, node: u32) {
        self.index[node as usize] = self.visited;
        self.low[node as usize] = self.visited;
        self.visited += 1;
        self.path.push(node);
        self.open.push(node);
    }

    /// A node that reaches no open node before it is the first of its component; the open nodes from it onwards are the
    /// others.
    fn leave(&mut self, node: u32) {
        self.path.pop();
        let low = self.low[node as usize];
        if let Some(&previous) = self.path.last() {
            self.lower(previous, low);
        }
        if low == self.index[node as usize] {
            while let Some(member) = self.open.pop() {
                self.component[member as usize] = self.components;
                if member == node {
                    break;
                }
            }
            self.components += 1;
        }
    }

    fn lower(&mut self, node: u32, reachable: u32) {
        let low = &mut self.low[node as usize];
        *low = reachable.min(*low);
    }
}

/// A directed graph on the nodes `0..nodes`: the successors of each node are stored one after the other.
struct Digraph {
    /// For each node, the position of its first successor; the last entry is the number of arcs.
    first: Vec<usize>,
    successors: Vec<u32>,
}

impl Digraph {
    /// The graph with these arcs `(from, to)`.
    fn new(nodes: usize, arcs: &[(u32, u32)]) -> Self {
        let mut first = vec![0; nodes + 1];
        for &(from, _) in arcs {
            first[from as usize + 1] += 1;
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut next = first.clone();
        let mut successors = vec![0; arcs.len()];
        for &(from, to) in arcs {
            let position = &mut next[from as usize];
            successors[*position] = to;
            *position += 1;
        }
        Self { first, successors }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether each node reaches each other one, by the transitive closure.
    fn reachable(nodes: usize, arcs: &[(u32, u32)]) -> Vec<Vec<bool>> {
        let mut reaches = vec![vec![false; nodes]; nodes];
        for (node, row) in reaches.iter_mut().enumerate() {
            row[node] = true;
        }
        for &(from, to) in arcs {
            reaches[from as usize][to as usize] = true;
        }
        for middle in 0..nodes {
            for from in 0..nodes {
                for to in 0..nodes {
                    reaches[from][to] |= reaches[from][middle] && reaches[middle][to];
                }
            }
        }
        reaches
    }

    fn graphs() -> impl Strategy<Value = (usize, Vec<(u32, u32)>)> {
        (1_u32..12).prop_flat_map(|nodes| {
            let arcs = proptest::collection::vec((0..nodes, 0..nodes), 0..30);
            arcs.prop_map(move |arcs| (nodes as usize, arcs))
        })
    }

    proptest! {
        #[test]
        fn nodes_share_a_component_if_and_only_if_they_reach_each_other((nodes, arcs) in graphs()) {
            let component = components(nodes, &arcs);
            let reaches = reachable(nodes, &arcs);
            for a in 0..nodes {
                for b in 0..nodes {
                    prop_assert_eq!(component[a] == component[b], reaches[a][b] && reaches[b][a], "{} {}", a, b);
                }
            }
        }

        #[test]
        fn an_arc_never_leads_to_a_higher_component((nodes, arcs) in graphs()) {
            let component = components(nodes, &arcs);
            for (from, to) in arcs {
                prop_assert!(component[from as usize] >= component[to as usize], "{} -> {}", from, to);
            }
        }

        #[test]
        fn component_numbers_are_consecutive((nodes, arcs) in graphs()) {
            let component = components(nodes, &arcs);
            let highest = component.iter().copied().max().unwrap_or(0);
            for number in 0..=highest {
                prop_assert!(component.contains(&number), "{}", number);
            }
        }
    }

    #[test]
    fn a_graph_without_nodes_has_no_components() {
        assert!(components(0, &[]).is_empty());
    }

    #[test]
    fn a_path_of_a_million_nodes_does_not_overflow_the_stack() {
        let nodes = 1_000_000;
        let path: Vec<(u32, u32)> = (1..nodes as u32).map(|node| (node - 1, node)).collect();
        let component = components(nodes, &path);
        assert_eq!((component[0], component[nodes - 1]), (nodes as u32 - 1, 0));
    }

    #[test]
    fn a_cycle_of_a_million_nodes_is_one_component() {
        let nodes = 1_000_000;
        let cycle: Vec<(u32, u32)> =
            (0..nodes as u32).map(|node| (node, (node + 1) % nodes as u32)).collect();
        assert!(components(nodes, &cycle).iter().all(|&component| component == 0));
    }
}
