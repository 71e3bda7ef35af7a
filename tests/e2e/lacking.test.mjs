/** Browsers that lack what others have, or forbid it: the page does without, and nothing goes wrong behind it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { button, fillSettings, phase, press, ready, SMALL, startWithFolder, undisturbed, unfold, visit, trainSmall } from "./helpers.mjs";

const place = startWithFolder();

/** Parts of the browser, by what has them. */
const PARTS = [
  ["Navigator", "storage"],
  ["Navigator", "locks"],
  ["Navigator", "wakeLock"],
  ["Navigator", "permissions"],
  ["Navigator", "clipboard"],
  ["Navigator", "serviceWorker"],
  ["Navigator", "gpu"],
  ["Navigator", "languages"],
  ["Navigator", "hardwareConcurrency"],
  ["Window", "Notification"],
  ["Window", "BroadcastChannel"],
  ["Window", "SharedArrayBuffer"],
];

/** @param {import("playwright-core").Page} page @param {string[][]} parts */
const without = (page, parts) =>
  page.addInitScript((parts) => {
    for (const [owner, name] of parts) {
      Reflect.deleteProperty(owner === "Window" ? window : Navigator.prototype, name);
    }
  }, parts);

/** What a visit does with them. @param {import("playwright-core").Page} page */
async function wholeVisit(page) {
  await fillSettings(page, { ...SMALL, sample_every: 5 });
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  await page.waitForFunction(() => (/** @type {HTMLCanvasElement | null} */ (document.querySelector("#loss-chart canvas"))?.width ?? 0) > 100);
  await unfold(page, "#runs");
  await page.locator("#runs-storage").filter({ hasText: /^1 run takes/ }).waitFor();
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("20");
  await press(page, "Generate");
  await press(page, "Copy");
  await unfold(page, "#share");
  await press(page, "Copy link");
  await undisturbed(page);
}

for (const part of [...PARTS, null]) {
  test(part ? `a browser without ${part.join("'s ")}` : "a browser without any of these", async () => {
    const { page, done } = await visit(place, { before: (page) => without(page, part ? [part] : PARTS) });
    await wholeVisit(page);
    await done();
  });
}

test("without a store of the browser’s, the run is kept in its database, also where that takes no Blobs", async () => {
  const { page, done } = await visit(place, {
    before: async (page) => {
      await without(page, [["Navigator", "storage"]]);
      // As in private windows of WebKit.
      await page.addInitScript(() => {
        const { put } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = function (value, key) {
          if (value instanceof Blob) throw new DOMException("Error preparing Blob/File data to be stored in object store", "UnknownError");
          return put.call(this, value, key);
        };
      });
    },
  });
  await trainSmall(page);
  await unfold(page, "#runs");
  await page.locator("#run-list li").waitFor();
  await page.reload();
  await ready(page);
  await press(page, "Open");
  await page.locator("#figure-step").filter({ hasText: "5 / 5" }).waitFor();
  await done();
});

test("a browser that forbids locks, as it does where site data is blocked, follows nobody", async () => {
  const { page, done } = await visit(place, {
    before: (page) => page.addInitScript(() => (LockManager.prototype.request = () => Promise.reject(new DOMException("Access denied", "SecurityError")))),
  });
  await wholeVisit(page);
  assert.equal(await page.locator("#following").isVisible(), false);
  await done();
});

for (const language of ["C", "", "en_US.UTF-8", "tr_TR.UTF-8", "x"]) {
  test(`charts and numbers where the browser’s language is “${language}”`, async () => {
    const { page, done } = await visit(place, {
      before: (page) =>
        page.addInitScript((language) => {
          Object.defineProperty(Navigator.prototype, "language", { get: () => language });
          Object.defineProperty(Navigator.prototype, "languages", { get: () => [language] });
        }, language),
    });
    const turkish = language.startsWith("tr");
    assert.equal(await page.evaluate(() => document.documentElement.lang), turkish ? "tr" : "en");
    await fillSettings(page, SMALL);
    await press(page, turkish ? "Eğit" : "Train");
    await phase(page, turkish ? /tamamlandı/ : /All planned steps are done/);
    for (const chart of ["loss", "lr", "speed"]) assert.ok((await page.locator(`#${chart}-chart canvas`).evaluate((/** @type {HTMLCanvasElement} */ canvas) => canvas.width)) > 100, chart);
    await page.locator("#figure-train").filter({ hasText: /^\d[.,]\d{3}$/ }).waitFor();
    await done();
  });
}

test("an exported page opens where workers of files read no Blobs, as in WebKit", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  await unfold(page, "#share");
  const waiting = page.waitForEvent("download");
  await press(page, "Export as a page");
  const file = join(place.folder, "exported.html");
  await (await waiting).saveAs(file);

  const context = await place.browser.newContext({ offline: true });
  const single = await context.newPage();
  await single.addInitScript(() => {
    const refuse = `
      const refuse = () => { throw new DOMException("The I/O read operation failed.", "NotReadableError"); };
      Object.assign(Blob.prototype, { arrayBuffer: refuse, bytes: refuse, stream: refuse, text: refuse });
      FileReader.prototype.readAsArrayBuffer = FileReader.prototype.readAsDataURL = refuse;
    `;
    const Plain = Blob;
    const Refusing = class extends Plain {
      /** @param {BlobPart[]} parts @param {BlobPropertyBag} [options] */
      constructor(parts, options) {
        super(options?.type === "text/javascript" ? [refuse, ...parts] : parts, options);
      }
    };
    Object.assign(window, { Blob: Refusing });
  });
  await single.goto(pathToFileURL(file).href);
  await single.locator("#state").filter({ hasText: "Ready." }).waitFor();
  await single.getByLabel("Length").fill("20");
  await button(single, "Generate").click();
  await single.waitForFunction(() => (document.querySelector("#written")?.textContent?.length ?? 0) > "Once upon a time".length);
  await context.close();
  await done();
});
