/** The page as one of many things in a browser: without a connection, in a newer release, hidden, out of memory. */

import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { writeRelease } from "../../crates/xtask/scripts/release.mjs";
import { button, curve, DIST, phase, press, ready, engineOf, fillSettings, LONG, SMALL, start, stepOf, trainsPast, usable, until, visit, trainLong, trainSmall } from "./helpers.mjs";

/** A name that is not the own machine's, so that the service worker serves a release as it would on any host. */
const HOST = "mmrec.test";

/** @type {Awaited<ReturnType<typeof start>>} */
let place;
/** @type {string} */
let release;
before(async () => {
  release = await mkdtemp(join(tmpdir(), "mmrec-release-"));
  await cp(DIST, release, { recursive: true });
  await writeRelease(release);
  place = await start([], { folder: release, host: HOST });
});
after(async () => {
  await place.close();
  await rm(release, { recursive: true });
});

/** @param {import("playwright-core").Page} page */
async function keptOffline(page) {
  await page.locator("#offline-state").filter({ hasText: "works without a connection" }).waitFor();
}

/** Names of the files in the page's caches. @param {import("playwright-core").Page} page */
const cached = (page) =>
  page.evaluate(async () => {
    const names = [];
    for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys()) names.push(new URL(url).pathname.slice(1));
    return names;
  });

test("after the first visit it loads, trains and writes without a connection, with what was used and nothing else", async () => {
  const { page, done } = await visit(place, { expected: /ERR_INTERNET_DISCONNECTED/ });
  assert.deepEqual(await cached(page), [], "nothing is kept before the first step");
  await trainSmall(page);
  await keptOffline(page);
  const names = await cached(page);
  const used = await page.evaluate(() => (crossOriginIsolated && navigator.hardwareConcurrency > 1 ? "threads" : "cpu"));
  assert.deepEqual([...new Set(names.flatMap((name) => name.match(/wasm\/(\w+)/)?.[1] ?? []))], [used]);
  for (const name of ["", "web/app.js", "web/engine/worker.js", "web/style.css", "web/i18n/tr/page.js", `web/wasm/${used}/mmrec_wasm_bg.wasm`]) assert.ok(names.includes(name), name);

  await page.context().setOffline(true);
  await page.reload();
  await ready(page);
  assert.equal(await page.evaluate(() => crossOriginIsolated), true);
  await trainSmall(page);
  await press(page, "Generate");
  await page.waitForFunction(() => (document.querySelector("#written")?.textContent?.length ?? 0) > 30);
  await press(page, "Stop writing");
  await page.getByLabel("Language").selectOption("tr");
  await usable(page, "Üret");
  await done();
});

test("a new release is announced, waits for the training, and comes as a whole", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, LONG);
  await press(page, "Train");
  await keptOffline(page);
  const before = await page.evaluate(() => caches.keys());

  for (const name of ["web/ui/dom.js", "web/i18n/en/page.js"]) await appendFile(join(release, name), "\nself.newest = [...(self.newest ?? []), import.meta.url];\n");
  await writeRelease(release);
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
  await until(page, async () => Boolean((await navigator.serviceWorker.getRegistration())?.waiting));
  await trainsPast(page, (await stepOf(page)) + 3);
  assert.equal(await page.getByText("There is a new version of this page.").count(), 0, "a training is not interrupted");
  await page.evaluate(() => import(new URL("web/ui/dom.js?", location.href).href));
  assert.equal(await page.evaluate(() => self.newest), undefined);

  await press(page, "Pause");
  await page.getByText("There is a new version of this page.").waitFor();
  const other = await page.context().newPage();
  await other.goto(place.origin);
  await other.getByText("The page is open in another tab").waitFor();
  assert.equal(await other.evaluate(() => self.newest), undefined, "a second tab is of the same release");
  await button(page, "Reload").click();
  await page.getByText("The new version waits").waitFor();
  await other.close();

  await page.reload();
  await ready(page);
  assert.equal(await page.evaluate(() => self.newest), undefined, "a reload alone changes nothing");
  await page.getByText("There is a new version of this page.").waitFor();
  await Promise.all([page.waitForEvent("load"), button(page, "Reload").click()]);
  await ready(page);
  assert.equal(await page.evaluate(() => self.newest?.length), 2, "all that has changed is new");
  await button(page, "Continue").waitFor();
  const now = await page.evaluate(() => caches.keys());
  assert.ok(now.length === 1 && now[0] !== before[0], "the old release is gone");
  await page.context().setOffline(true);
  await page.reload();
  await ready(page);
  assert.equal(await page.evaluate(() => self.newest?.length), 2);
  await done();
});

/** Puts another tab in front of the page, as far as the page can tell. @param {import("playwright-core").Page} page @param {boolean} hidden */
async function hide(page, hidden) {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}

