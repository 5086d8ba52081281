// The picture: boxes and lines that can be zoomed and moved. If there are too many boxes, lists of resources replace it.

const MAX_BOXES = 60; // The maximum number of boxes in a picture.
const MAX_LISTED = 400; // The maximum number of entries in a list.
const MAX_RANKED = 2000; // The maximum number of resources for which the reach of every root is computed.
const zoom = { scale: 1, fit: 1, width: 0, height: 0 };

function draw(shown) {
  const picture = byId("picture"), isDrawn = shown.names.size <= MAX_BOXES && shown.names.size > 0;
  byId("zoom").hidden = !isDrawn;
  picture.classList.toggle("drawn", isDrawn);
  if (!shown.names.size) return picture.replaceChildren(make("p", { textContent: "There is nothing to draw." }));
  if (isDrawn) return drawBoxes(picture, shown);
  picture.replaceChildren(...(state.root ? groups(shown) : largestReach()));
}

function drawBoxes(picture, { names, edges }) {
  const layout = new dagre.graphlib.Graph({ multigraph: true });
  // From left to right, because names are wide, and so that lines have room for their labels.
  layout.setGraph({ rankdir: "LR", nodesep: edges.some(({ edge }) => edge.parent === edge.child) ? 20 : 12, edgesep: 8, ranksep: 52, marginx: 12, marginy: 12 });
  layout.setDefaultEdgeLabel(() => ({}));
  for (const name of names) layout.setNode(name, { width: shortened(name).length * 7.4 + 24, height: 30 });
  edges.forEach(({ edge, rules }, index) => {
    if (edge.parent === edge.child) return; // The layout has no lines from a box to itself: `loopAt` draws them.
    const decisions = rules.map(rule => (state.root ? words(rule) : ruleText(rule))).join(", ");
    const label = shortened([edge.role, decisions].filter(Boolean).join(": "), 28);
    layout.setEdge(edge.parent, edge.child, { index, label, width: label.length * 6.2, height: label ? 15 : 0, labelpos: "c" }, String(index));
  });
  dagre.layout(layout);
  const { width, height } = layout.graph();
  const image = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${counted(names.size, "resource")}, ${counted(edges.length, "edge")}; the tree below has the same content as text` });
  const defs = svg("defs");
  for (const name of ["plain", "effect", "leaf", "with", "shared", "retain", "restrict"]) {
    defs.append(svg("marker", { id: `arrow-${name}`, class: name, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z", fill: "currentColor" })));
  }
  const lines = layout.edges().map(id => drawLine(layout.edge(id), pathOf(layout, id), edges[layout.edge(id).index]));
  const loops = edges.filter(({ edge }) => edge.parent === edge.child);
  lines.push(...loops.map(shown => drawLine({}, loopAt(layout.node(shown.edge.child)), shown)));
  image.append(defs, ...lines.map(([line]) => line), ...lines.flatMap(([, label]) => label ?? []), ...layout.nodes().map(name => drawBox(name, layout.node(name))));
  picture.replaceChildren(image);
  // Below this scale the text is illegible: a larger picture is scrolled instead.
  Object.assign(zoom, { width, height, fit: Math.min(1, Math.max(.72, (picture.clientWidth - 2) / width)) });
  scaleTo(zoom.fit);
  const centre = layout.node(state.chosen || state.root);
  if (centre) picture.scrollTo(centre.x * zoom.scale - picture.clientWidth / 2, centre.y * zoom.scale - picture.clientHeight / 2);
}

// The curve from the side of one box to the side of the other. It is horizontal at every point of the layout, so that it
// passes through its own label.
function pathOf(layout, { v: parent, w: child, name }) {
  const { points } = layout.edge(parent, child, name);
  const [from, to] = [layout.node(parent), layout.node(child)];
  const smooth = all => all.slice(1).reduce((path, { x, y }, index) => {
    const before = all[index], middle = (before.x + x) / 2;
    return `${path}C${middle} ${before.y} ${middle} ${y} ${x} ${y}`;
  }, `M${all[0].x} ${all[0].y}`);
  const side = from.x < to.x ? 1 : -1; // A line that closes a cycle runs from right to left.
  const start = { x: from.x + (side * from.width) / 2, y: from.y }, end = { x: to.x - (side * to.width) / 2, y: to.y };
  return smooth([start, ...points.slice(1, -1), end]);
}

// The line of a resource that depends on itself: from the right side of its box to the bottom.
function loopAt({ x, y, width, height }) {
  const [right, bottom] = [x + width / 2, y + height / 2];
  return `M${right} ${y + 6}C${right + 22} ${y + 6} ${right + 8} ${bottom + 16} ${right - 8} ${bottom + 16}S${right - 16} ${bottom + 8} ${right - 16} ${bottom + 1}`;
}

function drawLine({ label, x, y }, path, { edge, rules }) {
  const group = kind(rules[0]);
  const isDim = state.chosen && edge.parent !== state.chosen && edge.child !== state.chosen ? " dim" : "";
  const description = `${edge.parent} → ${edge.child}${inRole(edge)}: ${rules.map(ruleText).join(", ") || "an edge"} (${edge.source.file}:${edge.source.line})`;
  const title = () => svg("title", {}, printable(description));
  const isDashed = rules.some(rule => rule.decision === "retain" || rule.decision === "restrict");
  const line = svg("g", { class: `edge ${group}${isDim}` },
    svg("path", { d: path, class: "wide" }), // The pointer target: the visible line is too thin.
    svg("path", { d: path, class: "line", "marker-end": `url(#arrow-${group})`, ...(isDashed ? { "stroke-dasharray": "5 4" } : {}) }), title());
  line.addEventListener("click", () => follow(edge));
  if (!label) return [line];
  const text = svg("text", { x, y: y + 4, "text-anchor": "middle", class: `label ${group}${isDim}` }, label, title());
  text.addEventListener("click", () => follow(edge));
  return [line, text];
}

function drawBox(name, { x, y, width, height }) {
  const isNear = !state.chosen || state.chosen === name || down.get(name).some(edge => edge.child === state.chosen) || up.get(name).some(edge => edge.parent === state.chosen);
  const classes = ["box", name === state.root && "root", name === state.chosen && "chosen", !isNear && "dim"].filter(Boolean);
  const box = svg("g", { class: classes.join(" ") },
    svg("title", {}, printable(name)),
    svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 6 }),
    svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, shortened(name)));
  box.addEventListener("click", () => choose(name));
  return box;
}

