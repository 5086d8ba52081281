// Drives the pages in a real browser: node pages.mjs <folder of pages> <folder of rustdoc> <folder for pictures>.
import { pathToFileURL } from "node:url";
import path from "node:path";
import { browser, end, told } from "./driver.mjs";

const [pages, docs, pictures] = process.argv.slice(2).map(folder => path.resolve(folder));

async function check(name, what, file, { elements = 9000, ...options } = {}) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ...options });
  // A deadline for what never comes, not a limit on time.
  page.setDefaultTimeout(60000);
  const errors = [], details = [];
  page.on("console", message => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", error => errors.push(error));
  page.on("request", request => !request.url().startsWith("file:") && errors.push(`asked ${request.url()}`));
  const same = (label, seen, wanted) => {
    const isGood = wanted instanceof RegExp ? wanted.test(seen) : seen === wanted;
    if (!isGood) errors.push(`${label}: ${JSON.stringify(seen)} is not ${wanted}`);
  };
  try {
    await page.goto(pathToFileURL(path.resolve(pages, file)).href);
    const shown = await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd);
    const made = await page.evaluate(() => document.querySelectorAll("*").length);
    details.push(`${made} elements, shown after ${Math.round(shown)} ms`);
    // The number of elements decides how long a page takes to open. Unlike a time, it does not depend on the machine.
    if (made > elements) errors.push(`it has ${made} elements, at most ${elements} are allowed`);
    await what(page, same);
    await page.screenshot({ path: path.join(pictures, `${name}.png`) });
  } catch (error) {
    errors.push(error);
  }
  await page.close();
  told(name, details, errors);
}

const text = (page, selector) => page.textContent(selector);
const focused = page => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.id);
const start = async (page, root, operation) => {
  await page.selectOption("#root", root);
  await page.selectOption("#operation", operation);
};
const dark = { colorScheme: "dark" };

await check("cloud", async (page, same) => {
  same("boxes", await page.locator("#picture .box").count(), 29);
  same("no box over another", await page.locator("#picture .box rect").evaluateAll(all => all.map(one => one.getBoundingClientRect()).every((a, at, boxes) => boxes.slice(0, at).every(b => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top))), true);
  same("lines", await page.locator("#picture .edge").count(), 48);
  // Whatever the zoom is at first, it can be read.
  const height = await page.locator("#picture .box text").first().evaluate(node => node.getBoundingClientRect().height);
  same("letters of nine pixels or more", height >= 9, true);
}, "cloud.html");

const zone = async (page, same) => {
  await start(page, "Zone", "delete");
  same("status", await text(page, "#status"), "Delete from Zone reaches 21 resources of 29.");
  same("effects by word", await text(page, "#legend"), /remove 16.*destroy 4/);
  same("what it is", await text(page, "#about"), /^Remove a resource/);
  const host = page.locator("#list button", { has: page.locator(".name", { hasText: /^VmInstance$/ }) });
  same("effect in the list", await host.locator(".tag").textContent(), "destroy +1");
  await page.locator("#tree summary", { hasText: "Cluster" }).first().click();
  same("unfolded", await page.locator("#tree details[open]").count(), 2);
  same("link", page.url().split("#")[1], "root=Zone&operation=delete");
};
await check("cloud-delete-zone", zone, "cloud.html");
await check("cloud-delete-zone-dark", zone, "cloud.html", dark);