test("behind another tab it trains on, with its progress in the title", async () => {
  const { page, done } = await visit(place);
  assert.match(await page.title(), /^MM-Rec:/);
  await fillSettings(page, LONG);
  await press(page, "Train");
  await page.waitForFunction(() => /^0 % · loss \d\.\d\d – MM-Rec$/.test(document.title));
  const other = await page.context().newPage();
  await other.bringToFront();
  await hide(page, true);
  const title = await page.title();
  await trainsPast(page, (await stepOf(page)) + 20);
  await page.waitForFunction((title) => document.title !== title, title, { polling: 200 });
  await page.getByLabel("Language").selectOption("tr");
  await page.waitForFunction(() => /^%0 · kayıp \d,\d\d – MM-Rec$/.test(document.title), null, { polling: 200 });
  await page.getByLabel("Dil").selectOption("en");
  await hide(page, false);
  await other.close();
  await press(page, "Pause");
  await phase(page, /Paused/);
  assert.match(await page.title(), /^MM-Rec:/);
  await done();
});

test("a training that was slower while its tab was hidden is spoken of when the tab is seen again", async () => {
  const { page, done } = await visit(place);
  await trainLong(page, 15);
  await hide(page, true);
  const engine = await engineOf(page);
  await engine.evaluate(() => {
    const busy = () => {
      for (const end = performance.now() + 600; performance.now() < end; );
    };
    self.hindrance = setInterval(busy, 1);
  });
  await trainsPast(page, (await stepOf(page)) + 12);
  await engine.evaluate(() => clearInterval(self.hindrance));
  await hide(page, false);
  await page.getByText(/While this tab was hidden, the browser let training run at \d+ % of its speed\./).waitFor();
  await done();
});

/** Notes what the page asks of the browser. @param {import("playwright-core").Page} page */
const watchRequests = (page) =>
  page.addInitScript(() => {
    window.asked = [];
    const { requestPermission } = Notification;
    Notification.requestPermission = () => (window.asked.push("permission"), requestPermission.call(Notification));
    ServiceWorkerRegistration.prototype.showNotification = async (title, options) => void window.asked.push(`${title}: ${options?.body}`);
    const { request } = WakeLock.prototype;
    WakeLock.prototype.request = async function (kind = "screen") {
      window.asked.push(kind);
      return (window.lock = await request.call(this, kind));
    };
  });

/** @param {import("playwright-core").Page} page */
const asked = (page) => page.evaluate(() => window.asked);

test("the screen stays on only on request, while it trains, and again when the tab is seen again", async () => {
  const { page, done } = await visit(place, { before: watchRequests, permissions: ["screen-wake-lock"] });
  await trainLong(page, 1);
  assert.deepEqual(await asked(page), []);
  await page.locator("#while-training summary").click();
  await page.getByLabel("Keep the screen on").check();
  await page.getByText("The screen stays on.").waitFor();
  assert.deepEqual(await asked(page), ["screen"]);
  // What the browser does when the tab is hidden.
  await hide(page, true);
  await page.evaluate(() => window.lock.release());
  await page.getByText("The screen stays on.").waitFor({ state: "hidden" });
  await hide(page, false);
  await page.getByText("The screen stays on.").waitFor();
  assert.deepEqual(await asked(page), ["screen", "screen"]);
  await press(page, "Pause");
  await page.waitForFunction(() => window.lock.released);
  await page.reload();
  await ready(page);
  assert.equal(await page.getByLabel("Keep the screen on").isChecked(), true, "the choice is remembered");
  await done();
});

test("the end of a training is told only on request, and only to who looks elsewhere", async () => {
  const { page, done } = await visit(place, { before: watchRequests, permissions: ["notifications"] });
  await fillSettings(page, SMALL);
  await page.locator("#while-training summary").click();
  assert.deepEqual(await asked(page), []);
  await page.getByLabel("Tell me when it is over").check();
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  await keptOffline(page);
  assert.deepEqual(await asked(page), ["permission"]);
  await fillSettings(page, { steps: 1000, eval_every: 1000 });
  await press(page, "Resume");
  await hide(page, true);
  await fillSettings(page, { steps: (await stepOf(page)) + 30 });
  await page.waitForFunction(() => window.asked.length > 1, null, { polling: 200 });
  assert.match((await asked(page))[1], /^MM-Rec: training is over: All planned steps are done\. Step \d+, loss \d\.\d+\.$/);
  await done();
});

test("a browser that forbids notifications is told apart", async () => {
  const { page, done } = await visit(place);
  await page.locator("#while-training summary").click();
  await page.evaluate(() => (Notification.requestPermission = async () => "denied"));
  await page.getByLabel("Tell me when it is over").click();
  await page.getByText("The browser does not let this page notify you").waitFor();
  assert.equal(await page.getByLabel("Tell me when it is over").isChecked(), false);
  await done();
});

/**
 * Gives the engine on all threads less memory than a browser does.
 * @param {import("playwright-core").Page} page
 * @param {number} megabytes
 */
