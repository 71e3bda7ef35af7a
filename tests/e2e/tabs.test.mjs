/** Several tabs of the page: one has what the browser keeps, and trains; the others follow it, and take over. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { button, curve, fillSettings, keptRun, LONG, phase, press, ready, start, stepOf, takeOver, trainsPast, undisturbed, until, usable, visit, trainLong, followerOf, leads } from "./helpers.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let place;
before(async () => (place = await start()));
after(() => place.close());

test("a second tab follows the first, and takes over when that is closed", async () => {
  const { page, done } = await visit(place);
  await trainLong(page);
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await second.getByText("Training goes on in another tab; this one follows it.").waitFor();
  await trainsPast(second, 3);
  const seen = await stepOf(second);
  await trainsPast(second, seen + 3);
  const [theirs, mine] = [await curve(second), await curve(page)];
  assert.deepEqual(theirs, mine.slice(0, theirs.length), "the same curve");
  await second.locator("#chart-summary").filter({ hasText: "train loss" }).waitFor();
  for (const name of ["Train", "Pause", "Step", "Stop", "Generate", "Save checkpoint"]) assert.equal(await button(second, name).getAttribute("aria-disabled"), "true", name);
  assert.equal(await second.locator("#text-name").textContent(), "Built-in sample");
  await second.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector('#settings [name="steps"]'))?.value === "100000");

  await keptRun(page, () => true);
  await page.close();
  await second.getByText("Training goes on in another tab").waitFor({ state: "hidden" });
  await phase(second, /Training on/);
  await trainsPast(second, (await stepOf(second)) + 2);
  const points = await curve(second);
  assert.ok(points.every((point, index) => index === 0 || point.step > points[index - 1].step));
  await second.context().close();
  await done();
});

test("on request a tab takes over; the other one pauses there first, and follows", async () => {
  const { page, done } = await visit(place);
  await trainLong(page);
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await press(second, "Take over here");
  await phase(second, /Training on/);
  await page.getByText("Training goes on in another tab; this one follows it.").waitFor();
  const at = await stepOf(second);
  await trainsPast(second, at + 3);
  await trainsPast(page, at);
  const points = await curve(second);
  assert.ok(points.every((point, index) => point.step === index + 1), "no step was lost");

  await second.reload();
  await ready(second);
  await button(second, "Continue").waitFor();
  await page.getByText("The page is open in another tab").waitFor();
  await done();
});

/** The browser has no room for states of runs, as long as the page says so. @param {import("playwright-core").Page} page */
const withoutRoom = (page) =>
  page.addInitScript(() => {
    const { createWritable } = FileSystemFileHandle.prototype;
    FileSystemFileHandle.prototype.createWritable = async function (...options) {
      if (this.name.startsWith("state-") && !localStorage.getItem("room")) throw new DOMException("no room", "QuotaExceededError");
      return createWritable.apply(this, options);
    };
  });

test("a run that could not be kept is neither handed over nor left without a question", async () => {
  const { page, done } = await visit(place, { before: withoutRoom });
  await trainLong(page, 5);
  await page.getByRole("alert").filter({ hasText: "no more storage" }).waitFor();
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await press(second, "Take over here");
  await second.getByText("The other tab keeps its run").waitFor();
  await page.getByRole("alert").filter({ hasText: /This tab stays as it is: \d+ steps? of its run could not be kept/ }).waitFor();
  await trainsPast(page, (await stepOf(page)) + 2);
  await trainsPast(second, (await stepOf(second)) + 2);

  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const question = await asked;
  assert.equal(question.type(), "beforeunload");
  await question.dismiss();

  await page.evaluate(() => localStorage.setItem("room", "yes"));
  await press(second, "Take over here");
  await phase(second, /Training on/);
  const points = await curve(second);
  assert.ok(points.every((point, index) => point.step === index + 1), "no step was lost");
  await done();
});

test("a tab that takes over goes on with the run it followed, and with no other", async () => {
  const { page, done } = await visit(place, { before: withoutRoom });
  await page.evaluate(() => localStorage.setItem("room", "yes"));
  await fillSettings(page, LONG);
  await press(page, "Step");
  await keptRun(page, ({ step }) => step === 1);
  const second = await followerOf(page);
  await page.evaluate(() => localStorage.removeItem("room"));
  await press(page, "Stop");
  await press(page, "Train");
  await trainsPast(page, 2);
  await trainsPast(second, 2);
  await page.close();
  await second.getByRole("alert").filter({ hasText: /The run of the other tab is gone: it was closed at step \d+/ }).waitFor();
  await phase(second, /Ready/);
  await second.locator("#kept-text").filter({ hasText: "step 1 of" }).waitFor();
  await second.context().close();
  await done();
});

