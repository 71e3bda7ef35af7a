/** The main job: one's own text, trained until it has learned, kept through a reload, written with, and taken to the command line. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { apart, assertWhole, button, choose, curve, figure, keptRun, loadCheckpoint, MMREC, mmrec, pageLogits, phase, press, ready, saveCheckpoint, fillSettings, startWithFolder, text, usable, until, visit, trainSmall, SMALL } from "./helpers.mjs";

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(3000)) };
const PROMPT = "Ada finds ";

const place = startWithFolder();

test("train on an own text, pause, reload, continue, write, save; the command line agrees", async () => {
  const { page, done } = await visit(place);
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: "objects.txt" }).waitFor();
  assert.match((await page.locator("#text-split-label").textContent()) ?? "", /tokens to train on/);
  await fillSettings(page, { context: 64, batch: 8, steps: 400, eval_every: 20, warmup: 10, sample_every: 20, sample_prompt: "Ben ", seed: 3 });

  await press(page, "Train");
  const uniform = Math.log(Number(await page.locator("#text-vocabulary").textContent()));
  await page.waitForFunction((limit) => Number(document.querySelector("#figure-validation")?.textContent) < limit, 0.8 * uniform);
  await page.locator("#sample-list li").first().waitFor();
  await press(page, "Pause");
  await phase(page, /Paused/);
  const step = await figure(page, "step");
  const loss = await figure(page, "validation");
  const before = await curve(page);
  assertWhole(before, Number(step.split(" ")[0]));
  const samples = await page.locator("#sample-list").textContent();

  await page.reload();
  await ready(page);
  const offer = (await page.locator("#kept-text").textContent()) ?? "";
  assert.ok(offer.includes(`step ${step.split(" ")[0]} of 400`) && offer.includes(loss) && offer.includes("objects.txt"), offer);
  await button(page, "Continue").click();
  await usable(page, "Resume");
  assert.equal(await figure(page, "step"), step);
  assert.equal(await figure(page, "validation"), loss);
  assert.deepEqual(await curve(page), before);
  assert.equal(await page.locator("#sample-list").textContent(), samples);

  await press(page, "Resume");
  await page.waitForFunction((past) => Number(document.querySelector("#figure-step")?.textContent?.split(" ")[0]) > past, before.length + 5);
  await press(page, "Pause");
  await phase(page, /Paused/);
  const further = await curve(page);
  assertWhole(further, further.length);
  assert.ok(further.length > before.length + 5);
  assert.deepEqual(further.slice(0, before.length).map(({ train }) => train), before.map(({ train }) => train));

  await page.locator("#prompt").fill(PROMPT);
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("60");
  await press(page, "Generate");
  await page.locator('#written[aria-busy="false"]').waitFor();
  const written = (await page.locator("#written").textContent()) ?? "";
  assert.ok(written.startsWith(PROMPT) && written.length > PROMPT.length + 20, written);

  const { path, name } = await saveCheckpoint(page, join(place.folder, "page.safetensors"));
  assert.match(name, /^mmrec-tiny-step\d+\.safetensors$/);
  if (MMREC) {
    const info = await mmrec("info", path, "--json");
    assert.equal(info.step ?? info.progress?.step, further.length);
    const native = (await mmrec("generate", path, "--prompt", PROMPT, "--logits", "--json")).logits;
    const worst = apart(await pageLogits(page, path, PROMPT), native);
    assert.ok(worst < 1e-4, `logits differ by ${worst}`);
  }
  await done();
});

test("a checkpoint of the command line trains on in the page, on its own text", { skip: MMREC ? false : "MMREC_BIN is not set" }, async () => {
  const source = join(place.folder, "objects.txt");
  await writeFile(source, TEXT.buffer);
  const run = join(place.folder, "run");
  await mmrec("train", "--data", source, "--stage", "tiny", "--tokenizer", "char", "--out", run, "--steps", "6", "--batch", "2", "--context", "32", "--eval-every", "3", "--json");

  const { page, done } = await visit(place);
  await loadCheckpoint(page, join(run, "last.safetensors"));
  await page.getByText("open for writing only").waitFor();
  await usable(page, "Generate");
  assert.equal(await button(page, "Resume").getAttribute("aria-disabled"), "true");

  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: "objects.txt" }).waitFor();
  await loadCheckpoint(page, join(run, "last.safetensors"));
  await page.getByText("was trained on the present text").waitFor();
  await fillSettings(page, { steps: 9 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: "9 / 9" }).waitFor();
  await phase(page, /All planned steps are done/);
  await done();
});

test("a model of sizes that the page does not offer trains on as well", { skip: MMREC ? false : "MMREC_BIN is not set" }, async () => {
  const [source, sizes, run] = ["objects.txt", "sizes.toml", "own-sizes"].map((name) => join(place.folder, name));
  await writeFile(source, TEXT.buffer);
  await writeFile(sizes, "[model]\nvocab = 256\nwidth = 24\nlayers = 2\nheads = 2\nlevels = 2\nfeed_forward = 40\n");
  await mmrec("train", "--data", source, "--config", sizes, "--tokenizer", "byte", "--out", run, "--steps", "2", "--batch", "2", "--context", "32", "--json");

  const { page, done } = await visit(place);
  await fillSettings(page, { tokenizer: "byte" });
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: "objects.txt" }).waitFor();
  await loadCheckpoint(page, join(run, "last.safetensors"));
  await page.getByText("was trained on the present text").waitFor();
  assert.equal(await page.locator("input[name=stage]:checked").count(), 0);
  await fillSettings(page, { steps: 4 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: "4 / 4" }).waitFor();
  await phase(page, /All planned steps are done/);
  await done();
});

test("a run that was under way goes on by itself after Continue; Not now leaves it where it is", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 50 });
  await press(page, "Train");
  // The first state is kept after a few seconds.
  await keptRun(page, () => true);
  await page.reload();
  await ready(page);
  await button(page, "Continue").click();
  await phase(page, /Training/);
  await page.waitForFunction(() => Number(document.querySelector("#figure-step")?.textContent?.split(" ")[0].replaceAll(",", "")) > 3);
  await press(page, "Pause");
  await phase(page, /Paused/);
  const points = await curve(page);
  assert.ok(points.every((point, index) => index === 0 || point.step > points[index - 1].step), "no repeat");
  await page.reload();
  await ready(page);
  await button(page, "Not now").click();
  await button(page, "Continue").waitFor({ state: "hidden" });
  await page.reload();
  await ready(page);
  await button(page, "Continue").click();
  await usable(page, "Resume");
  assert.deepEqual(await curve(page), points);
  await done();
});

test("a run that has ended is not there to be continued: it is opened, or trained on", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  await keptRun(page, (manifest) => manifest.phase === "ended");
  await page.reload();
  await ready(page);
  assert.match((await page.locator("#kept-text").textContent()) ?? "", /has ended and is kept here: step 5 of 5/);
  assert.equal(await button(page, "Continue").count(), 0);
  await press(page, "Open");
  await phase(page, /All planned steps are done/);
  assert.equal(await figure(page, "step"), "5 / 5");

  await page.reload();
  await ready(page);
  await press(page, "Train on");
  await page.locator("#figure-step").filter({ hasText: "10 / 10" }).waitFor();
  await phase(page, /All planned steps are done/);
  assertWhole(await curve(page), 10);
  await done();
});

test("a damaged newest state gives way to the one before it", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 50 });
  await press(page, "Step");
  await page.locator("#figure-step").filter({ hasText: "1 / 50" }).waitFor();
  await phase(page, /Paused/);
  await press(page, "Step");
  await page.locator("#figure-step").filter({ hasText: "2 / 50" }).waitFor();
  await phase(page, /Paused/);
  const { states } = await keptRun(page, (manifest) => manifest.states.length === 2);
  await page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    const file = await folder.getFileHandle(name);
    const whole = await file.getFile();
    const half = whole.slice(0, whole.size / 2);
    const stream = await file.createWritable();
    await stream.write(half);
    await stream.close();
  }, states[0].file);
  await page.reload();
  await ready(page);
  await button(page, "Continue").click();
  await page.getByText("The newest kept state was damaged").waitFor();
  await page.locator("#figure-step").filter({ hasText: "1 / 50" }).waitFor();
  await done();
});

test("where the browser keeps nothing, a run is not replaced without a question", async () => {
  const { page, done } = await visit(place, {
    before: (page) =>
      page.addInitScript(() => {
        navigator.storage.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));
        indexedDB.open = () => {
          throw new DOMException("no", "InvalidStateError");
        };
      }),
  });
  await page.getByText("lets the page keep nothing").waitFor();
  await fillSettings(page, { ...SMALL, steps: 25 });
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  await press(page, "Train");
  await page.getByRole("dialog").getByText("step 25").waitFor();
  await button(page, "Cancel").last().click();
  assert.equal(await figure(page, "step"), "25 / 25");
  await press(page, "Train");
  await button(page, "Replace").click();
  await page.locator("#figure-step").filter({ hasText: /^[1-9] \/ 25/ }).waitFor();
  await done();
});

test("writing can be stopped, and waits for nobody while training goes on", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 1000 });
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("100000");
  await press(page, "Generate");
  await page.waitForFunction(() => (document.querySelector("#written")?.textContent?.length ?? 0) > 40);
  await press(page, "Stop writing");
  await usable(page, "Generate");
  await phase(page, /Training/);
  await press(page, "Stop");
  await phase(page, /Stopped/);
  await done();
});

test("without a private file system, IndexedDB keeps the run", async () => {
  const { page, done } = await visit(place, {
    before: (page) => page.addInitScript(() => (navigator.storage.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError")))),
  });
  await fillSettings(page, { ...SMALL, steps: 50 });
  await press(page, "Step");
  await phase(page, /Paused/);
  await until(page, async () => {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open("mmrec", 1);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    const keys = await new Promise((resolve) => {
      const listing = database.transaction("files").objectStore("files").getAllKeys();
      listing.onsuccess = () => resolve(listing.result);
    });
    database.close();
    return keys.some((/** @type {IDBValidKey} */ key) => String(key).startsWith("state-")) && keys.some((/** @type {IDBValidKey} */ key) => String(key).startsWith("run-"));
  });
  await page.reload();
  await ready(page);
  await button(page, "Continue").click();
  await page.locator("#figure-step").filter({ hasText: "1 / 50" }).waitFor();
  await done();
});
