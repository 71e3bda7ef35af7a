/** The page in WebKit: it trains on the processor, writes, finds its run again, and exports a page that writes from the disk. */

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { DIST } from "./helpers.mjs";
import { serve } from "../../crates/xtask/scripts/server.mjs";
import { leftOut, openWebKit } from "./webkit.mjs";

/** Notes what goes wrong from now on. */
const WATCH = `(() => {
  window.faults = [];
  addEventListener("error", ({ message }) => window.faults.push(message));
  addEventListener("unhandledrejection", ({ reason }) => window.faults.push(String(reason)));
})()`;
const FAULTS = "JSON.stringify(window.faults)";

/** How high a menu is, and its entries one upon the other. @param {string} menu */
const heights = (menu) => `(() => {
  const menu = document.querySelector(${JSON.stringify(menu)});
  return [menu.offsetHeight, [...menu.children].reduce((sum, entry) => sum + entry.offsetHeight, 0)];
})()`;

/** @param {import("node:test").TestContext} context */
async function visit(context) {
  const server = await serve(DIST);
  context.after(() => server.close());
  const { page, close } = await openWebKit(server.origin);
  context.after(close);
  await page.evaluate(WATCH);
  await page.shows("#device-state", /CPU/);
  for (const [name, value] of Object.entries({ context: "32", batch: "2", steps: "6" })) await page.type(`#settings [name="${name}"]`, value);
  await page.press("#train");
  await page.shows("#phase", /All planned steps are done/);
  return page;
}

test("WebKit trains, writes, keeps the run, and opens menus of their own height", { skip: leftOut ?? false }, async (context) => {
  const page = await visit(context);
  assert.equal(await page.evaluate("navigator.language"), "C", "a language that Intl refuses");
  await page.shows("#figure-step", /^6 \/ 6$/);
  const loss = await page.evaluate(`document.querySelector("#figure-train").textContent`);
  assert.match(loss, /^\d\.\d{3}$/);
  await page.shows("#chart-summary", /Step 6 of 6: train loss \d/);
  for (const chart of ["loss", "lr", "speed"]) assert.ok(await page.evaluate(`document.querySelector("#${chart}-chart canvas").width > 200`), `the ${chart} chart is drawn`);

  await page.press("#write summary");
  await page.type('#write [name="tokens"]', "20");
  await page.until(`document.getElementById("written").textContent.length`, (length) => length > "Once upon a time".length);

  await page.press('[data-chart="loss"]');
  const [menu, entries] = await page.evaluate(heights("#chart-menu"));
  assert.ok(menu >= entries && menu < entries + 40, `the charts’ menu is ${menu} high for ${entries}`);
  await page.evaluate(`document.querySelector("#chart-menu").hidePopover()`);
  await page.press("#runs summary");
  await page.press(".run .more-button");
  const [rows, row] = await page.evaluate(heights(".run .menu"));
  assert.ok(rows >= row && rows < row + 40, `a run’s menu is ${rows} high for ${row}`);
  await page.shows("#runs-storage", /^1 run takes/);
  assert.equal(await page.evaluate(FAULTS), "[]");

  await page.reload();
  await page.evaluate(WATCH);
  await page.shows("#kept-text", /step 6 of 6/);
  await page.press("#continue");
  await page.shows("#figure-train", new RegExp(`^${loss}$`));
  assert.equal(await page.evaluate(FAULTS), "[]");
});

test("a page exported by WebKit writes there from the disk", { skip: leftOut ?? false }, async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "mmrec-exported-"));
  context.after(() => rm(folder, { recursive: true }));
  const page = await visit(context);
  // Where it goes when a person saves it is not for a page to know.
  await page.evaluate(`void (URL.createObjectURL = (blob) => ((window.exported = blob), "data:,"))`);
  await page.press("#share summary");
  await page.press("#share select + button");
  await page.shows("#share-body", /is saved/);
  const file = join(folder, "model.html");
  await writeFile(file, await page.evaluate("window.exported.text()"));
  assert.equal(await page.evaluate(FAULTS), "[]");

  await page.go(pathToFileURL(file).href);
  await page.shows("#state", /^Ready\.$/);
  await page.type("#length", "30");
  await page.until(`document.getElementById("written").textContent.length`, (length) => length > "Once upon a time".length);
  await page.shows("#state", /^Ready\.$/);
});
