/** What a first visit downloads until its first loss, and when it asks for it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { noteDownloads, press, start, visit } from "./helpers.mjs";

/** Bytes until the first loss, as a static host would send them: a little more than there are, so that growing is noticed. */
const LIMIT = 790_000;

/** Names of the scripts that the page asks for before it starts its worker. @param {import("playwright-core").Page} page */
async function asked(page) {
  const entries = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name, startTime }) => ({ name: name.slice(document.baseURI.length), startTime })));
  const worker = entries.find(({ name }) => name === "web/engine/worker.js");
  assert.ok(worker);
  const names = entries.filter(({ name, startTime }) => name.endsWith(".js") && startTime < worker.startTime).map(({ name }) => name);
  return [...new Set(names)].sort();
}

/** Those that it names, so that they are asked for at once. @param {import("playwright-core").Page} page */
const named = (page) =>
  page.evaluate(() => [...document.querySelectorAll("script[src], link[rel=modulepreload]")].map((one) => one.getAttribute("src") ?? one.getAttribute("href")).sort());

/** The page without these names: each module is asked for when one that imports it has been read. @param {import("playwright-core").Page} page */
const unnamed = (page) =>
  page.route("**/", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replaceAll(/<link rel="modulepreload"[^>]*>/g, "") });
  });

test("all modules that a visit begins with are named in the page, and no others", async () => {
  const place = await start();
  for (const [locale, language] of [["en-US", "en"], ["tr-TR", "tr"]]) {
    const chained = await visit(place, { locale, before: unnamed });
    const needed = await asked(chained.page);
    assert.ok(needed.length > 40 && needed.includes("web/vendor/uPlot.esm.js") && needed.includes(`web/i18n/${language}/page.js`));
    await chained.done();
    const { page, done } = await visit(place, { locale });
    assert.deepEqual(await named(page), needed);
    assert.deepEqual(await asked(page), needed);
    await done();
  }
  await place.close();
});

test("the engine's code is asked for once, before the worker that needs it", async () => {
  const place = await start();
  /** @type {string[]} */
  const requests = [];
  const { page, done } = await visit(place, { before: async (page) => void page.on("request", (request) => requests.push(request.url())) });
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  assert.equal(requests.filter((url) => url.endsWith(".wasm")).length, 1);
  assert.ok(requests.findIndex((url) => url.endsWith(".wasm")) < requests.findIndex((url) => url.endsWith("/web/engine/worker.js")));
  await done();
  await place.close();
});

test("where the code cannot be had ahead, the worker fetches it", async () => {
  const place = await start();
  let failed = 0;
  const fail = async (/** @type {import("playwright-core").Page} */ page) => {
    const code = "**/wasm/*/mmrec_wasm_bg.wasm";
    await page.route(code, (route) => (failed++ === 0 ? route.abort() : route.continue()));
  };
  const { page, done } = await visit(place, { before: fail, expected: /mmrec_wasm_bg\.wasm/ });
  assert.ok(failed > 1);
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  await done();
  await place.close();
});

test("where the browser never ends compiling what was had ahead, the worker fetches it", async () => {
  const place = await start();
  // In the page, not in its workers.
  const hang = (/** @type {import("playwright-core").Page} */ page) => page.addInitScript(() => {
    WebAssembly.compileStreaming = async (source) => {
      await (await source).arrayBuffer();
      return new Promise(() => {});
    };
  });
  const { done } = await visit(place, { before: hang });
  await done();
  await place.close();
});

test("the download until the first loss is small", async (t) => {
  const place = await start();
  /** @type {ReturnType<typeof noteDownloads>} */
  let downloads = async () => ({});
  // With the first step the page begins to be kept for visits without a connection, which races with the test (live: never before).
  const { page, done } = await visit(place, { serviceWorkers: "block", before: async (page) => void (downloads = noteDownloads(page)) });
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  // Compressing takes a while, and what trains would be in its way.
  await done();
  const files = await downloads();
  const sum = Object.values(files).reduce((sum, size) => sum + size, 0);
  assert.ok(Object.keys(files).some((name) => name.endsWith(".wasm")));
  t.diagnostic(`a first visit, brotli: ${sum} bytes`);
  assert.ok(sum <= LIMIT, `${sum} bytes: ${JSON.stringify(files)}`);
  await place.close();
});