const vm = async (page, same) => {
  await start(page, "Zone", "delete");
  await page.locator("#picture .box", { hasText: /^VmInstanceVmInstance$/ }).click();
  same("details", await text(page, "#details-heading"), "VmInstance");
  same("what it is", await text(page, "#details p"), "A user's virtual machine.");
  same("the way", await text(page, "#details h3 + p"), "Zone → PrimaryStorage → VmInstance");
  const source = page.locator("#details a.source").first();
  same("its place", await source.textContent(), /^examples\/iaas\/model\/src\/compute\.rs:\d+$/);
  same("a link to it", await source.getAttribute("href"), /^\.\.\/\.\.\/examples\/iaas\/model\/src\/compute\.rs#L\d+$/);
};
await check("cloud-vm", vm, "cloud.html");
await check("cloud-vm-dark", vm, "cloud.html", dark);

await check("cloud-by-keyboard", async (page, same) => {
  await page.keyboard.press("/");
  await page.keyboard.type("ipra");
  same("found", await page.locator("#list button").allTextContents().then(String), "IpRange");
  same("how many", await text(page, "#found"), "1 of 29");
  await page.keyboard.press("Enter");
  same("details", await text(page, "#details-heading"), "IpRange");
  same("focus", await page.evaluate(() => document.activeElement.id), "details");
  await page.locator("#details button", { hasText: "Start here" }).focus();
  await page.keyboard.press("Enter");
  same("started", await page.inputValue("#root"), "IpRange");
  await page.keyboard.press("Escape");
  same("let go", await page.isVisible("#details"), false);
  // The list is one stop of Tab; within it, arrows move.
  await page.keyboard.press("/");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  same("second of the list, whose first are what is reached", await focused(page), "Eip");
  await page.keyboard.press("End");
  same("last of the list", await focused(page), "Zone");
  await page.keyboard.press("Tab");
  same("out of the list", await page.evaluate(() => document.activeElement.closest("nav") === null), true);
}, "cloud.html");

await check("cloud-zoomed", async (page, same) => {
  const width = () => page.locator("#picture svg").evaluate(image => image.clientWidth);
  const before = await width();
  await page.click("#larger");
  await page.click("#larger");
  same("larger", await width() > before * 1.4, true);
  await page.mouse.move(700, 500);
  await page.mouse.down();
  await page.mouse.move(500, 400, { steps: 5 });
  await page.mouse.up();
  same("moved", await page.locator("#picture").evaluate(picture => picture.scrollLeft > 0), true);
  await page.click("#fit");
  same("as before", await width(), before);
}, "cloud.html");

await check("cloud-follow-edge", async (page, same) => {
  await page.selectOption("#theme", "light");
  await start(page, "PrimaryStorage", "delete");
  await page.locator("#picture .edge").first().dispatchEvent("click");
  same("the edge's declaration", await page.locator("#details .highlighted .source").first().textContent(), /\.rs:\d+$/);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  same("light where dark is usual", await ground(), "rgb(255, 255, 255)");
  await page.selectOption("#theme", "dark");
  same("dark", await ground(), "rgb(20, 24, 29)");
}, "cloud.html", dark);

// What a screen reader is told: every control has a name, and the page has its parts.
await check("cloud-by-ear", async (page, same) => {
  await start(page, "Zone", "delete");
  await page.locator("#list button").first().click();
  const nameless = await page.locator("button, input, select, a").evaluateAll(nodes => nodes.filter(node => !(node.getAttribute("aria-label") || node.textContent.trim() || node.labels?.length)).length);
  same("controls without a name", nameless, 0);
  for (const [role, name] of [["navigation", "Resources"], ["region", "ApplianceVm"], ["group", "Zoom"], ["list", "Decisions, and the number of edges with each"]]) {
    same(`${role} ${name}`, await page.getByRole(role, { name }).count() > 0, true);
  }
  same("headings skip no level", await page.locator("h1, h2, h3, h4").evaluateAll(all => all.every((node, at) => !at || +node.tagName[1] - +all[at - 1].tagName[1] <= 1)), true);
}, "cloud.html");

await check("cloud-on-paper", async (page, same) => {
  await start(page, "Zone", "delete");
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  same("controls", await page.isVisible("#choice"), false);
  same("tree", await page.isVisible("#tree"), true);
  same("all unfolded", await page.locator("#tree details:not([open])").count(), 0);
  same("light paper", await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--ground")), "#fff");
}, "cloud.html", dark);

await check("cloud-narrow", async (page, same) => {
  await start(page, "Zone", "delete");
  same("no sideways scrolling", await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
}, "cloud.html", { viewport: { width: 420, height: 800 } });

await check("gitlab", async (page, same) => {
  same("size", await text(page, "#size"), "1,087 resources, 1,777 edges, 1 operation");
  same("list", await page.locator("#list button").count(), 1087);
  same("where to begin", await page.locator("#picture tbody th").first().textContent(), "organizations");
}, "gitlab.html");

const projects = async (page, same) => {
  await start(page, "projects", "delete");
  same("status", await text(page, "#status"), "Delete from projects reaches 455 resources of 1,087.");
  same("groups", await page.locator("#picture h3").allTextContents().then(all => all.length), 3);
  same("reached ones first in the list", await page.locator("#list button").first().textContent(), /^activity_pub_releases_subscriptions delete/);
  same("refused", await page.locator("#picture h3", { hasText: "restrict" }).textContent(), /restrict \d+ resource/);
  same("tree", await page.locator("#tree li").count() > 100, true);
};
await check("gitlab-delete-projects", projects, "gitlab.html");
await check("gitlab-delete-projects-dark", projects, "gitlab.html", dark);

await check("gitlab-one-table", async (page, same) => {
  await page.fill("#search", "vulnerability_occ");
  await page.locator("#list button", { hasText: /^vulnerability_occurrences$/ }).click();
  await page.locator("#details button", { hasText: "Start here" }).click();
  same("drawn", await page.locator("#picture .box").count() > 20, true);
}, "gitlab.html");

// Six times what it is made for: slower, but it can be worked with.
await check("six-thousand", async (page, same) => {
  same("size", await text(page, "#size"), "6,000 resources, 11,997 edges, 1 operation");
  await start(page, "R00000", "delete");
  same("status", await text(page, "#status"), "Delete from R00000 reaches 5,999 resources of 6,000.");
  await page.fill("#search", "R05999");
  same("found", await page.locator("#list button .name").allTextContents().then(String), "R05999");
}, "many.html", { elements: 30000 });

await check("awkward", async (page, same) => {
  same("resources", await page.locator("#list button").count(), 3);
  await page.locator("#list button").nth(1).click();
  same("no markup from names and texts", await page.locator("#details :is(b, script, pre), #list b, #picture b").count(), 0);
  same("its text", await text(page, "#details p"), "It's <script>a</script> | a \"Vec<u8>\", `, Host, é→日本 --> ${x} \\N\n# x");
  same("code", await page.locator("#details p code").first().textContent(), "Vec<u8>");
  same("a link", await page.locator("#details #edge-0 a.source, #details a.source").last().getAttribute("href"), /^https:\/\/example\.org\/%?/);
}, "awkward.html");

await check("plan", async (page, same) => {
  same("veto", await text(page, ".refused h2"), "1 veto: only a forced run can start");
  await page.locator("summary", { hasText: "Vm (6)" }).focus();
  await page.keyboard.press("Enter");
  same("why", await page.locator("text=Zone zone <1> → Vm vm-2: remove").isVisible(), true);
  same("no script", await page.locator("script").count(), 0);
}, "plan.html");

await check("plan-dark", async (page, same) => {
  same("dark", await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(20, 24, 29)");
}, "plan.html", dark);

await check("empty", async (page, same) => {
  same("size", await text(page, "#size"), "0 resources, 0 edges, 0 operations");
  same("said so", await text(page, "#picture"), "There is nothing to draw.");
}, "empty.html");

await check("rustdoc", async (page, same) => {
  same("the picture on the page of the crate", await page.locator(".docblock svg rect").count(), 29);
}, path.join(docs, "iaas/index.html"));

await end();
