// Functions that make the elements of the page. They insert names and doc comments only as text, never as markup.

const byId = id => document.getElementById(id);
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

// A name on one line. Invisible characters are shown by their code.
const printable = text => text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069\ufeff]/gu, char => `\\u{${char.codePointAt(0).toString(16)}}`);
function shortened(text, length = 34) {
  const chars = [...printable(text)];
  return chars.length > length ? chars.slice(0, length - 1).join("") + "…" : chars.join("");
}
// A name that can break across lines between its words.
const breakable = text => listed(printable(text).split(/(?<=[_.:/-])/), make("wbr")).map(part => (part.tagName ? make("wbr") : part));
const counted = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const listed = (nodes, between = ", ") => nodes.flatMap((node, index) => (index ? [between, node] : [node]));

// A source location, as a link if the document has a template for links.
function place(source, before = "") {
  const text = `${before}${source.text === undefined ? `${source.file}:${source.line}` : printable(source.text)}`;
  const inUrl = path => path.split("/").map(encodeURIComponent).join("/");
  const url = source.elsewhere || source.text !== undefined ? "" : (graph.sources_at ?? "").replaceAll("{file}", inUrl(source.file)).replaceAll("{line}", source.line);
  if (!url || /^\s*javascript:/i.test(url)) return make("code", { className: "source", textContent: text });
  return make("a", { className: "source", href: url, textContent: text });
}

// The decision of a rule: its colour and its text.
const tag = (rule, text = words(rule)) => make("span", { className: `tag ${kind(rule)}`, textContent: printable(text) });

// A doc comment. Only code keeps its form; everything else is plain text.
function prose(docs) {
  if (!docs) return [];
  const inline = text => {
    const parts = [], spans = /(?<!`)(`+)(?!`)([^]*?[^`])\1(?!`)/g;
    const unlinked = text.replace(/\[(`[^`]+`)\](?:\([^)]*\)|\[[^\]]*\])?/g, "$1");
    let from = 0;
    for (const span of unlinked.matchAll(spans)) {
      parts.push(unlinked.slice(from, span.index), make("code", { textContent: span[2].trim() }));
      from = span.index + span[0].length;
    }
    return [...parts, unlinked.slice(from)];
  };
  const blocks = docs.split(/^```[^\n]*\n([^]*?)^```[^\n]*$/m);
  return blocks.flatMap((block, index) => {
    if (index % 2) return [make("pre", { textContent: block })];
    const paragraphs = block.split(/\n[ \t]*\n/).map(paragraph => paragraph.trim()).filter(Boolean);
    return paragraphs.map(paragraph => (/^#+ /.test(paragraph) ? make("p", {}, make("strong", {}, ...inline(paragraph.replace(/^#+ /, "")))) : make("p", {}, ...inline(paragraph))));
  });
}
