// The graph, and what operations do in it: as the engine decides it.

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

// What a rule decides, in words and as a class.
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
const told = rule => words(rule) + (rule.roots.length ? ` for ${rule.roots.join(", ")}` : "");
const leadsOn = rule => ["with_parent", "shared"].includes(rule.decision) || (rule.decision === "effect" && !rule.leaf);

// The rule for this root if there is one, else the rule for any.
function decide(rules, operation, root) {
  const of = rules.filter(rule => rule.operation === operation);
  return of.find(rule => rule.roots.includes(root)) ?? of.find(rule => rule.roots.length === 0);
}
function startRule(operation, root) {
  const { roots } = operations.get(operation) ?? { roots: [] };
  return roots.length && !roots.includes(root) ? undefined : decide(byName.get(root).rules, operation, root);
}

// What is met from a root: the resources, the edges with the rule that decides, and the edge that met each resource
// first. Without an operation, all that hangs off it.
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

// What is looked at: all of the graph, the edges of an operation, or what is met from a root.
function view({ root, operation }) {
  if (root) return reach(root, operation);
  const of = edge => (operation ? edge.rules.filter(rule => rule.operation === operation && rule.decision !== "ignore") : []);
  const edges = graph.edges.map(edge => ({ edge, rules: of(edge) }));
  return { names: new Set(byName.keys()), edges: operation ? edges.filter(({ rules }) => rules.length) : edges, first: new Map() };
}

// The shortest way from the root: its edges, from the root down.
function wayTo(name, { first }) {
  const way = [];
  for (let edge = first.get(name); edge; edge = first.get(edge.parent)) way.unshift(edge);
  return way;
}
