// The graph, and the decisions of operations in it. The rules here must match those of the engine.

const graph = JSON.parse(document.getElementById("data").textContent);
const byName = new Map(graph.resources.map(resource => [resource.name, resource]));
const down = new Map(graph.resources.map(resource => [resource.name, []]));
const up = new Map(graph.resources.map(resource => [resource.name, []]));
for (const edge of graph.edges) {
  down.get(edge.parent)?.push(edge);
  up.get(edge.child)?.push(edge);
}
const operations = new Map(graph.operations.map(operation => [operation.code, operation]));
const operationName = code => operations.get(code)?.name ?? code;

// The decision of a rule, in words and as a CSS class.
function words(rule) {
  switch (rule.decision) {
    case "effect": return rule.leaf ? `${rule.effect} (leaf)` : rule.effect;
    case "shared": return rule.effect ? `${rule.effect} (with the last owner)` : "with the last owner";
    case "with_parent": return "with parent";
    default: return rule.decision;
  }
}
function kind(rule) {
  if (!rule) return "plain";
  if (rule.decision === "effect") return rule.leaf ? "leaf" : "effect";
  return rule.decision === "with_parent" ? "with" : rule.decision;
}
const inRole = edge => (edge.role ? ` (${edge.role})` : "");
const ruleText = rule => words(rule) + (rule.roots.length ? ` for ${rule.roots.join(", ")}` : "");
const leadsOn = rule => ["with_parent", "shared"].includes(rule.decision) || (rule.decision === "effect" && !rule.leaf);

// The rule that is limited to this root, or else the rule for any root.
function decide(rules, operation, root) {
  const candidates = rules.filter(rule => rule.operation === operation);
  return candidates.find(rule => rule.roots.includes(root)) ?? candidates.find(rule => rule.roots.length === 0);
}
function startRule(operation, root) {
  const { roots } = operations.get(operation) ?? { roots: [] };
  return roots.length && !roots.includes(root) ? undefined : decide(byName.get(root).rules, operation, root);
}

// The resources that an operation reaches from a root, the edges with the rule that applies, and for each resource the
// edge that reached it first. Without an operation: everything that depends on the root.
function reach(root, operation) {
  const names = new Set([root]), edges = [], first = new Map(), expanded = new Set(), open = [];
  const start = operation ? startRule(operation, root) : null;
  if (!operation || (start && leadsOn(start))) open.push(root);
  for (let next = 0; next < open.length; next++) {
    const parent = open[next];
    if (expanded.has(parent)) continue;
    expanded.add(parent);
    for (const edge of down.get(parent)) {
      const rule = operation ? decide(edge.rules, operation, root) : null;
      if (operation && (!rule || rule.decision === "ignore")) continue;
      edges.push({ edge, rules: rule ? [rule] : [] });
      if (!names.has(edge.child)) first.set(edge.child, edge);
      names.add(edge.child);
      if (!rule || leadsOn(rule)) open.push(edge.child);
    }
  }
  return { names, edges, first };
}

// The part of the graph to show: the whole graph, the edges of an operation, or everything reached from a root.
function view({ root, operation }) {
  if (root) return reach(root, operation);
  const rulesOf = edge => (operation ? edge.rules.filter(rule => rule.operation === operation && rule.decision !== "ignore") : []);
  const edges = graph.edges.map(edge => ({ edge, rules: rulesOf(edge) }));
  return { names: new Set(byName.keys()), edges: operation ? edges.filter(({ rules }) => rules.length) : edges, first: new Map() };
}

// The shortest path from the root to a resource, as edges from the root down.
function pathTo(name, { first }) {
  const path = [];
  for (let edge = first.get(name); edge; edge = first.get(edge.parent)) path.unshift(edge);
  return path;
}
