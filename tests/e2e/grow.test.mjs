/** A trained model becomes the next larger one and learns on: the same function, one curve, through a reload and into a file. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { apart, assertWhole, button, choose, curve, engineOf, figure, keptRun, loadCheckpoint, MMREC, mmrec, pageLogits, phase, press, ready, saveCheckpoint, fillSettings, SMALL, startWithFolder, text, usable, visit } from "./helpers.mjs";

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(1500)) };
const PROMPT = "Ada finds ";

const place = startWithFolder();

/** @param {import("playwright-core").Page} page @param {Record<string, number>} settings */
async function trainOn(page, settings) {
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await fillSettings(page, { ...SMALL, ...settings });
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
}

/**
 * Grows by the dialog, which is left as it comes up save for what is given.
 * @param {import("playwright-core").Page} page
 * @param {string} stage
 * @param {Record<string, number>} [fields]
 */
async function growTo(page, stage, fields = {}) {
  await press(page, `Grow to ${stage}`);
  for (const [label, value] of Object.entries(fields)) await page.getByRole("dialog").getByLabel(label).fill(String(value));
  await button(page, "Grow").click();
  await page.getByText(`The model grew to ${stage}`).waitFor();
}

/** Where the table says that the model grew: the step of the row before. @param {import("playwright-core").Page} page */
async function marks(page) {
  await curve(page);
  return page.locator("#numbers-body tr.mark").evaluateAll((rows) => rows.map((row) => Number(/** @type {HTMLTableRowElement | null} */ (row.previousElementSibling)?.cells[0].textContent)));
}

/** @param {import("playwright-core").Page} page @param {string} why */
const refused = (page, why) => page.locator(`#grow[aria-disabled="true"][title="${why}"]`).waitFor();

/** @param {import("playwright-core").Page} page */
const stage = (page) => page.locator("input[name=stage]:checked").getAttribute("value");

test("grow to mini, train on, reload, continue, save; the command line agrees", async () => {
  const { page, done } = await visit(place);
  await trainOn(page, { batch: 4, steps: 40, eval_every: 20, lr: 0.004 });
  const small = await saveCheckpoint(page, join(place.folder, "tiny.safetensors"));
  const before = await curve(page);

  await growTo(page, "mini", { "More steps": 6, "Warm-up steps": 2 });
  assert.equal(await figure(page, "step"), "40 / 46");
  assert.equal(await stage(page), "mini");
  assert.deepEqual(await curve(page), before);
  assert.deepEqual(await marks(page), [40]);
  await page.locator("#chart-summary").filter({ hasText: /grew after step 40, from 0\.2\d M parameters/ }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.id), "pause");

  const large = await saveCheckpoint(page, join(place.folder, "mini.safetensors"));
  assert.equal(large.name, "mmrec-mini-step40.safetensors");
  const worst = apart(await pageLogits(page, small.path, PROMPT), await pageLogits(page, large.path, PROMPT));
  assert.ok(worst < 1e-3, `logits differ by ${worst}`);

  await keptRun(page, (manifest) => manifest.settings.stage === "mini");
  await page.reload();
  await ready(page);
  await button(page, "Continue").click();
  await usable(page, "Resume");
  assert.equal(await figure(page, "step"), "40 / 46");
  assert.equal(await stage(page), "mini");
  assert.deepEqual(await curve(page), before);
  assert.deepEqual(await marks(page), [40]);

  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const further = await curve(page);
  assertWhole(further, 46);
  assert.deepEqual(further.slice(0, 40), before);
  assert.deepEqual(await marks(page), [40]);
  // One batch differs from the next by about a tenth; an untrained model would be at more than 3.
  assert.ok(Math.abs(Number(further[40].train) - Number(before[39].train)) < 0.4, `${before[39].train} became ${further[40].train}`);
  assert.ok(Math.abs(Number(further[45].validation) - Number(before[39].validation)) < 0.4);

  const { path, name } = await saveCheckpoint(page, join(place.folder, "grown.safetensors"));
  assert.equal(name, "mmrec-mini-step46.safetensors");
  if (MMREC) {
    const info = await mmrec("info", path, "--json");
    assert.deepEqual([info.stage, info.resumable], ["mini", true]);
    const native = (await mmrec("generate", path, "--prompt", PROMPT, "--logits", "--json")).logits;
    assert.ok(apart(await pageLogits(page, path, PROMPT), native) < 1e-3);
  }
  await done();
});

test("a grown model comes back from its file with its mark, and grows again to the last size", async () => {
  const { page, done } = await visit(place);
  await trainOn(page, { steps: 3 });
  await growTo(page, "mini", { "More steps": 2 });
  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const { path } = await saveCheckpoint(page, join(place.folder, "twice.safetensors"));
  const points = await curve(page);
  assertWhole(points, 5);

  await choose(page, [{ name: "other.txt", buffer: Buffer.from(text(600)) }]);
  await page.locator("#text-name").filter({ hasText: "other.txt" }).waitFor();
  await refused(page, "This model was trained on another text");
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await loadCheckpoint(page, path);
  await page.getByText("was trained on the present text").waitFor();
  assert.deepEqual(await curve(page), points);
  assert.deepEqual(await marks(page), [3]);

  await growTo(page, "small");
  // As many steps again as the size before was to take.
  assert.equal(await figure(page, "step"), "5 / 7");
  assert.deepEqual(await marks(page), [3, 5]);
  assert.equal(await page.locator("#growth").isVisible(), false);
  await press(page, "Step");
  await page.locator("#figure-step").filter({ hasText: "6 / 7" }).waitFor();
  await phase(page, /Paused/);
  assertWhole(await curve(page), 6);
  await done();
});

