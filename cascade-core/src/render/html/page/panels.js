// The list of resources, the tree, and the details of a resource.

// The list of resources: reached resources first, with their decisions.
function list(shown) {
  const wanted = byId("search").value.trim().toLowerCase();
  const texts = resource => [resource.name, resource.source.file, resource.source.text ?? "", resource.docs ?? "", ...resource.effects.map(effect => effect.name)];
  const found = graph.resources.filter(resource => !wanted || texts(resource).some(text => text.toLowerCase().includes(wanted)));
  const rules = new Map();
  if (state.root && state.operation) {
    const add = (name, rule) => rules.set(name, (rules.get(name) ?? new Map()).set(words(rule), rule));
    const start = startRule(state.operation, state.root);
    if (start) add(state.root, start);
    for (const { edge, rules: [rule] } of shown.edges) add(edge.child, rule);
  }
  const isReached = name => !state.root || shown.names.has(name);
  found.sort((a, b) => isReached(b.name) - isReached(a.name));
  const entries = found.map(({ name }) => {
    const button = make("button", { type: "button", className: isReached(name) ? "" : "dim", tabIndex: -1, onclick: () => choose(name) }, make("span", { className: "name" }, ...breakable(name)));
    const [first, ...others] = rules.get(name)?.values() ?? [];
    if (first) button.append(" ", tag(first, words(first) + (others.length ? ` +${others.length}` : "")));
    if (others.length) button.title = [first, ...others].map(words).join(", ");
    if (name === state.chosen) button.setAttribute("aria-current", "true");
    return make("li", {}, button);
  });
  byId("list").replaceChildren(...entries);
  byId("found").textContent = wanted ? `${found.length.toLocaleString("en")} of ${graph.resources.length.toLocaleString("en")}` : "";
  // The list is a single stop for the Tab key. The arrow keys move within it.
  const first = byId("list").querySelector("[aria-current]") ?? byId("list").querySelector("button");
  if (first) first.tabIndex = 0;
  return found;
}
function moveInList(event) {
  const buttons = [...byId("list").querySelectorAll("button")], here = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  if (!buttons[to]) return;
  buttons.forEach(button => { button.tabIndex = -1; });
  buttons[to].tabIndex = 0;
  buttons[to].focus();
}

// A branch of the tree. Its children are made when it is first opened. A resource that is already on the branch is left out.
function branch(name, rule, path, role = "") {
  const { root, operation } = state;
  const label = [make("span", { className: "name", textContent: printable(name + role) })];
  if (rule) label.push(" ", tag(rule, root && operation ? words(rule) : ruleText(rule)));
  const continues = !rule || !operation || leadsOn(rule);
  const below = continues ? down.get(name).flatMap(edge => {
    const next = operation ? decide(edge.rules, operation, root || edge.parent) : null;
    return path.includes(edge.child) || (operation && (!next || next.decision === "ignore")) ? [] : [[edge, next]];
  }) : [];
  const pick = make("button", { className: "link", type: "button", textContent: "details", ariaLabel: `details of ${printable(name)}`, onclick: event => { event.preventDefault(); choose(name, true); } });
  if (!below.length) return make("li", { className: "end" }, ...label, " ", pick);
  const details = make("details", {}, make("summary", {}, ...label, " ", make("span", { className: "soft", textContent: `${below.length} below` }), " ", pick));
  const unfold = details.unfold = () => {
    if (details.querySelector("ul")) return;
    details.append(make("ul", {}, ...below.slice(0, MAX_LISTED).map(([edge, next]) => branch(edge.child, next, [...path, edge.child], inRole(edge))), ...more(below.length - MAX_LISTED, "li")));
  };
  details.addEventListener("toggle", () => details.open && unfold());
  if (path.length === 1) { unfold(); details.open = true; }
  return make("li", {}, details);
}
// Opens the tree for printing, breadth first, up to MAX_LISTED branches.
function unfoldAll() {
  const open = [...document.querySelectorAll("#tree details")];
  for (let next = 0; next < Math.min(open.length, MAX_LISTED); next++) {
    open[next].unfold();
    open[next].open = true;
    open.push(...open[next].querySelectorAll(":scope > ul > li > details"));
  }
}
function tree() {
  const { root, operation } = state, from = root || state.chosen;
  const showText = text => byId("tree").replaceChildren(make("p", { className: "soft", textContent: text }));
  byId("tree-heading").textContent = from ? `Tree from ${printable(from)}` : "Tree";
  if (!from) return showText("Choose a root or a resource to see its dependents.");
  const start = operation && root ? startRule(operation, root) : null;
  if (operation && root && !start) return showText(`${operationName(operation)} cannot start from ${printable(root)}.`);
  byId("tree").replaceChildren(make("ul", {}, branch(from, start, [from])));
}

