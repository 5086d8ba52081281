// What is looked at, and what changes it.

const state = { root: "", operation: "", chosen: "" };

function status(seen) {
  const { root, operation } = state, name = operationName(operation);
  if (!root) return operation ? `${name} goes along ${counted(seen.edges.length, "edge")}.` : "";
  if (operation && !startRule(operation, root)) return `${name} does not start from ${printable(root)}.`;
  const by = operation ? `${name} from ${printable(root)} reaches` : `${printable(root)} leads to`;
  return `${by} ${counted(seen.names.size - 1, "resource")} of ${graph.resources.length.toLocaleString("en")}.`;
}
// What is done, and along how many edges.
function legend(seen) {
  const counts = new Map();
  for (const { rules } of seen.edges) {
    for (const rule of rules) counts.set(words(rule), { rule, count: (counts.get(words(rule))?.count ?? 0) + 1 });
  }
  const sorted = [...counts.values()].sort((a, b) => b.count - a.count);
  const entries = sorted.slice(0, 24).map(({ rule, count }) => make("li", { title: `along ${counted(count, "edge")}` }, tag(rule), ` ${count.toLocaleString("en")}`));
  at("legend").replaceChildren(...entries, ...more(sorted.length - 24, "li"));
  at("legend").hidden = !sorted.length;
}
function heading() {
  const { root, operation } = state;
  if (root) return operation ? `What ${operationName(operation)} does from ${printable(root)}` : `What hangs off ${printable(root)}`;
  return operation ? `Where ${operationName(operation)} goes` : "All resources";
}

function show() {
  const seen = view(state);
  at("root").value = state.root;
  at("operation").value = state.operation;
  at("status").textContent = status(seen);
  at("heading").textContent = heading();
  at("about").replaceChildren(...prose(operations.get(state.operation)?.docs));
  legend(seen);
  list(seen);
  details(seen);
  draw(seen);
  tree();
  const hash = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
  if (location.hash.slice(1) !== hash) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}
function set(change) { Object.assign(state, change); show(); }
function choose(name, focus = false) {
  const inList = at("list").contains(document.activeElement);
  set({ chosen: name });
  if (focus) { at("details").scrollTop = 0; at("details").focus({ preventScroll: true }); }
  else if (inList) at("list").querySelector("[aria-current]")?.focus();
}
// Follows an edge to where it is declared.
function follow(edge) {
  choose(edge.child, true);
  const entry = at(`edge-${graph.edges.indexOf(edge)}`);
  entry?.classList.add("told");
  entry?.scrollIntoView({ block: "nearest" });
}
function read() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const known = (key, map) => (map.has(hash.get(key)) ? hash.get(key) : "");
  set({ root: known("root", byName), chosen: known("chosen", byName), operation: known("operation", operations) });
}

at("size").textContent = [counted(graph.resources.length, "resource"), counted(graph.edges.length, "edge"), counted(graph.operations.length, "operation")].join(", ");
at("root").append(...graph.resources.map(({ name }) => make("option", { value: name, textContent: shortened(name, 60) })));
at("operation").append(...graph.operations.map(({ code, name }) => make("option", { value: code, textContent: printable(name) })));
at("search").addEventListener("input", () => list(view(state)));
at("choice").addEventListener("submit", event => { event.preventDefault(); const [first] = list(view(state)); if (first) choose(first.name, true); });
at("root").addEventListener("change", event => set({ root: event.target.value }));
at("operation").addEventListener("change", event => set({ operation: event.target.value }));
at("theme").addEventListener("change", event => { document.documentElement.dataset.theme = event.target.value; });
at("list").addEventListener("keydown", moveInList);
at("larger").addEventListener("click", () => scaleTo(zoom.scale * 1.25));
at("smaller").addEventListener("click", () => scaleTo(zoom.scale / 1.25));
at("fit").addEventListener("click", () => scaleTo(zoom.scale === zoom.fit ? (at("picture").clientWidth - 2) / zoom.width : zoom.fit));
makeMovable(at("picture"));
document.addEventListener("keydown", event => {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && !isTyping) { event.preventDefault(); at("search").focus(); }
  if (event.key === "Escape") { at("search").value = ""; set({ chosen: "" }); }
  if (event.key === "ArrowDown" && event.target === at("search")) { event.preventDefault(); at("list").querySelector("button")?.focus(); }
});
addEventListener("hashchange", read);
addEventListener("beforeprint", unfoldAll);
read();
