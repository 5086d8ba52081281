// Gives the written graphs to the parsers of their own formats: node formats.mjs <folder>...
// Mermaid parses and draws in the browser, Graphviz is asked by its command, SVG is read by the browser's XML parser.
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const require = createRequire(path.join(process.cwd(), "package.json"));
const { chromium } = require("playwright-core");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage();
await page.addScriptTag({ path: path.join(process.cwd(), "node_modules/mermaid/dist/mermaid.min.js") });
await page.evaluate(() => mermaid.initialize({ startOnLoad: false }));

const checks = {
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

let failed = 0;
for (const folder of process.argv.slice(2)) {
  for (const file of fs.readdirSync(folder).filter(file => checks[path.extname(file)]).sort()) {
    const text = fs.readFileSync(path.join(folder, file), "utf8");
    try {
      console.log(`ok     ${file} (${await checks[path.extname(file)](text)} resources)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${file}\n       ${error}`);
    }
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
