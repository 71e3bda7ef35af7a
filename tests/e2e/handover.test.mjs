/** What goes over from tab to tab, and what must not: drafts, changes, work that is not done, and what strangers say. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { button, choose, curve, fillSettings, followerOf, keptRun, leads, phase, press, ready, SMALL, start, stepOf, takeOver, text, trainsPast, unfold, until, usable, visit, trainLong, trainSmall } from "./helpers.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let place;
before(async () => (place = await start()));
after(() => place.close());

test("a tab that follows reads no runs in and tries no rates; what is kept is not its to change", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  await keptRun(page, ({ step }) => step === SMALL.steps);
  const second = await followerOf(page);
  await second.locator("#figure-step").filter({ hasText: /^5/ }).waitFor();
  for (const part of ["#runs", "#rate"]) await unfold(second, part);
  const forbidden = [button(second, "Import"), second.locator("#rate button").first()];
  for (const one of forbidden) await one.and(second.locator('[aria-disabled="true"]')).waitFor();
  await takeOver(second);
  await leads(second);
  for (const one of forbidden) await one.and(second.locator('[aria-disabled="false"]')).waitFor();
  await done();
});

test("a take-over leaves a draft for another run as it is, also where the other tab is just closed", async () => {
  for (const closed of [false, true]) {
    const { page, done } = await visit(place);
    await trainSmall(page);
    await choose(page, [{ name: "novel.txt", buffer: Buffer.from(text(200)) }]);
    await page.locator("#text-name").filter({ hasText: "novel.txt" }).waitFor();
    await fillSettings(page, { steps: 777, seed: 42 });
    const second = await followerOf(page);
    await second.locator("#text-name").filter({ hasText: "novel.txt" }).waitFor();
    if (closed) await page.close();
    else await takeOver(second);
    await leads(second);
    await ready(second);
    await second.locator("#text-name").filter({ hasText: "novel.txt" }).waitFor();
    await unfold(second, "#more-settings");
    assert.deepEqual(await Promise.all(["steps", "seed"].map((name) => second.locator(`#settings [name="${name}"]`).inputValue())), ["777", "42"]);
    await second.locator("#kept-text").filter({ hasText: "step 5 of" }).waitFor();
    await second.context().close();
    await done();
  }
});

test("what is changed while it is paused goes with a take-over", async () => {
  const { page, done } = await visit(place);
  await trainLong(page);
  await press(page, "Pause");
  await phase(page, /Paused/);
  await page.locator('#settings [name="steps"]').fill("4321");
  await page.locator('#settings [name="steps"]').blur();
  const second = await followerOf(page);
  await second.locator("#figure-step").filter({ hasText: "4,321" }).waitFor();
  await takeOver(second);
  await leads(second);
  await phase(second, /Paused/);
  await second.locator("#figure-step").filter({ hasText: "4,321" }).waitFor();
  await done();
});

test("what was begun a moment ago goes with a take-over, before the tabs that follow were told of it", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  await fillSettings(page, { steps: 100_000, eval_every: 1000 });
  const second = await followerOf(page);
  await second.locator("#figure-step").filter({ hasText: /^5/ }).waitFor();
  const pressed = second.evaluate(() => new Promise((resolve) => {
    new BroadcastChannel("begun").onmessage = () => {
      const seen = document.querySelector("#figure-step")?.textContent;
      /** @type {HTMLButtonElement} */ (document.querySelector("button#take-over")).click();
      resolve(seen);
    };
  }));
  await page.bringToFront();
  await page.evaluate(() => {
    const line = /** @type {HTMLElement} */ (document.querySelector("#phase"));
    new MutationObserver(() => /Training on/.test(line.textContent ?? "") && new BroadcastChannel("begun").postMessage(null)).observe(line, { childList: true, characterData: true, subtree: true });
    /** @type {HTMLButtonElement} */ (document.querySelector("#train")).click();
  });
  assert.match(String(await pressed), /^5/, "it has not been told");
  await leads(second);
  await phase(second, /Training on/);
  await trainsPast(second, SMALL.steps);
  await done();
});

