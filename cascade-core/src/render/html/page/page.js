// The state of the page, and the events that change it.

const state = { root: "", operation: "", chosen: "" };

function status(shown) {
  const { root, operation } = state, name = operationName(operation);
  if (!root) return operation ? `${name} follows ${counted(shown.edges.length, "edge")}.` : "";
  if (operation && !startRule(operation, root)) return `${name} cannot start from ${printable(root)}.`;
  const reached = `${counted(shown.names.size - 1, "resource")} of ${graph.resources.length.toLocaleString("en")}`;
  return operation ? `${name} from ${printable(root)} reaches ${reached}.` : `Dependents of ${printable(root)}: ${reached}.`;
}
// The decisions, and the number of edges with each.
function legend(shown) {
  const counts = new Map();
  for (const { rules } of shown.edges) {
    for (const rule of rules) counts.set(words(rule), { rule, count: (counts.get(words(rule))?.count ?? 0) + 1 });
  }
  const sorted = [...counts.values()].sort((a, b) => b.count - a.count);
  const entries = sorted.slice(0, 24).map(({ rule, count }) => make("li", { title: `along ${counted(count, "edge")}` }, tag(rule), ` ${count.toLocaleString("en")}`));
  byId("legend").replaceChildren(...entries, ...more(sorted.length - 24, "li"));
  byId("legend").hidden = !sorted.length;
}
function heading() {
  const { root, operation } = state;
  if (root) return operation ? `${operationName(operation)} from ${printable(root)}` : `Dependents of ${printable(root)}`;
  return operation ? `Edges that ${operationName(operation)} follows` : "All resources";
}

function show() {
  const shown = view(state);
  byId("root").value = state.root;
  byId("operation").value = state.operation;
  byId("status").textContent = status(shown);
  byId("heading").textContent = heading();
  byId("about").replaceChildren(...prose(operations.get(state.operation)?.docs));
  legend(shown);
  list(shown);
  details(shown);
  draw(shown);
  tree();
  const hash = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
  if (location.hash.slice(1) !== hash) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}
function set(change) { Object.assign(state, change); show(); }
function choose(name, focus = false) {
  const inList = byId("list").contains(document.activeElement);
  set({ chosen: name });
  if (focus) { byId("details").scrollTop = 0; byId("details").focus({ preventScroll: true }); }
  else if (inList) byId("list").querySelector("[aria-current]")?.focus();
}
// Shows the declaration of an edge.
function follow(edge) {
  choose(edge.child, true);
  const entry = byId(`edge-${graph.edges.indexOf(edge)}`);
  entry?.classList.add("highlighted");
  entry?.scrollIntoView({ block: "nearest" });
}
function read() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const known = (key, map) => (map.has(hash.get(key)) ? hash.get(key) : "");
  set({ root: known("root", byName), chosen: known("chosen", byName), operation: known("operation", operations) });
}

byId("size").textContent = [counted(graph.resources.length, "resource"), counted(graph.edges.length, "edge"), counted(graph.operations.length, "operation")].join(", ");
byId("root").append(...graph.resources.map(({ name }) => make("option", { value: name, textContent: shortened(name, 60) })));
byId("operation").append(...graph.operations.map(({ code, name }) => make("option", { value: code, textContent: printable(name) })));
byId("search").addEventListener("input", () => list(view(state)));
byId("choice").addEventListener("submit", event => { event.preventDefault(); const [first] = list(view(state)); if (first) choose(first.name, true); });
byId("root").addEventListener("change", event => set({ root: event.target.value }));
byId("operation").addEventListener("change", event => set({ operation: event.target.value }));
byId("theme").addEventListener("change", event => { document.documentElement.dataset.theme = event.target.value; });
byId("list").addEventListener("keydown", moveInList);
byId("larger").addEventListener("click", () => scaleTo(zoom.scale * 1.25));
byId("smaller").addEventListener("click", () => scaleTo(zoom.scale / 1.25));
byId("fit").addEventListener("click", () => scaleTo(zoom.scale === zoom.fit ? (byId("picture").clientWidth - 2) / zoom.width : zoom.fit));
makeMovable(byId("picture"));
document.addEventListener("keydown", event => {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && !isTyping) { event.preventDefault(); byId("search").focus(); }
  if (event.key === "Escape") { byId("search").value = ""; set({ chosen: "" }); }
  if (event.key === "ArrowDown" && event.target === byId("search")) { event.preventDefault(); byId("list").querySelector("button")?.focus(); }
});
addEventListener("hashchange", read);
addEventListener("beforeprint", unfoldAll);
read();