const shortOfMemory = (page, megabytes) =>
  page.context().route("**/wasm/threads/mmrec_wasm.js", async (route) => {
    const source = await readFile(join(release, "web/wasm/threads/mmrec_wasm.js"), "utf8");
    assert.match(source, /maximum:65536/);
    await route.fulfill({ contentType: "text/javascript", headers: { "Cross-Origin-Embedder-Policy": "require-corp", "Cross-Origin-Resource-Policy": "same-origin" }, body: source.replace("maximum:65536", `maximum:${megabytes * 16}`) });
  });

test("where memory runs out the page says what to do, keeps the run, and works on", async (t) => {
  const { page, done } = await visit(place, { before: (page) => shortOfMemory(page, 160), serviceWorkers: "block", expected: /RuntimeError|memory|alloc/i });
  if ((await page.evaluate(() => navigator.hardwareConcurrency)) < 2) return t.skip("one thread has its memory from the browser alone");
  // Too large from the first step on: there is nothing to be kept.
  await fillSettings(page, { stage: "small", batch: 1 });
  await press(page, "Train");
  const alert = page.getByRole("alert").filter({ hasText: "There was not enough memory for this training." });
  await alert.getByText("Train with a smaller batch or context").waitFor();
  await phase(page, /Ready/);

  // As it said: smaller.
  await fillSettings(page, { stage: "tiny" });
  await trainSmall(page);
  assert.equal((await curve(page)).length, SMALL.steps);

  // In the midst of a run: its last state stays, and goes on.
  const engine = await engineOf(page);
  // Once this is answered: the page ends the worker for it.
  await engine.evaluate(() => void setTimeout(() => {
    self.dispatchEvent(new ErrorEvent("error", { cancelable: true, error: new RangeError("WebAssembly.Memory(): could not allocate memory") }));
  }));
  await alert.getByText(`The model is kept as it was at step ${SMALL.steps}.`).waitFor();
  await fillSettings(page, { steps: SMALL.steps + 3 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: `${SMALL.steps + 3} / ${SMALL.steps + 3}` }).waitFor();
  await done();
});

/**
 * What sticks out of the screen or is too small for a finger, of all that is shown.
 * @param {import("playwright-core").Page} page
 */
async function awkward(page) {
  for (const details of await page.locator("details").all()) await details.evaluate((/** @type {HTMLDetailsElement} */ details) => (details.open = true));
  return page.evaluate(() => {
    const wide = [...document.querySelectorAll("body *")].filter((part) => part.checkVisibility() && !part.closest(".sr-only, .skip, .scroll, .uplot")).filter((part) => part.getBoundingClientRect().right > innerWidth + 0.5);
    const fields = [...document.querySelectorAll("button, .button, select, input:not(.sr-only), textarea, summary")].filter((part) => part.checkVisibility());
    const small = fields.filter((field) => {
      const { width, height } = (field.matches("[type=radio], [type=checkbox]") ? (field.closest("label") ?? field) : field).getBoundingClientRect();
      return width < 44 || height < 44;
    });
    return [...wide, ...small].map((part) => part.outerHTML.slice(0, 120));
  });
}

test("a phone shows one part at a time, with all that is pressed within reach and large enough", async () => {
  for (const { locale, names } of [{ locale: "en-US", names: ["Text", "Training", "Write", "Train"] }, { locale: "tr-TR", names: ["Metin", "Eğitim", "Yazı", "Eğit"] }]) {
    const { page, done } = await visit(place, { locale, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    const [text, training, write, train] = names;
    const parts = page.locator("#parts");
    assert.deepEqual(await parts.locator("button").allTextContents(), [text, training, write]);
    const shown = () => page.evaluate(() => [".setup", "#loss-chart", ".words"].map((part) => document.querySelector(part)?.checkVisibility()));
    assert.deepEqual(await shown(), [true, false, false]);
    assert.deepEqual(await awkward(page), []);
    await page.locator("#train").filter({ hasText: train }).tap();
    await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
    assert.deepEqual(await shown(), [false, true, false], "training shows itself");
    assert.equal(await parts.locator('[aria-current="true"]').textContent(), training);
    assert.ok(((await page.locator("#loss-chart canvas").boundingBox())?.width ?? 0) > 250, "drawn as wide as there is room");
    assert.deepEqual(await awkward(page), []);
    await parts.getByRole("button", { name: write, exact: true }).tap();
    assert.deepEqual(await shown(), [false, false, true]);
    assert.deepEqual(await awkward(page), []);
    for (const target of ["#train", "#pause", "#stop", "#parts button"]) {
      const { y, height } = (await page.locator(target).first().boundingBox()) ?? assert.fail(`${target} is not seen`);
      assert.ok(y > 560 && y + height <= 740, `${target} is at the thumb`);
    }
    await page.setViewportSize({ width: 900, height: 700 });
    assert.deepEqual(await shown(), [true, true, true]);
    assert.equal(await parts.isVisible(), false);
    await page.locator("#stop").click();
    await done();
  }
});