test("a tab that is reading runs in is not taken over from, and says so", async () => {
  let read = () => {};
  const held = new Promise((resolve) => (read = () => resolve(null)));
  // What a service worker fetches is not seen by routes.
  const { page, done } = await visit(place, { serviceWorkers: "block", before: (page) => page.context().route("**/zip-worker.js", (route) => held.then(() => route.continue())) });
  const second = await followerOf(page);
  await page.bringToFront();
  await unfold(page, "#runs");
  await usable(page, "Import");
  await page.locator("#runs-file").setInputFiles({ name: "runs.zip", mimeType: "application/zip", buffer: Buffer.from("none") });
  await page.locator("#runs-status").filter({ hasText: /\S/ }).waitFor();
  await takeOver(second);
  await second.bringToFront();
  await second.getByText("in the middle of reading or writing runs").waitFor();
  await page.bringToFront();
  await page.getByText("This tab stays as it is: it is in the middle of").waitFor();
  read();
  await page.getByRole("alert").filter({ hasText: "runs.zip" }).waitFor();
  await takeOver(second);
  await leads(second);
  await done();
});

test("a take-over that is pressed while the other tab is being loaded again comes when that is there", async () => {
  const { page, done } = await visit(place);
  await trainLong(page);
  const second = await followerOf(page);
  await trainsPast(second, 3);
  // The first state is kept after a few seconds.
  await keptRun(page, () => true);
  // What is kept is listed when the test says so.
  await page.addInitScript(() => {
    const { keys } = FileSystemDirectoryHandle.prototype;
    const listing = new Promise((resolve) => Object.assign(self, { list: resolve }));
    FileSystemDirectoryHandle.prototype.keys = async function* () {
      await listing;
      yield* keys.call(this);
      return undefined;
    };
  });
  await page.reload({ waitUntil: "commit" });
  await until(second, async () => ((await navigator.locks.query()).held ?? []).some(({ name }) => name === "mmrec"));
  await takeOver(second);
  await page.waitForFunction(() => "list" in self);
  await page.evaluate(() => /** @type {any} */ (self).list());
  await leads(second);
  await phase(second, /Training on/);
  await done();
});

/** A tab that is none of ours, at the channel of those. @param {import("playwright-core").Page} page */
async function strangerTo(page) {
  const stranger = await page.context().newPage();
  await stranger.goto(`${place.origin}/web/tabs/tab-sync.js`);
  return stranger;
}

test("a hand-over that names nobody is for nobody; where nobody comes for it, training goes on where it was", async () => {
  const { page, done } = await visit(place);
  await trainLong(page);
  const stranger = await strangerTo(page);
  const leader = await stranger.evaluate(() => new Promise((resolve) => {
    const channel = new BroadcastChannel("mmrec");
    channel.onmessage = ({ data }) => data.type === "course" && resolve(data.leader);
    channel.postMessage({ type: "hand over" });
    channel.postMessage({ type: "following" });
  }));
  await page.bringToFront();
  const at = await stepOf(page);
  await trainsPast(page, at + 3);
  const loaded = page.waitForEvent("load");
  await stranger.evaluate((to) => new BroadcastChannel("mmrec").postMessage({ type: "hand over", to }), leader);
  await loaded;
  await phase(page, /Training on/);
  await trainsPast(page, at + 5);
  const points = await curve(page);
  assert.ok(points.every((point, index) => point.step === index + 1), "no step was lost");
  await done();
});

test("what other versions of the page or nobody of ours says in their channel harms no tab", async () => {
  const { page, done } = await visit(place);
  const second = await followerOf(page);
  const stranger = await strangerTo(page);
  await stranger.evaluate(() => {
    const nonsense = [null, undefined, 1, "x", [], {}, { type: "course" }, { type: "course", course: {} }, { type: "course", course: { run: {} } }, { type: "hand over", to: "nobody" }, { type: "toString" }];
    const channel = new BroadcastChannel("mmrec");
    const say = () => nonsense.forEach((one) => channel.postMessage(one));
    // Also to a tab that is not ready yet.
    channel.onmessage = ({ data }) => data?.type === "leading" && say();
    say();
  });
  await page.bringToFront();
  await page.reload();
  await ready(page);
  await trainLong(page);
  await second.bringToFront();
  await trainsPast(second, 3);
  assert.equal(await page.getByText("could not be started").count(), 0);
  await done();
});
