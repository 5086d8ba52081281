// Drives the pages in a real browser: node pages.mjs <folder of pages> <folder for pictures>.
// Playwright is looked for where this script is run.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const { chromium } = createRequire(path.join(process.cwd(), "package.json"))("playwright-core");
const [pages, pictures] = process.argv.slice(2).map(folder => path.resolve(folder));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let failed = 0;

async function check(name, what, file, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ...options });
  page.setDefaultTimeout(5000);
  const errors = [];
  page.on("console", message => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", error => errors.push(String(error)));
  page.on("request", request => !request.url().startsWith("file:") && errors.push(`asked ${request.url()}`));
  const said = [];
  const same = (label, seen, wanted) => {
    const good = wanted instanceof RegExp ? wanted.test(seen) : seen === wanted;
    if (!good) errors.push(`${label}: ${JSON.stringify(seen)} is not ${wanted}`);
  };
  try {
    // The best of three: the machine may be busy with something else.
    let shown = Infinity;
    for (let turn = 0; turn < 3; turn++) {
      await page.goto(pathToFileURL(path.join(pages, file)).href);
      shown = Math.min(shown, await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd));
    }
    said.push(`shown after ${Math.round(shown)} ms`);
    if (shown > 1000) errors.push(`it took ${Math.round(shown)} ms to open`);
    await what(page, same);
    await page.screenshot({ path: path.join(pictures, `${name}.png`) });
  } catch (error) {
    errors.push(String(error));
  }
  await page.close();
  failed += errors.length ? 1 : 0;
  console.log(`${errors.length ? "FAILED" : "ok    "} ${name} (${said.join(", ")})`);
  errors.forEach(error => console.log(`       ${error}`));
}

const status = page => page.textContent("#status");

await check("cloud", async (page, same) => {
  same("boxes", await page.locator("#picture .box").count() > 25, true);
}, "cloud.html");

await check("cloud-delete-zone", async (page, same) => {
  await page.selectOption("#root", "Zone");
  await page.selectOption("#operation", "delete");
  same("status", await status(page), /^Delete from Zone reaches \d+ resources: /);
  await page.locator("#tree summary", { hasText: "Cluster" }).first().click();
  same("unfolded", await page.locator("#tree details[open]").count() > 1, true);
  same("link", page.url().split("#")[1], "root=Zone&operation=delete");
}, "cloud.html");

await check("cloud-by-keyboard", async (page, same) => {
  await page.keyboard.press("/");
  await page.keyboard.type("ipra");
  same("found", await page.locator("#list button").allTextContents().then(String), "IpRange");
  await page.keyboard.press("Enter");
  same("details", await page.textContent("#details-heading"), "IpRange");
  same("focus", await page.evaluate(() => document.activeElement.id), "details");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  same("started", await page.inputValue("#root"), "IpRange");
  await page.keyboard.press("Escape");
  same("let go", await page.textContent("#details-heading"), "Details");
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  same("second of the list", await page.evaluate(() => document.activeElement.textContent), "Account");
}, "cloud.html");

await check("cloud-dark", async (page, same) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  same("dark", await ground(), "rgb(20, 24, 29)");
  await page.selectOption("#theme", "light");
  same("light", await ground(), "rgb(255, 255, 255)");
  await page.selectOption("#theme", "dark");
  await page.selectOption("#root", "PrimaryStorage");
  await page.selectOption("#operation", "delete");
  await page.locator("#picture .line").first().dispatchEvent("click");
  same("the edge's declaration", await page.locator("#details .told .source").first().textContent(), /declared at .*\.rs:\d+/);
}, "cloud.html", { colorScheme: "dark" });

await check("cloud-on-paper", async (page, same) => {
  await page.selectOption("#root", "Zone");
  await page.emulateMedia({ media: "print" });
  same("controls", await page.isVisible("#choice"), false);
  same("tree", await page.isVisible("#tree"), true);
}, "cloud.html");

await check("cloud-narrow", async (page, same) => {
  same("no sideways scrolling", await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
}, "cloud.html", { viewport: { width: 420, height: 800 } });

await check("gitlab", async (page, same) => {
  same("size", await page.textContent("#size"), /^1087 resources, 1777 edges/);
  same("list", await page.locator("#list button").count(), 1087);
}, "gitlab.html");

await check("gitlab-delete-projects", async (page, same) => {
  await page.fill("#search", "projects");
  await page.selectOption("#root", "projects");
  await page.selectOption("#operation", "delete");
  same("status", await status(page), /^Delete from projects reaches \d+ resources: /);
  same("tree", await page.locator("#tree li").count() > 100, true);
}, "gitlab.html");

await check("gitlab-one-table", async (page, same) => {
  await page.fill("#search", "vulnerability_occ");
  await page.locator("#list button", { hasText: /^vulnerability_occurrences$/ }).click();
  same("drawn", await page.locator("#picture .box").count() > 5, true);
}, "gitlab.html");

await check("awkward", async (page, same) => {
  same("resources", await page.locator("#list button").count(), 2);
  await page.locator("#list button").nth(1).click();
  same("no markup from names", await page.locator("#details b, #list b, #picture b").count(), 0);
}, "awkward.html");

await check("plan", async (page, same) => {
  same("veto", await page.textContent(".refused h2"), "1 veto: only a forced run would start");
  await page.locator("summary", { hasText: "Vm (6)" }).focus();
  await page.keyboard.press("Enter");
  same("why", await page.locator("text=Zone zone <1> → Vm vm-2: remove").isVisible(), true);
  same("no script", await page.locator("script").count(), 0);
}, "plan.html");

await check("plan-dark", async (page, same) => {
  same("dark", await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(20, 24, 29)");
}, "plan.html", { colorScheme: "dark" });

await check("empty", async (page, same) => {
  same("size", await page.textContent("#size"), "0 resources, 0 edges, 0 operations");
}, "empty.html");

await browser.close();
process.exit(failed ? 1 : 0);