test("marks that are near to each other share a label, and nothing is written over it", async () => {
  const { page, done } = await visit(place, {
    before: (page) =>
      page.addInitScript(() => {
        /** What stands on a canvas. */
        window.writtenOn = new WeakMap();
        const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.clearRect = function (...box) {
          window.writtenOn.set(this.canvas, []);
          return clearRect.apply(this, box);
        };
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...rest) {
          const width = this.measureText(text).width;
          const left = this.textAlign === "right" ? x - width : x;
          window.writtenOn.get(this.canvas)?.push({ text, left, right: left + width, y });
          return fillText.call(this, text, x, y, ...rest);
        };
      }),
  });
  await trainOn(page, { steps: 3 });
  await growTo(page, "mini", { "More steps": 100 });
  await press(page, "Step");
  await page.locator("#figure-step").filter({ hasText: "4 / 103" }).waitFor();
  await phase(page, /Paused/);
  await growTo(page, "small", { "More steps": 100 });
  await page.waitForFunction(() => {
    const canvas = document.querySelector("#loss-chart canvas");
    return canvas && window.writtenOn.get(canvas)?.some(({ text }) => text === "grew 2×");
  });
  const written = await page.locator("#loss-chart canvas").evaluate((canvas) => window.writtenOn.get(canvas) ?? []);
  const [label, ...more] = written.filter(({ text }) => text.startsWith("grew"));
  assert.deepEqual(more, []);
  const over = written.filter((other) => other !== label && other.left < label.right && label.left < other.right && Math.abs(other.y - label.y) < 11);
  assert.deepEqual(over, []);
  await done();
});

test("a model of sizes of its own grows to the smallest size that holds it, and the command line goes on with it", { skip: MMREC ? false : "MMREC_BIN is not set" }, async () => {
  const [source, sizes, run] = [TEXT.name, "sizes.toml", "own-sizes"].map((name) => join(place.folder, name));
  await writeFile(source, TEXT.buffer);
  await writeFile(sizes, "[model]\nvocab = 256\nwidth = 32\nlayers = 2\nheads = 2\nlevels = 2\nfeed_forward = 40\n");
  await mmrec("train", "--data", source, "--config", sizes, "--tokenizer", "byte", "--out", run, "--steps", "2", "--batch", "2", "--context", "32", "--json");

  const { page, done } = await visit(place);
  await fillSettings(page, { tokenizer: "byte" });
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await loadCheckpoint(page, join(run, "last.safetensors"));
  await page.getByText("was trained on the present text").waitFor();
  await growTo(page, "tiny", { "More steps": 3 });
  assert.equal(await stage(page), "tiny");
  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const { path } = await saveCheckpoint(page, join(run, "last.safetensors"));
  await done();

  await mmrec("train", "--data", source, "--out", run, "--resume", "--steps", "7", "--json");
  const info = await mmrec("info", path, "--json");
  assert.deepEqual([info.stage, info.step ?? info.progress?.step], ["tiny", 7]);
});

test("a worker that dies is followed by one with the grown model", async () => {
  const { page, done } = await visit(place, { expected: /ended on purpose/ });
  await trainOn(page, { steps: 3 });
  const before = await curve(page);
  await growTo(page, "mini", { "More steps": 2 });
  await (await engineOf(page)).evaluate(() => void setTimeout(() => { throw new Error("ended on purpose"); }));
  await page.getByRole("alert").filter({ hasText: "ended on purpose" }).waitFor();
  await usable(page, "Resume");
  assert.equal(await figure(page, "step"), "3 / 5");
  assert.deepEqual(await marks(page), [3]);
  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const points = await curve(page);
  assertWhole(points, 5);
  assert.deepEqual(points.slice(0, 3), before);
  await done();
});

test("a running model waits, Cancel and a refused plan change nothing, and growth ends what was being written", async () => {
  const { page, done } = await visit(place);
  assert.equal(await page.locator("#growth").isVisible(), false);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 1000 });
  await press(page, "Train");
  await refused(page, "Pause the run first");
  await page.locator("#figure-step").filter({ hasText: /^[1-9]/ }).waitFor();
  await press(page, "Pause");
  await phase(page, /Paused/);
  const step = await figure(page, "step");
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("100000");
  await press(page, "Generate");
  await usable(page, "Stop writing");

  await press(page, "Grow to mini");
  await page.keyboard.press("Escape");
  assert.equal(await figure(page, "step"), step);
  await press(page, "Grow to mini");
  const rate = page.getByRole("dialog").getByLabel("Learning rate");
  await rate.fill("7");
  await button(page, "Grow").click();
  assert.equal(await rate.evaluate((/** @type {HTMLInputElement} */ field) => field.validity.rangeOverflow), true, "the form knows the engine's ranges");
  await rate.fill("0");
  await button(page, "Grow").click();
  await page.getByRole("alert").filter({ hasText: /did not grow.*lr = 0 is out of range/ }).waitFor();
  assert.equal(await figure(page, "step"), step);
  assert.equal(await stage(page), "tiny");

  await growTo(page, "mini", { "More steps": 50 });
  assert.equal(await button(page, "Stop writing").getAttribute("aria-disabled"), "true", "the model that was writing is gone");
  await press(page, "Resume");
  await phase(page, /Training/);
  assert.match((await page.locator("#settings-lock").textContent()) ?? "", /before the model grew included/);
  await press(page, "Stop");
  await done();
});