// Scales the picture around the centre of the visible part.
function scaleTo(scale) {
  const picture = byId("picture"), image = picture.querySelector("svg");
  if (!image) return;
  const middle = (start, size, length) => (start + size / 2) / (length * zoom.scale);
  const [x, y] = [middle(picture.scrollLeft, picture.clientWidth, zoom.width), middle(picture.scrollTop, picture.clientHeight, zoom.height)];
  zoom.scale = Math.min(3, Math.max(.2, scale));
  image.setAttribute("width", zoom.width * zoom.scale);
  image.setAttribute("height", zoom.height * zoom.scale);
  picture.scrollTo(x * zoom.width * zoom.scale - picture.clientWidth / 2, y * zoom.height * zoom.scale - picture.clientHeight / 2);
}
function makeMovable(picture) {
  let from = null;
  picture.addEventListener("pointerdown", event => { from = event.button === 0 && event.pointerType === "mouse" ? { x: event.clientX + picture.scrollLeft, y: event.clientY + picture.scrollTop, id: event.pointerId } : null; });
  picture.addEventListener("pointermove", event => {
    if (!from) return;
    const [x, y] = [from.x - event.clientX, from.y - event.clientY];
    if (Math.abs(x - picture.scrollLeft) + Math.abs(y - picture.scrollTop) < 4) return;
    if (!picture.hasPointerCapture(from.id)) picture.setPointerCapture(from.id);
    picture.scrollTo(x, y);
  });
  for (const end of ["pointerup", "pointercancel"]) picture.addEventListener(end, () => { from = null; });
  picture.addEventListener("wheel", event => {
    if (!(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    scaleTo(zoom.scale * Math.exp(-event.deltaY / 300));
  }, { passive: false });
}

const chip = name => make("button", { type: "button", className: `chip${name === state.chosen ? " chosen" : ""}`, textContent: printable(name), onclick: () => choose(name, true) });
const more = (count, tagName = "span") => (count > 0 ? [make(tagName, { className: "soft", textContent: `and ${count.toLocaleString("en")} more` })] : []);

// The reached resources, grouped by decision.
function groups({ names, edges }) {
  const byWords = new Map();
  for (const { edge, rules: [rule] } of edges) {
    const key = rule ? words(rule) : "";
    if (!byWords.has(key)) byWords.set(key, { rule, names: new Set() });
    byWords.get(key).names.add(edge.child);
  }
  const sorted = [...byWords.values()].sort((a, b) => b.names.size - a.names.size);
  return sorted.map(group => {
    const all = [...group.names].sort();
    const title = group.rule ? [tag(group.rule), ` ${counted(all.length, "resource")}`] : [`${counted(names.size - 1, "resource")} directly or indirectly dependent`];
    return make("section", { className: "group" }, make("h3", {}, ...title), make("div", { className: "chips" }, ...all.slice(0, MAX_LISTED).map(chip), ...more(all.length - MAX_LISTED)));
  });
}

// Starting points in a large graph: the roots from which operations reach the most resources.
function largestReach() {
  const codes = state.operation ? [state.operation] : [...operations.keys()];
  const isRanked = graph.resources.length <= MAX_RANKED && codes.length > 0;
  const rows = graph.resources.flatMap(({ name }) => (isRanked
    ? codes.filter(code => startRule(code, name)).map(code => ({ name, code, count: reach(name, code).names.size - 1 }))
    : [{ name, code: "", count: down.get(name).length }]));
  rows.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  const most = Math.max(1, rows[0]?.count ?? 1);
  const start = ({ name, code }) => make("button", { type: "button", className: "link", textContent: printable(name), onclick: () => set({ root: name, operation: code, chosen: "" }) });
  const bar = count => make("span", { className: "bar", style: `width:${(count / most) * 100}%` });
  const body = rows.slice(0, 25).map(row => make("tr", {},
    make("th", { scope: "row" }, start(row)),
    ...(isRanked ? [make("td", { textContent: operationName(row.code) })] : []),
    make("td", { className: "number", textContent: row.count.toLocaleString("en") }),
    make("td", { className: "bars", ariaHidden: "true" }, bar(row.count))));
  const heads = ["from", ...(isRanked ? ["operation"] : []), isRanked ? "reaches" : "direct dependents"];
  return [
    make("p", { textContent: `${counted(graph.resources.length, "resource")} are too many for one picture. Choose a root, here or above; these ${isRanked ? "reach the most resources" : "have the most direct dependents"}:` }),
    make("table", {}, make("thead", {}, make("tr", {}, ...heads.map(head => make("th", { scope: "col", textContent: head })), make("td"))), make("tbody", {}, ...body)),
  ];
}
