/** What a person meets first: the sample, one button, a loss within seconds; by keyboard, on a phone, in the dark. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertWhole, button, curve, figure, phase, press, fillSettings, SMALL, start, usable, visit, trainSmall } from "./helpers.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let place;
before(async () => (place = await start()));
after(() => place.close());

test("the first loss is on screen within five seconds of pressing Train, or thirty steps' time where that is longer", async (context) => {
  const { page, done } = await visit(place);
  assert.equal(await page.locator("#text-name").textContent(), "Built-in sample");
  const pressed = Date.now();
  await button(page, "Train").click();
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  const seen = Date.now();
  const stepped = (/** @type {number} */ count) => page.waitForFunction((count) => Number.parseInt(document.querySelector("#figure-step")?.textContent ?? "") >= count, count);
  await stepped(Number.parseInt(await figure(page, "step")) + 10);
  const tenSteps = Date.now() - seen;
  context.diagnostic(`${seen - pressed} ms, and ${tenSteps} ms for ten more steps`);
  assert.ok(seen - pressed < Math.max(5000, 3 * tenSteps), `it took ${seen - pressed} ms`);
  await page.locator("#chart-summary").filter({ hasText: /train loss/ }).waitFor();
  await press(page, "Stop");
  await phase(page, /Stopped/);
  await done();
});

test("before the start it says how large the model is and how long it will take", async () => {
  const { page, done } = await visit(place);
  await page.locator("#estimate").filter({ hasText: /0\.\d\d M parameters · .*(seconds|minutes?|hours) on the CPU/ }).waitFor();
  await done();
});

test("a whole run by keyboard: train, pause, step, resume, to the end", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 40, eval_every: 20 });
  await button(page, "Train").focus();
  await page.keyboard.press("Enter");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Pause", "the focus goes to what can be pressed next");
  await page.keyboard.press("Enter");
  await phase(page, /Paused/);
  const paused = (await curve(page)).length;
  assert.ok(paused > 0 && paused < 40);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Step");
  await page.keyboard.press("Space");
  await page.locator("#figure-step").filter({ hasText: `${paused + 1} / 40` }).waitFor();
  await phase(page, /Paused/);
  assertWhole(await curve(page), paused + 1);
  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const points = await curve(page);
  assertWhole(points, 40);
  assert.ok(points[39].validation !== null, "the last step is evaluated");
  assert.equal(await button(page, "Train").getAttribute("aria-disabled"), "false");
  await done();
});

test("Step starts a run of its own, and Stop ends it", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, SMALL);
  await press(page, "Step");
  await page.locator("#figure-step").filter({ hasText: "1 / 5" }).waitFor();
  await phase(page, /Paused/);
  await press(page, "Stop");
  await phase(page, /Stopped/);
  await usable(page, "Generate");
  await usable(page, "Save checkpoint");
  await done();
});

test("raising the steps of a finished run lets it go on", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  assert.equal(await button(page, "Resume").getAttribute("aria-disabled"), "true");
  await fillSettings(page, { steps: 8 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: "8 / 8" }).waitFor();
  await phase(page, /All planned steps are done/);
  assertWhole(await curve(page), 8);
  await done();
});

test("a phone's width: nothing sticks out, and the controls are at hand", async () => {
  const { page, done } = await visit(place, { viewport: { width: 360, height: 740 }, hasTouch: true });
  // The samples are on another part of the page.
  const { sample_every: _, ...settings } = SMALL;
  await fillSettings(page, settings);
  await button(page, "Train").tap();
  await phase(page, /All planned steps are done/);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  const box = await button(page, "Train").boundingBox();
  assert.ok(box && box.y + box.height <= 740, "Train is on the screen without scrolling");
  await done();
});

test("dark where the person wants it dark, charts included", async () => {
  const { page, done } = await visit(place, { colorScheme: "dark" });
  const brightness = () => page.evaluate(() => (getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0));
  assert.ok((await brightness()) < 150);
  await page.emulateMedia({ colorScheme: "light" });
  assert.ok((await brightness()) > 600);
  assert.equal(await page.locator("#loss-chart canvas").count(), 1, "redrawn, not drawn twice");
  await done();
});

test("every control has a name, and the page has its landmarks", async () => {
  const { page, done } = await visit(place);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, select, textarea")]
      .filter((field) => !(field.getAttribute("aria-label") || field.textContent?.trim() || /** @type {HTMLInputElement} */ (field).labels?.length || field.getAttribute("aria-labelledby")))
      .map((field) => field.outerHTML),
  );
  assert.deepEqual(nameless, []);
  assert.equal(await page.getByRole("main").count(), 1);
  assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
  for (const name of ["Train", "Pause", "Step", "Stop", "Generate", "Save checkpoint", "Load checkpoint"]) {
    assert.equal(await button(page, name).count(), 1, name);
  }
  assert.equal(await page.getByLabel("Text files").count(), 1);
  assert.equal(await figure(page, "step"), "–");
  await done();
});

test("recomputing blocks saves memory and changes no loss", async () => {
  const curves = [];
  for (const recompute of [false, true]) {
    const { page, done } = await visit(place);
    await fillSettings(page, { ...SMALL, recompute });
    await press(page, "Train");
    await phase(page, /All planned steps are done/);
    curves.push(await curve(page));
    await done();
  }
  assert.equal(curves[0].length, SMALL.steps);
  assert.deepEqual(curves[1], curves[0]);
});
