/** All cores where the page may share memory between threads, one elsewhere. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { assertWhole, curve, DIST, SMALL, start, visit, trainSmall } from "./helpers.mjs";

/** @param {import("playwright-core").Page} page */
async function train(page) {
  await trainSmall(page);
  const points = await curve(page);
  assertWhole(points, SMALL.steps);
  return points;
}

/** @param {import("playwright-core").Page} page @param {RegExp} pattern */
async function trainedOn(page, pattern) {
  await page.locator("#device-state").filter({ hasText: pattern }).waitFor();
  return train(page);
}

/** @param {import("playwright-core").Page} page */
async function allThreads(page) {
  const threads = await page.evaluate(() => navigator.hardwareConcurrency);
  return threads > 1 ? new RegExp(`CPU .*${threads} threads`) : /1 thread\)/;
}

test("an isolated page trains on all threads; other pages on one, with the same losses", async () => {
  const isolated = await start();
  const { page, done } = await visit(isolated);
  const many = await trainedOn(page, await allThreads(page));
  await done();
  await isolated.close();

  const plain = await start([], { isolated: false });
  const other = await visit(plain, { serviceWorkers: "block" });
  const one = await trainedOn(other.page, /CPU .*1 thread\)/);
  await other.done();
  await plain.close();
  one.forEach(({ train }, index) => assert.ok(Math.abs(Number(train) - Number(many[index].train)) < 2e-3, "only rounding differs"));
});

test("on a host that sends no headers a service worker isolates the page", async () => {
  const place = await start([], { isolated: false });
  const { page, done } = await visit(place);
  await trainedOn(page, await allThreads(page));
  assert.equal(await page.evaluate(() => self.crossOriginIsolated), true);
  await done();
  await place.close();
});

test("where the threads cannot be started, one thread trains", async () => {
  const place = await start();
  const { page, done } = await visit(place, {
    expected: /threads\/mmrec_wasm|Failed to load resource/,
    before: (page) => page.context().route("**/wasm/threads/**", (route) => route.fulfill({ status: 404 })),
  });
  await trainedOn(page, /CPU .*1 thread\)/);
  await done();
  await place.close();
});

test("where the threads never start, one thread trains", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "mmrec-threads-"));
  context.after(() => rm(folder, { recursive: true }));
  await cp(DIST, folder, { recursive: true });
  const snippets = join(folder, "web/wasm/threads/snippets");
  const helper = join(snippets, (await readdir(snippets, { recursive: true })).find((name) => name.includes("workerHelpers")) ?? "");
  // The engine's worker, which starts them, is the one that has a name of ours.
  await writeFile(helper, `if (!self.name.startsWith("mmrec")) await new Promise(() => {});\n${await readFile(helper, "utf8")}`);
  const place = await start([], { folder });
  const { page, done } = await visit(place);
  await trainedOn(page, /CPU .*1 thread\)/);
  await done();
  await place.close();
});