/** Has a page train, and two tabs follow it. @param {import("playwright-core").Page} page */
async function followed(page) {
  await trainLong(page);
  const others = [await page.context().newPage(), await page.context().newPage()];
  for (const other of others) {
    await other.goto(place.origin);
    await trainsPast(other, 3);
  }
  return others;
}

test("two tabs that take over at once: one of them trains on, and the others follow it", async () => {
  const { page, done } = await visit(place);
  const others = await followed(page);
  await Promise.all(others.map((other) => other.locator("#take-over").click()));
  // A tab behind others draws nothing, nor is it looked at by Playwright.
  await page.bringToFront();
  await page.getByText("Training goes on in another tab").waitFor();
  const at = await stepOf(page);
  for (const tab of [page, ...others]) {
    await tab.bringToFront();
    await trainsPast(tab, at + 3);
  }
  const leading = await Promise.all(others.map((other) => other.locator("#following").isHidden()));
  assert.equal(leading.filter(Boolean).length, 1);
  const follower = others[leading.indexOf(false)];
  await follower.bringToFront();
  await follower.getByText("Training goes on in another tab").waitFor();
  await usable(follower, "Take over here");
  await done();
});

test("a tab that takes over from one that has just taken over, while the first is still being loaded again, trains on", async () => {
  const { page, done } = await visit(place);
  // The one that was opened first is the first to be told that the store is free, which it does not want then.
  const [last, next] = await followed(page);
  const at = await stepOf(last);
  await takeOver(next);
  await next.locator("#following").waitFor({ state: "hidden" });
  // The first one waits a moment for what the next one holds, as every page does that is being loaded.
  await until(last, async () => ((await navigator.locks.query()).pending ?? []).filter(({ name }) => name === "mmrec").length === 1);
  await takeOver(last);
  await leads(last);
  await trainsPast(last, at + 3);
  for (const tab of [page, next]) {
    await tab.bringToFront();
    await tab.getByText("Training goes on in another tab").waitFor();
  }
  await done();
});

test("after a take-over the lines of counting and the ladder of what was learned are there", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { context: 64, batch: 8, steps: 100_000, eval_every: 25, warmup: 10, sample_every: 10 });
  await press(page, "Train");
  const counted = (/** @type {import("playwright-core").Page} */ tab) => tab.locator("#chart-summary").filter({ hasText: /Below letter \w+/ });
  await counted(page).waitFor();
  await page.locator("#learned").waitFor();
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await press(second, "Take over here");
  await phase(second, /Training on/);
  await counted(second).waitFor();
  await second.locator("#learned").waitFor();
  await second.context().close();
  await done();
});

test("a leader of an earlier version, which has no name, is not asked again and again; when it is closed this tab leads", async () => {
  const { page, done } = await visit(place, { expected: /favicon/ });
  await page.goto(`${place.origin}/web/style.css`);
  // It holds the store, and says what it does to whoever follows.
  await page.evaluate(async () => {
    await new Promise((resolve) => void navigator.locks.request("mmrec", () => new Promise(() => resolve(null))));
    const channel = new BroadcastChannel("mmrec");
    const course = { phase: "ready", lasting: true, settings: null, info: null, name: "", ref: null, run: null, curve: null };
    window.heard = 0;
    channel.onmessage = () => {
      window.heard += 1;
      channel.postMessage({ type: "course", course });
    };
  });
  const heard = () => page.evaluate(() => window.heard);
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await second.getByText("The page is open in another tab").waitFor();
  const before = await heard();
  assert.ok(before > 0, "the follower said that it follows");
  await press(second, "Take over here");
  await button(second, "Taking over…").waitFor();
  await undisturbed(second);
  assert.ok((await heard()) - before < 5, "both do not talk without end");
  await page.close();
  await second.getByText("The page is open in another tab").waitFor({ state: "hidden" });
  await ready(second);
  await second.context().close();
  await done();
});
