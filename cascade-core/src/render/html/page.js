"use strict";
(() => {
  const graph = JSON.parse(document.getElementById("data").textContent);
  const at = id => document.getElementById(id);
  const DRAWN = 90; // Boxes in one picture, at most: more cannot be read.
  const LISTED = 400; // Children of one branch of the tree, at most.
  const byName = new Map(graph.resources.map(resource => [resource.name, resource]));
  const down = new Map(graph.resources.map(resource => [resource.name, []]));
  const up = new Map(graph.resources.map(resource => [resource.name, []]));
  for (const edge of graph.edges) {
    down.get(edge.parent)?.push(edge);
    up.get(edge.child)?.push(edge);
  }
  const operationName = code => graph.operations.find(one => one.code === code)?.name ?? code;
  const state = { root: "", operation: "", chosen: "" };

  function make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }
  function svg(tag, attributes = {}, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }
  // A name on one line: what is hidden is shown by its number.
  const printable = text => text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]/gu, char => `\\u{${char.codePointAt(0).toString(16)}}`);
  const shortened = (text, length = 34) => { const chars = [...printable(text)]; return chars.length > length ? chars.slice(0, length - 1).join("") + "…" : chars.join(""); };
  const place = source => `${source.file}:${source.line}`;

  // What a rule decides, in words and as a class.
  function words(rule) {
    switch (rule.decision) {
      case "effect": return rule.leaf ? `${rule.effect} (leaf)` : rule.effect;
      case "shared": return rule.effect ? `${rule.effect} (with the last owner)` : "with the last owner";
      case "with_parent": return "with parent";
      default: return rule.decision;
    }
  }
  const kind = rule => !rule ? "plain" : rule.decision === "effect" ? (rule.leaf ? "leaf" : "effect") : rule.decision === "with_parent" ? "with" : rule.decision;
  const told = rule => printable(words(rule) + (rule.roots.length ? ` for ${rule.roots.join(", ")}` : ""));
  const leadsOn = rule => rule.decision === "with_parent" || rule.decision === "shared" || (rule.decision === "effect" && !rule.leaf);

  // As the engine decides: the rule for this root if there is one, else the rule for any.
  function decide(rules, operation, root) {
    const of = rules.filter(rule => rule.operation === operation);
    return of.find(rule => rule.roots.includes(root)) ?? of.find(rule => rule.roots.length === 0);
  }
  const mayStart = (operation, root) => {
    const known = graph.operations.find(one => one.code === operation);
    return known && (!known.roots.length || known.roots.includes(root)) && !!decide(byName.get(root).rules, operation, root);
  };

  // What is looked at: resources with the rules that reach them, and edges with what is shown on them.
  function view() {
    const { root, operation } = state;
    if (!root) {
      const edges = graph.edges.map(edge => ({ edge, rules: operation ? edge.rules.filter(rule => rule.operation === operation && rule.decision !== "ignore") : [] }));
      return { names: null, edges: operation ? edges.filter(one => one.rules.length) : edges };
    }
    const names = new Set([root]), edges = [], open = [], expanded = new Set();
    if (!operation || (mayStart(operation, root) && leadsOn(decide(byName.get(root).rules, operation, root)))) open.push(root);
    while (open.length) {
      const parent = open.pop();
      if (expanded.has(parent)) continue;
      expanded.add(parent);
      for (const edge of down.get(parent)) {
        const rule = operation && decide(edge.rules, operation, root);
        if (operation && (!rule || rule.decision === "ignore")) continue;
        edges.push({ edge, rules: rule ? [rule] : [] });
        names.add(edge.child);
        if (!rule || leadsOn(rule)) open.push(edge.child);
      }
    }
    return { names, edges };
  }

  // The part that is drawn: all of the view if it is small, else what is next to the chosen resource.
  function drawn(seen) {
    const all = seen.names ?? new Set(graph.resources.map(resource => resource.name));
    if (all.size <= DRAWN) return { names: all, edges: seen.edges, part: false };
    const centre = state.chosen && all.has(state.chosen) ? state.chosen : state.root;
    if (!centre) return null;
    const near = seen.edges.filter(({ edge }) => edge.parent === centre || edge.child === centre);
    const names = new Set([centre]);
    const edges = near.filter(({ edge }) => {
      if (names.size >= DRAWN && !(names.has(edge.parent) && names.has(edge.child))) return false;
      names.add(edge.parent).add(edge.child);
      return true;
    });
    return { names, edges, part: true, left: near.length - edges.length };
  }

  function draw(seen) {
    const picture = at("picture");
    const part = drawn(seen);
    if (!part) {
      picture.replaceChildren(make("p", { textContent: `${graph.resources.length} resources are too many for one picture. Choose a resource to see what is next to it, or a root and an operation.` }));
      return;
    }
    if (!part.names.size) return picture.replaceChildren(make("p", { textContent: "There is nothing to draw." }));
    const layout = new dagre.graphlib.Graph({ multigraph: true });
    layout.setGraph({ rankdir: part.part ? "LR" : "TB", nodesep: part.part ? 8 : 22, ranksep: 56, marginx: 10, marginy: 10 });
    layout.setDefaultEdgeLabel(() => ({}));
    for (const name of part.names) layout.setNode(name, { width: shortened(name).length * 7.6 + 22, height: 30 });
    part.edges.forEach(({ edge, rules }, index) => {
      const label = shortened(rules.map(told).join(", "), 28);
      layout.setEdge(edge.parent, edge.child, { index, label, width: label.length * 6, height: label ? 14 : 0, labelpos: "c" }, String(index));
    });
    dagre.layout(layout);
    const { width, height } = layout.graph();
    const scale = Math.min(1, Math.max(.6, (picture.clientWidth - 4) / width)); // Smaller could not be read: then it scrolls.
    const image = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: width * scale, height: height * scale, role: "img", "aria-label": `${part.names.size} resources, ${part.edges.length} edges; the tree below says the same in words` });
    const defs = svg("defs");
    for (const name of ["plain", "effect", "leaf", "with", "shared", "retain", "restrict"]) {
      defs.append(svg("marker", { id: `arrow-${name}`, class: name, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 8 4 0 8z", fill: "currentColor" })));
    }
    image.append(defs);
    for (const id of layout.edges()) {
      const line = layout.edge(id), { edge, rules } = part.edges[line.index];
      image.append(...drawLine(line, edge, rules));
    }
    for (const name of layout.nodes()) image.append(drawBox(name, layout.node(name)));
    const note = part.part ? [make("p", { textContent: `What is next to ${printable(state.chosen || state.root)}${part.left ? `; ${part.left} more edges are listed with it` : ""}. The view has ${(seen.names ?? byName).size} resources: see the tree.` })] : [];
    picture.replaceChildren(...note, image);
    const centre = layout.node(state.chosen || state.root);
    picture.scrollTo(((centre?.x ?? width / 2) * scale) - picture.clientWidth / 2, centre ? centre.y * scale - picture.clientHeight / 2 : 0);
  }

  function drawLine({ points, label, x, y }, edge, rules) {
    const group = kind(rules.length === 1 ? rules[0] : rules.length ? rules[0] : null);
    const dim = state.chosen && edge.parent !== state.chosen && edge.child !== state.chosen ? " dim" : "";
    const [first, ...rest] = points;
    let path = `M${first.x} ${first.y}`;
    for (let i = 0; i < rest.length - 1; i++) {
      const [a, b] = [rest[i], rest[i + 1]];
      path += i === rest.length - 2 ? `Q${a.x} ${a.y} ${b.x} ${b.y}` : `Q${a.x} ${a.y} ${(a.x + b.x) / 2} ${(a.y + b.y) / 2}`;
    }
    if (rest.length === 1) path += `L${rest[0].x} ${rest[0].y}`;
    const line = svg("path", { d: path, class: `line ${group}${dim}`, "marker-end": `url(#arrow-${group})` }, svg("title", {}, `${printable(edge.parent)} → ${printable(edge.child)}: ${rules.map(told).join(", ") || "an edge"} (${place(edge.source)})`));
    if (rules.some(rule => rule.decision === "retain" || rule.decision === "restrict")) line.setAttribute("stroke-dasharray", "5 4");
    line.addEventListener("click", () => follow(edge));
    return label ? [line, svg("text", { x, y: y + 4, "text-anchor": "middle", class: `label ${group}${dim}` }, label)] : [line];
  }

  function drawBox(name, { x, y, width, height }) {
    const near = !state.chosen || state.chosen === name || down.get(name).some(edge => edge.child === state.chosen) || up.get(name).some(edge => edge.parent === state.chosen);
    const box = svg("g", { class: `box${name === state.root ? " root" : ""}${name === state.chosen ? " chosen" : ""}${near ? "" : " dim"}` },
      svg("title", {}, printable(name)),
      svg("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 6 }),
      svg("text", { x, y: y + 5, "text-anchor": "middle" }, shortened(name)));
    box.addEventListener("click", () => choose(name));
    return box;
  }

  // The tree, unfolded as far as somebody looks. A resource that is already on the branch ends it.
  function branch(name, rule, path) {
    const { root, operation } = state;
    const label = [make("span", { textContent: printable(name) })];
    if (rule) label.push(": ", make("span", { className: kind(rule), textContent: root && operation ? printable(words(rule)) : told(rule) }));
    const goesOn = !rule || !operation || leadsOn(rule);
    const below = goesOn ? down.get(name).flatMap(edge => {
      const next = operation ? decide(edge.rules, operation, root || edge.parent) : null;
      return path.includes(edge.child) || (operation && (!next || next.decision === "ignore")) ? [] : [[edge, next]];
    }) : [];
    const pick = make("button", { className: "link", type: "button", textContent: "details", ariaLabel: `details of ${printable(name)}`, onclick: event => { event.preventDefault(); choose(name, true); } });
    if (!below.length) return make("li", { className: "end" }, ...label, " ", pick);
    const details = make("details", {}, make("summary", {}, ...label, ` (${below.length}) `, pick));
    const unfold = () => {
      if (details.querySelector("ul")) return;
      const list = make("ul", {}, ...below.slice(0, LISTED).map(([edge, next]) => branch(edge.child, next, [...path, edge.child])));
      if (below.length > LISTED) list.append(make("li", { textContent: `and ${below.length - LISTED} more` }));
      details.append(list);
    };
    details.addEventListener("toggle", () => details.open && unfold());
    if (path.length === 1) { unfold(); details.open = true; }
    return make("li", {}, details);
  }

  function tree() {
    const { root, operation } = state;
    const from = root || state.chosen;
    at("tree-heading").textContent = from ? `Tree from ${printable(from)}` : "Tree";
    if (!from) return at("tree").replaceChildren(make("p", { textContent: "Choose a root or a resource to unfold what hangs off it." }));
    const start = operation && root ? decide(byName.get(root).rules, operation, root) : null;
    if (operation && root && !start) return at("tree").replaceChildren(make("p", { textContent: `${operationName(operation)} does not start from ${printable(root)}.` }));
    at("tree").replaceChildren(make("ul", {}, branch(from, start, [from])));
  }

  function ruleList(rules) {
    return rules.map(rule => make("div", {}, `${operationName(rule.operation)}: `, make("span", { className: kind(rule), textContent: told(rule) }), make("code", { className: "source", textContent: place(rule.source) })));
  }
  function edgeList(title, edges, other) {
    if (!edges.length) return [];
    return [make("dt", { textContent: `${title} (${edges.length})` }), ...edges.slice(0, LISTED).map(edge => make("dd", { id: `edge-${graph.edges.indexOf(edge)}` },
      make("button", { className: "link", type: "button", textContent: printable(edge[other]), onclick: () => choose(edge[other], true) }),
      make("code", { className: "source", textContent: `declared at ${place(edge.source)}` }),
      ...edge.finders.map(finder => make("code", { className: "source", textContent: `found by ${printable(finder.method)} at ${place(finder.source)}` })),
      ...(edge.rules.length ? ruleList(edge.rules) : ["no operation"]))), ...(edges.length > LISTED ? [make("dd", { textContent: `and ${edges.length - LISTED} more` })] : [])];
  }
  function details() {
    const panel = at("details"), resource = byName.get(state.chosen);
    if (!resource) return panel.replaceChildren(make("h2", { id: "details-heading", textContent: "Details" }), make("p", { textContent: "Choose a resource." }));
    panel.replaceChildren(
      make("h2", { id: "details-heading", textContent: printable(resource.name) }),
      make("code", { className: "source", textContent: place(resource.source) }),
      make("button", { type: "button", textContent: "Start here", onclick: () => { at("root").value = resource.name; set({ root: resource.name }); } }),
      make("dl", {},
        ...(resource.rules.length ? [make("dt", { textContent: "As the root" }), make("dd", {}, ...ruleList(resource.rules))] : []),
        ...edgeList("Taken by", up.get(resource.name), "parent"),
        ...edgeList("Takes", down.get(resource.name), "child"),
        ...(resource.effects.length ? [make("dt", { textContent: "Effects, in their order" }), ...resource.effects.map(effect => make("dd", {}, printable(effect.name), effect.supersedes.length ? ` in place of ${printable(effect.supersedes.join(", "))}` : "", make("code", { className: "source", textContent: place(effect.source) })))] : []),
        ...(resource.phases.length ? [make("dt", { textContent: "Around the run" }), ...resource.phases.map(phase => make("dd", {}, `${phase.phase} of ${operationName(phase.operation)}: ${printable(phase.method)}`, make("code", { className: "source", textContent: place(phase.source) })))] : [])));
  }

  // Follows an edge to where it is declared.
  function follow(edge) {
    choose(edge.child, true);
    const entry = at(`edge-${graph.edges.indexOf(edge)}`);
    entry?.classList.add("told");
    entry?.scrollIntoView({ block: "nearest" });
  }

  function list() {
    const wanted = at("search").value.trim().toLowerCase();
    const texts = resource => [resource.name, resource.source.file, ...resource.effects.map(effect => effect.name)];
    const found = graph.resources.filter(resource => !wanted || texts(resource).some(text => text.toLowerCase().includes(wanted)));
    at("list").replaceChildren(...found.map(resource => {
      const button = make("button", { type: "button", textContent: printable(resource.name), onclick: () => choose(resource.name) });
      if (resource.name === state.chosen) button.setAttribute("aria-current", "true");
      return make("li", {}, button);
    }));
    return found;
  }

  function show() {
    const seen = view(), { root, operation } = state;
    const count = root ? seen.names.size - 1 : 0;
    const counts = new Map();
    if (root && operation) for (const { rules: [rule] } of seen.edges) counts.set(words(rule), (counts.get(words(rule)) ?? 0) + 1);
    at("status").textContent = !root ? (operation ? `${operationName(operation)} goes along ${seen.edges.length} edges.` : "")
      : operation && !mayStart(operation, root) ? `${operationName(operation)} does not start from ${printable(root)}.`
      : `${operation ? operationName(operation) + " from " : ""}${printable(root)} reaches ${count} ${count === 1 ? "resource" : "resources"}${counts.size ? ": " + [...counts].sort((a, b) => b[1] - a[1]).slice(0, 8).map(([name, many]) => `${printable(name)} along ${many}`).join(", ") : ""}.`;
    draw(seen);
    tree();
    details();
    for (const button of at("list").querySelectorAll("button")) button.toggleAttribute("aria-current", false);
    const current = [...at("list").querySelectorAll("button")].find(button => button.textContent === printable(state.chosen));
    current?.setAttribute("aria-current", "true");
    const hash = new URLSearchParams(Object.entries(state).filter(([, value]) => value)).toString();
    if (location.hash.slice(1) !== hash) history.replaceState(null, "", `#${hash}`);
  }
  function set(change) { Object.assign(state, change); show(); }
  function choose(name, focus = false) {
    set({ chosen: name });
    if (focus) at("details").focus({ preventScroll: true });
  }

  function read() {
    const hash = new URLSearchParams(location.hash.slice(1));
    const known = (key, has) => has(hash.get(key) ?? "") ? hash.get(key) ?? "" : "";
    state.root = known("root", name => byName.has(name));
    state.chosen = known("chosen", name => byName.has(name));
    state.operation = known("operation", code => graph.operations.some(one => one.code === code));
    at("root").value = state.root;
    at("operation").value = state.operation;
    show();
  }

  const counted = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  at("size").textContent = [counted(graph.resources.length, "resource"), counted(graph.edges.length, "edge"), counted(graph.operations.length, "operation")].join(", ");
  at("root").append(...graph.resources.map(resource => make("option", { value: resource.name, textContent: shortened(resource.name, 60) })));
  at("operation").append(...graph.operations.map(one => make("option", { value: one.code, textContent: printable(one.name) })));
  at("legend").append(...[["effect", "an effect"], ["leaf", "an effect, and no further (leaf)"], ["with", "with its parent"], ["shared", "with the last owner"], ["retain", "retained"], ["restrict", "refuses"]].map(([name, text]) => make("span", { className: name, textContent: `■ ${text}` })));
  at("search").addEventListener("input", () => { const found = list(); at("status").textContent = `${found.length} resources found.`; });
  at("choice").addEventListener("submit", event => { event.preventDefault(); const [first] = list(); if (first) choose(first.name, true); });
  at("root").addEventListener("change", event => set({ root: event.target.value }));
  at("operation").addEventListener("change", event => set({ operation: event.target.value }));
  at("theme").addEventListener("change", event => { document.documentElement.dataset.theme = event.target.value; });
  at("list").addEventListener("keydown", event => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...at("list").querySelectorAll("button")];
    buttons[buttons.indexOf(document.activeElement) + step]?.focus();
    event.preventDefault();
  });
  document.addEventListener("keydown", event => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing) { event.preventDefault(); at("search").focus(); }
    if (event.key === "Escape") { at("search").value = ""; list(); set({ chosen: "" }); }
    if (event.key === "ArrowDown" && event.target === at("search")) { event.preventDefault(); at("list").querySelector("button")?.focus(); }
  });
  addEventListener("hashchange", read);
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("#tree details")) one.open = true; });
  list();
  read();
})();
