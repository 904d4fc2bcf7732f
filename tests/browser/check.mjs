// Opens pages of reports in a headless Chromium and fails if one of them does what it may not: an error on the console, a request, something that
// sticks out at 360 or 1440 pixels, a filter that the keyboard does not reach, a table that printing cuts. Screenshots and PDFs stay in a folder.
//
//   AXE=…/axe.min.js node tests/browser/check.mjs FOLDER PAGE.html...
//
// Needs `chromium` (Debian's package) and Node. Speaks Chromium's own protocol over its pipe. With AXE, the script of axe-core, the rules of
// WCAG 2.2 A and AA are held as well, in light and dark.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const WIDTHS = [360, 1440];
const SHOT_PIXELS_MAX = 6_000;
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const axe = process.env.AXE ? readFileSync(process.env.AXE, "utf8") : undefined;
const [folder, ...pages] = process.argv.slice(2);
if (!folder || pages.length === 0) {
  console.error("usage: node check.mjs FOLDER PAGE.html...");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const profile = mkdtempSync(join(tmpdir(), "whodid-browser-"));
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
  "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "about:blank",
], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });

class Connection {
  #next = 1;
  #waiting = new Map();
  #rest = "";
  heard = [];
  constructor(into, from) {
    this.into = into;
    from.setEncoding("utf8");
    from.on("data", (text) => {
      const messages = (this.#rest + text).split("\0");
      this.#rest = messages.pop();
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }
  #take(message) {
    if (!message.id) return this.heard.push(message);
    const { found, failed } = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    message.error ? failed(new Error(JSON.stringify(message.error))) : found(message.result);
  }
  send(method, params = {}, sessionId) {
    const id = this.#next++;
    return new Promise((found, failed) => {
      this.#waiting.set(id, { found, failed });
      this.into.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }
}

const faults = [];
const check = (held, what) => { if (!held) faults.push(what); };

// The filter, by keys alone: from the top of the page until it has the focus.
async function filterByKeys(name, send, value) {
  const key = async (what, text) => {
    await send("Input.dispatchKeyEvent", { type: "keyDown", key: what, code: what, text });
    await send("Input.dispatchKeyEvent", { type: "keyUp", key: what, code: what });
  };
  let reached = false;
  for (let pressed = 0; pressed < 60 && !reached; pressed++) {
    await key("Tab");
    reached = await value("document.activeElement.id === 'filter'");
  }
  check(reached, `${name}: Tab does not reach the filter`);
  const rows = "[...document.querySelectorAll('table.data tbody tr')].filter((row) => !row.hidden).length";
  const all = await value(rows);
  for (const letter of "no such row") await key(letter, letter);
  check((await value(rows)) === 0, `${name}: the filter leaves rows that do not match`);
  await key("Escape");
  check((await value(rows)) === all, `${name}: Escape does not clear the filter`);
}

// What axe-core says against the page as it stands.
async function accessible(name, value) {
  await value(`${axe}; 0`);
  const found = await value(`axe.run({ runOnly: ${JSON.stringify(RULES)} }).then((result) => ({
    passes: result.passes.length,
    violations: result.violations.map((rule) => rule.id + ": " + rule.help + " (" + rule.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(", ") + ")"),
  }))`);
  check(found?.passes > 0, `${name}: axe-core did not run`);
  for (const violation of found?.violations ?? []) faults.push(`${name}: ${violation}`);
}

async function look(connection, page) {
  const name = basename(page, ".html");
  const { targetId } = await connection.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await connection.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method, params) => connection.send(method, params, sessionId);
  const value = async (expression) => (await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true })).result.value;
  const url = pathToFileURL(resolve(page)).href;
  connection.heard.length = 0;
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  for (const width of WIDTHS) {
    await send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
    for (const scheme of ["light", "dark"]) {
      await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
      await send("Page.navigate", { url });
      while ((await value("document.readyState")) !== "complete") { /* ask again */ }
      const over = await value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      check(over <= 0, `${name}: ${over} pixels stick out at ${width}`);
      if (axe && width === WIDTHS.at(-1)) await accessible(`${name}, ${scheme}`, value);
      const height = Math.min(await value("document.documentElement.scrollHeight"), SHOT_PIXELS_MAX);
      const clip = { x: 0, y: 0, width, height, scale: 1 };
      const { data } = await send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip });
      writeFileSync(join(folder, `${name}-${width}-${scheme}.png`), Buffer.from(data, "base64"));
    }
  }
  if (await value("document.getElementById('filter') !== null")) await filterByKeys(name, send, value);
  // A4 on its side, less its margins of 12 mm, at 96 pixels an inch.
  await send("Emulation.setEmulatedMedia", { media: "print" });
  await send("Emulation.setDeviceMetricsOverride", { width: 1032, height: 700, deviceScaleFactor: 1, mobile: false });
  const cut = await value("[...document.querySelectorAll('table')].filter((table) => table.getBoundingClientRect().right > 1033).map((table) => table.id).join(' ')");
  check(cut === "", `${name}: printing cuts ${cut}`);
  const { data } = await send("Page.printToPDF", { preferCSSPageSize: true, printBackground: true });
  writeFileSync(join(folder, `${name}.pdf`), Buffer.from(data, "base64"));
  for (const { method, params } of connection.heard) {
    if (method === "Runtime.exceptionThrown") faults.push(`${name}: ${params.exceptionDetails.text}`);
    if (method === "Runtime.consoleAPICalled" || method === "Log.entryAdded") faults.push(`${name}: console: ${JSON.stringify(params.entry?.text ?? params.args)}`);
    if (method === "Network.requestWillBeSent" && params.request.url !== url && !params.request.url.startsWith("data:")) faults.push(`${name}: asks for ${params.request.url}`);
  }
  await connection.send("Target.closeTarget", { targetId });
}

try {
  const connection = new Connection(browser.stdio[3], browser.stdio[4]);
  for (const page of pages) await look(connection, page);
  await connection.send("Browser.close");
} finally {
  browser.kill();
  await new Promise((ended) => (browser.exitCode === null && browser.signalCode === null ? browser.on("exit", ended) : ended()));
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
for (const fault of faults) console.error(fault);
console.log(`${pages.length} pages, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
