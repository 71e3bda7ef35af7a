/** A worker that ends, hangs or breaks: noticed within seconds, and the run goes on from its last state. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { curve, phase, press, engineOf, fillSettings, LONG, startWithFolder, stepOf, trainsPast, usable, visit, trainSmall } from "./helpers.mjs";

const place = startWithFolder();

/** A silence that is too long, and the time to start again (milliseconds). */
const SOON = 30_000;


/**
 * A run that has kept a state.
 * @param {import("playwright-core").Page} page
 */
async function train(page) {
  await fillSettings(page, LONG);
  await press(page, "Step");
  await phase(page, /Paused/);
  await press(page, "Resume");
  await trainsPast(page, 5);
}

/** @param {import("playwright-core").Page} page @param {RegExp} why */
async function goesOn(page, why) {
  const told = page.getByRole("alert").filter({ hasText: why });
  await told.waitFor({ timeout: SOON });
  const [, step] = ((await told.textContent()) ?? "").match(/goes on from step ([\d,]+)/) ?? [];
  assert.ok(step, (await told.textContent()) ?? "");
  await trainsPast(page, Number(step.replaceAll(",", "")) + 3);
  await phase(page, /Training on/);
  const points = await curve(page);
  assert.ok(points.every((point, index) => index === 0 || point.step > points[index - 1].step), "no step twice");
}

test("a worker that ends without a word while it trains", async () => {
  const { page, done } = await visit(place);
  await train(page);
  await (await engineOf(page)).evaluate(() => self.close());
  await goesOn(page, /The engine stopped \(its worker has ended\)/);
  await done();
});

test("a worker that hangs while it trains", async () => {
  const { page, done } = await visit(place);
  await train(page);
  await (await engineOf(page)).evaluate(() => void setTimeout(() => { for (;;); }));
  await goesOn(page, /The engine stopped \(no sign of life for 1\d seconds\)/);
  await done();
});

test("a worker that hangs while nothing is asked of it, when something is", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, LONG);
  await (await engineOf(page)).evaluate(() => void setTimeout(() => { for (;;); }));
  await press(page, "Train");
  await page.getByRole("alert").filter({ hasText: "no sign of life" }).waitFor({ timeout: SOON });
  await trainsPast(page, 2);
  await done();
});

test("a worker that hangs while it answers what is answered at once", async () => {
  const { page, done } = await visit(place);
  await train(page);
  await (await engineOf(page)).evaluate(() => {
    const post = self.postMessage;
    self.postMessage = (/** @type {any} */ message, /** @type {any} */ options) => {
      post.call(self, message, options);
      if (message.type === "begun") for (;;);
    };
  });
  await press(page, "Pause");
  const told = page.getByRole("alert").filter({ hasText: /The engine stopped \(no sign of life for 1\d seconds\)/ });
  await told.filter({ hasText: "press “Resume” to go on" }).waitFor({ timeout: SOON });
  await phase(page, /Paused/);
  await press(page, "Resume");
  await trainsPast(page, 3);
  await done();
});

test("where no worker can be had in the place of one that ended, the page says so, and the next press brings one", async () => {
  const { page, done } = await visit(place, { expected: /Failed to load resource/, serviceWorkers: "block" });
  await train(page);
  await page.context().route("**/worker.js", (route) => route.abort());
  await (await engineOf(page)).evaluate(() => self.close());
  await page.getByRole("alert").filter({ hasText: "The engine stopped and could not be started again" }).waitFor();
  await phase(page, /Paused/);
  await press(page, "Resume");
  await page.getByRole("alert").filter({ hasText: "Training stopped: the worker could not be loaded." }).waitFor();
  await phase(page, /Paused/);
  await page.context().unrouteAll({ behavior: "wait" });
  await press(page, "Resume");
  await phase(page, /Training on/);
  await trainsPast(page, 5);
  const points = await curve(page);
  assert.ok(points.every((point, index) => index === 0 || point.step > points[index - 1].step), "no step twice");
  await done();
});

test("of a run that is over, nobody is told to resume it when its worker ends", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  await (await engineOf(page)).evaluate(() => self.close());
  const told = page.getByRole("alert").filter({ hasText: "The engine stopped" });
  await told.filter({ hasText: "It was started afresh." }).waitFor();
  assert.doesNotMatch(String(await told.textContent()), /Resume/);
  await usable(page, "Generate");
  await done();
});

test("a piece of work that takes long is no silence", async () => {
  const { page, done } = await visit(place);
  await train(page);
  const busy = (/** @type {number} */ time) => {
    for (const end = performance.now() + time; performance.now() < end; );
  };
  await (await engineOf(page)).evaluate((busy) => void setTimeout(`(${busy})(7000)`), String(busy));
  const before = await stepOf(page);
  await trainsPast(page, before + 3);
  assert.equal(await page.locator(".notice").count(), 0);
  await done();
});

test("what kills a worker at the same step again is not tried for ever", async () => {
  const { page, done } = await visit(place, {
    // As the browser tells of it, and before any state can be kept: how fast the machine is does not matter.
    before: (page) =>
      page.addInitScript(() => {
        Object.assign(self, { kills: false, killed: 0 });
        const { postMessage } = Worker.prototype;
        Worker.prototype.postMessage = function (/** @type {[any, any?]} */ ...args) {
          postMessage.apply(this, args);
          if (!self.kills || args[0]?.request?.type !== "run") return;
          self.killed++;
          this.dispatchEvent(new ErrorEvent("error", { message: "ended on purpose", cancelable: true }));
        };
      }),
  });
  await fillSettings(page, LONG);
  await press(page, "Step");
  await phase(page, /Paused/);
  await page.evaluate(() => void (self.kills = true));
  await press(page, "Resume");
  await page.getByRole("alert").filter({ hasText: "ended on purpose" }).filter({ hasText: "press “Resume” to go on" }).waitFor();
  assert.equal(await page.evaluate(() => self.killed), 2, "once more by itself, and no more");
  await page.evaluate(() => void (self.kills = false));
  await usable(page, "Resume");
  await press(page, "Resume");
  await trainsPast(page, 3);
  await done();
});
