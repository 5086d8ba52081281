// Chromium, and the count of what held. Playwright is looked for where this script is run.
import { createRequire } from "node:module";
import path from "node:path";

const { chromium } = createRequire(path.join(process.cwd(), "package.json"))("playwright-core");
// The pages are our own: root may open them, a small /dev/shm must not stop it, and it is to ask nobody for anything.
const flags = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const browser = await chromium.launch({ executablePath, args: flags });

const counts = { passed: 0, failed: 0 };
export function told(name, details, errors) {
  counts[errors.length ? "failed" : "passed"] += 1;
  console.log(`${errors.length ? "FAILED" : "ok    "} ${name}${details.length ? ` (${details.join(", ")})` : ""}`);
  errors.forEach(error => console.log(`       ${String(error).replaceAll("\n", "\n       ")}`));
}
export async function end() {
  await browser.close();
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  process.exit(counts.failed || !counts.passed ? 1 : 0);
}