const jump = name => make("button", { className: "link", type: "button", textContent: printable(name), onclick: () => choose(name, true) });
const ruleList = rules => rules.map(rule => make("div", { className: "rule" }, `${printable(operationName(rule.operation))} `, tag(rule, ruleText(rule)), " ", place(rule.source)));
function edgeList(title, edges, other) {
  if (!edges.length) return [];
  const entries = edges.slice(0, MAX_LISTED).map(edge => make("li", { id: `edge-${graph.edges.indexOf(edge)}` },
    jump(edge[other]), printable(inRole(edge)), " ", place(edge.source),
    ...edge.finders.map(finder => make("div", { className: "rule soft" }, "found by ", make("code", { textContent: printable(finder.method) }), " ", place(finder.source))),
    ...(edge.rules.length ? ruleList(edge.rules) : [make("div", { className: "rule soft", textContent: "no operation follows this edge" })]),
    ...(edge.may_cut ? [make("div", { className: "rule soft", textContent: "its order may be given up in cycles" })] : [])));
  return [make("h3", { textContent: `${title} (${edges.length})` }), make("ul", {}, ...entries, ...more(edges.length - MAX_LISTED, "li"))];
}
function settings(extension) {
  const timeout = extension.timeout_ms === null ? "no timeout" : `${extension.timeout_ms / 1000} s each`;
  return `${extension.addon ? "add-on, " : ""}batches of ${extension.batch}, ${counted(extension.concurrency, "call")} at once, ${timeout}, ${extension.retries === 1 ? "1 retry" : `${extension.retries || "no"} retries`}`;
}
// How the root reaches a resource, by the shortest path.
function reachedBy(name, shown) {
  const { root, operation } = state;
  if (!root || name === root) return [];
  const by = operation ? `${operationName(operation)} from ${printable(root)}` : printable(root);
  const path = pathTo(name, shown);
  if (!path.length) return [make("p", { className: "soft", textContent: operation ? `${by} does not reach it.` : `It does not depend on ${by}.` })];
  const decisions = shown.edges.filter(({ edge }) => edge.child === name);
  return [make("h3", { textContent: operation ? `Reached by ${by}` : `Depends on ${by}` }),
    make("p", {}, ...listed([root, ...path.map(edge => edge.child)].map(jump), " → ")),
    make("ul", {}, ...decisions.slice(0, MAX_LISTED).map(({ edge, rules: [rule] }) => make("li", {}, "along ", jump(edge.parent), printable(inRole(edge)), ...(rule ? [" ", tag(rule)] : []))))];
}
function details(shown) {
  const panel = byId("details"), resource = byName.get(state.chosen);
  panel.hidden = !resource;
  document.querySelector("main").classList.toggle("with-details", !!resource);
  if (!resource) return panel.replaceChildren();
  const { name } = resource;
  panel.replaceChildren(
    make("button", { type: "button", className: "close", textContent: "×", ariaLabel: "close the details", title: "close (Escape)", onclick: () => set({ chosen: "" }) }),
    make("h2", { id: "details-heading", textContent: printable(name) }),
    place(resource.source),
    ...prose(resource.docs),
    make("p", {}, name === state.root ? make("span", { className: "soft", textContent: "The root." }) : make("button", { type: "button", textContent: "Start here", onclick: () => set({ root: name }) })),
    ...reachedBy(name, shown),
    ...(resource.rules.length ? [make("h3", { textContent: "As the root" }), ...ruleList(resource.rules)] : []),
    ...edgeList("Depends on", up.get(name), "parent"),
    ...edgeList("Dependents", down.get(name), "child"),
    ...(resource.effects.length ? [make("h3", { textContent: "Effects, in the order in which they run" }), make("ul", {}, ...resource.effects.map(effect => make("li", {},
      make("code", { textContent: printable(effect.name) }), effect.supersedes.length ? ` in place of ${printable(effect.supersedes.join(", "))}` : "", " ", place(effect.source), ...prose(effect.docs))))] : []),
    ...(resource.phases.length ? [make("h3", { textContent: "Checks, begin, cleanup and verify methods" }), make("ul", {}, ...resource.phases.map(phase => make("li", {}, `${phase.phase} of ${printable(operationName(phase.operation))} `, make("code", { textContent: printable(phase.method) }), " ", place(phase.source))))] : []),
    ...(resource.extensions.length ? [make("h3", { textContent: "Extended by" }), make("ul", {}, ...resource.extensions.map(extension => make("li", {},
      make("code", { textContent: printable(extension.name) }), " ", place(extension.source), make("div", { className: "rule soft", textContent: settings(extension) }), ...prose(extension.docs))))] : []));
}
