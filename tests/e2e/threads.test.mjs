/** All cores where the page may share memory between threads, one elsewhere. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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

/**
 * A place that serves the page with another script in the place of one of the engine's.
 * @param {import("node:test").TestContext} context
 * @param {string} name @param {(script: string) => string} change
 */
async function startWith(context, name, change) {
  const folder = await mkdtemp(join(tmpdir(), "mmrec-threads-"));
  await cp(DIST, folder, { recursive: true });
  const file = join(folder, "web/engine", name);
  await writeFile(file, change(await readFile(file, "utf8")));
  const place = await start([], { folder });
  context.after(async () => {
    await place.close();
    await rm(folder, { recursive: true });
  });
  return place;
}

test("where a thread has no script, one thread trains", async () => {
  const place = await start();
  const { page, done } = await visit(place, {
    expected: /thread\.js|Failed to load resource/,
    before: (page) => page.context().route("**/engine/thread.js", (route) => route.fulfill({ status: 404 })),
    serviceWorkers: "block",
  });
  await trainedOn(page, /CPU .*1 thread\)/);
  await done();
  await place.close();
});

test("where the threads never start, one thread trains", async (context) => {
  const { page, done } = await visit(await startWith(context, "thread.js", () => ""));
  await trainedOn(page, /CPU .*1 thread\)/);
  await done();
});

// Firefox does not return from every `new Worker` there.
test("the engine's worker makes no worker", async (context) => {
  const { page, done } = await visit(await startWith(context, "worker.js", (script) => `self.Worker = undefined;${script}`));
  await trainedOn(page, await allThreads(page));
  await done();
});

test("where a thread ends while all are put to work, one thread trains", async (context) => {
  const ends = `self.onmessage = () => {
    postMessage({ type: "ready" });
    postMessage({ type: "failed", failure: { message: "a thread ended on purpose", fatal: true } });
  };`;
  const { page, done } = await visit(await startWith(context, "thread.js", () => ends));
  await trainedOn(page, /CPU .*1 thread\)/);
  await done();
});
