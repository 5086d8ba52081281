// Gives the written graphs to the parsers of their own formats: node formats.mjs <folder>...
// Mermaid parses and draws in the browser, Graphviz is asked by its command, SVG is read by the browser's XML parser.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { browser, end, told } from "./driver.mjs";

const page = await browser.newPage();
await page.addScriptTag({ path: path.join(process.cwd(), "node_modules/mermaid/dist/mermaid.min.js") });
await page.evaluate(() => mermaid.initialize({ startOnLoad: false }));

// Each answers how many resources its parser saw.
const parsers = {
  ".mmd": text => page.evaluate(async source => {
    const { svg } = await mermaid.render("drawn", source);
    return new DOMParser().parseFromString(svg, "text/html").querySelectorAll(".node").length;
  }, text),
  ".dot": text => execFileSync("dot", ["-Tsvg"], { input: text, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] }).split("class=\"node\"").length - 1,
  ".svg": text => page.evaluate(source => {
    const read = new DOMParser().parseFromString(source, "image/svg+xml");
    const error = read.querySelector("parsererror");
    if (error) throw new Error(error.textContent);
    return read.querySelectorAll("rect").length;
  }, text),
};
// Names and labels end up as they are, also the awkward ones.
const texts = { ".mmd": text => [...text.matchAll(/^ {4}\w+\["/gm)].length, ".dot": text => [...text.matchAll(/^ {4}\w+ \[label=/gm)].length, ".svg": text => [...text.matchAll(/<rect /g)].length };

for (const folder of process.argv.slice(2)) {
  for (const file of fs.readdirSync(folder).filter(file => parsers[path.extname(file)]).sort()) {
    const text = fs.readFileSync(path.join(folder, file), "utf8"), ending = path.extname(file);
    const [errors, details] = [[], []];
    try {
      const [seen, written] = [await parsers[ending](text), texts[ending](text)];
      details.push(`${seen} resources`);
      if (seen !== written) errors.push(`the parser saw ${seen} resources, ${written} were written`);
    } catch (error) {
      errors.push(error);
    }
    told(file, details, errors);
  }
}
await end();
