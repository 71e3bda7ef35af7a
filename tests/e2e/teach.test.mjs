/** Settings that teach: word pieces, a learning rate by trial, ready-made settings, better choices, sliders. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { button, choose, figure, fillSettings, keptRun, loadCheckpoint, mmrec, phase, press, ready, saveCheckpoint, SMALL, startWithFolder, text, unfold, usable, visit } from "./helpers.mjs";

const place = startWithFolder();

const SENTENCES = text(3000);

/** @param {import("playwright-core").Page} page @param {string} content */
async function chooseOwn(page, content) {
  await choose(page, [{ name: "own.txt", buffer: Buffer.from(content) }]);
  await page.locator("#text-name").filter({ hasText: "own.txt" }).waitFor();
}

/** @param {import("playwright-core").Page} page @param {string} name */
const field = (page, name) => page.locator(`#settings [name="${name}"]`);

/** Waits for a field to have a value. @param {import("playwright-core").Page} page @param {string} name @param {string} value */
const has = (page, name, value) =>
  page.waitForFunction(([name, value]) => /** @type {HTMLInputElement} */ (document.querySelector(`#settings [name="${name}"]`)).value === value, [name, value]);

test("word pieces are learned from the text, shown, trained, kept, and the same in the program", async () => {
  const { page, done } = await visit(place);
  await chooseOwn(page, SENTENCES);
  assert.equal(await page.locator("#tokens").isVisible(), false, "characters need no preview");
  assert.equal(await field(page, "vocab").isVisible(), false);
  const characters = SENTENCES.length;
  await page.locator("#text-characters").filter({ hasText: new RegExp(`^${characters.toLocaleString("en")}$`) }).waitFor();

  await fillSettings(page, { tokenizer: "bpe", vocab: 300, ...SMALL, steps: 30, eval_every: 10 });
  await page.locator("#text-vocabulary").filter({ hasText: /^300$/ }).waitFor();
  await page.locator("#tokens-summary").click();
  const summary = (await page.locator("#tokens-summary").textContent()) ?? "";
  const split = (await page.locator("#text-split-label").textContent()) ?? "";
  const [train, held] = [...split.matchAll(/([\d,]+) tokens|, ([\d,]+) \(/g)].map((found) => Number((found[1] ?? found[2]).replaceAll(",", "")));
  assert.equal(summary, `Its tokens: 1 token = ${(characters / (train + held)).toFixed(1)} characters`);
  const tokens = await page.locator("#tokens-shown span").allTextContents();
  const shown = tokens.join("").replaceAll("⏎", "");
  assert.ok(SENTENCES.startsWith(shown) && shown.length > 200 && tokens.length < shown.length / 2, `${tokens.length} tokens of ${shown.length} characters`);
  assert.match((await page.locator("#tokens-spoken").textContent()) ?? "", new RegExp(`these ${tokens.length} tokens: “`));

  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  const kept = await keptRun(page, (manifest) => manifest.step === 30 && manifest.phase === "ended");
  assert.deepEqual([kept.settings.tokenizer, kept.settings.vocab, kept.options.vocab], ["bpe", 300, 300]);
  await page.locator("#chart-summary").filter({ hasText: "guessing uniformly 5.704" }).waitFor();

  // What it reads is looked at in the same tokens.
  await page.locator("#inside summary").first().click();
  await page.getByLabel("Text to look at").fill("Ada finds the red kite.");
  await press(page, "Look");
  await page.locator("#inside-body").filter({ hasText: /tokens/ }).waitFor();

  const { path } = await saveCheckpoint(page, join(place.folder, "pieces.safetensors"));
  const info = await mmrec("info", path, "--json");
  assert.match(JSON.stringify(info), /"bpe"/);

  // Another visit goes on with it, on its own tokens.
  await page.reload();
  await press(page, "Open");
  await phase(page, /All planned steps are done/);
  await has(page, "vocab", "300");
  await fillSettings(page, { steps: 32 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: "32 / 32" }).waitFor();

  // A file brings its tokenizer along.
  await page.reload();
  await ready(page);
  await press(page, "Not now");
  await fillSettings(page, { tokenizer: "char" });
  await loadCheckpoint(page, path);
  await page.locator(".notice").filter({ hasText: "was trained on the present text" }).waitFor();
  await has(page, "tokenizer", "bpe");
  await done();
});

test("the program's word pieces are the page's", async () => {
  const { page, done } = await visit(place);
  const { writeFile } = await import("node:fs/promises");
  const source = join(place.folder, "own.txt");
  await writeFile(source, SENTENCES);
  const out = join(place.folder, "cli");
  await mmrec("train", "--json", "--data", source, "--tokenizer", "bpe", "--stage", "tiny", "--out", out, "--steps", "2", "--batch", "2", "--context", "32");
  await chooseOwn(page, SENTENCES);
  await loadCheckpoint(page, join(out, "last.safetensors"));
  await page.locator(".notice").filter({ hasText: "was trained on the present text" }).waitFor();
  await has(page, "tokenizer", "bpe");
  await fillSettings(page, { steps: 4 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: "4 / 4" }).waitFor();
  await done();
});

test("a learning rate is found by trial, shown in words and picture, stopped and used; the run stays as it is", async () => {
  const { page, done } = await visit(place);
  await chooseOwn(page, SENTENCES);
  await fillSettings(page, { ...SMALL, batch: 4 });
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  const before = await figure(page, "train");
  const loaded = () => page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/lr-finder/")).length);
  assert.equal(await loaded(), 0, "nothing is loaded before it is unfolded");

  await page.locator("#rate summary").click();
  await press(page, "Try rates");
  await page.locator("#rate-result").filter({ hasText: /\d+ of at most 100 rates tried/ }).waitFor();
  await press(page, "Stop trying");
  await page.locator("#rate-result").filter({ hasText: "Stopped before the end" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Try again", "the keyboard goes on there");
  assert.ok(await loaded() > 0);

  await press(page, "Try again");
  const result = page.locator("#rate-result").filter({ hasText: /The loss fell from .* Suggested: [\d.]+\./ });
  await result.waitFor();
  const [, first, lowest, at, suggested] = (await result.textContent())?.match(/from ([\d.]+) to ([\d.]+) at a rate of ([\d.]*\d).*Suggested: ([\d.]+)\./) ?? [];
  assert.ok(Number(first) > Number(lowest) && Number(suggested) < Number(at), `${first} ${lowest} ${at} ${suggested}`);
  assert.ok(Number(suggested) >= 0.0005 && Number(suggested) <= 0.05, suggested);
  assert.equal(await page.locator('#rate-body [role="img"]').getAttribute("aria-describedby"), "rate-result");
  await page.locator("#rate-body canvas").waitFor();

  await press(page, `Use ${suggested}`);
  await has(page, "lr", suggested);
  assert.deepEqual([await figure(page, "step"), await figure(page, "train")], ["5 / 5", before]);

  // A run that begins ends the search.
  await press(page, "Try again");
  await page.locator("#rate-result").filter({ hasText: /\d+ of at most/ }).waitFor();
  await press(page, "Train");
  await page.locator("#rate-result").filter({ hasText: "Stopped before the end" }).waitFor();
  await phase(page, /All planned steps are done/);
  await done();
});

test("ready-made settings fit the machine and the text", async () => {
  const { page, done } = await visit(place);
  await page.locator("#estimate").filter({ hasText: /about|few/ }).waitFor();
  await page.locator("#presets summary").click();
  const quick = page.locator(".preset").filter({ hasText: "A quick look" });
  await quick.filter({ hasText: /[\d,]+ steps, about (a minute|\d+ seconds)\./ }).waitFor();
  await fillSettings(page, { stage: "mini", dropout: 0.3, seed: 7 });
  await press(page, "The best of a small text");
  await has(page, "dropout", "0.2");
  assert.equal(await page.locator('#settings [value="mini"]').isChecked(), true);
  await press(page, "A quick look");
  await has(page, "dropout", "0");
  assert.equal(await page.locator('#settings [value="tiny"]').isChecked(), true);
  assert.equal(await field(page, "seed").inputValue(), "7", "what is the person's stays");
  await page.locator("#estimate").filter({ hasText: /about a minute|about \d+ seconds/ }).waitFor();
  await done();
});

test("better choices before a start: each is a press away", async () => {
  const { page, done } = await visit(place);
  const advice = page.locator("#advice .better");
  await chooseOwn(page, text(12));
  await advice.filter({ hasText: /room for a context of up to \d+ tokens/ }).waitFor();
  await advice.getByRole("button", { name: /^Context \d+$/ }).click();
  await usable(page, "Train");

  await fillSettings(page, { batch: 4, steps: 2000 });
  await advice.filter({ hasText: /see the text [\d,]+ times and learn it by heart/ }).waitFor();
  await advice.getByRole("button", { name: /^[\d,]+ steps$/ }).click();
  await page.waitForFunction(() => document.querySelector("#advice .better") === null);
  assert.ok(Number(await field(page, "steps").inputValue()) < 2000);

  await press(page, "Sample");
  await page.locator("#text-name").filter({ hasText: "Built-in sample" }).waitFor();
  await fillSettings(page, { context: 128, batch: 8, steps: 1_000_000 });
  await advice.filter({ hasText: /This takes about [\d.]+ (hours|days)/ }).getByRole("button", { name: /^[\d,]+ steps \(about/ }).click();
  await page.waitForFunction(() => !document.querySelector("#advice")?.textContent?.includes("This takes"));

  await field(page, "context").fill("1024");
  await field(page, "batch").fill("2048");
  await field(page, "batch").blur();
  await page.locator("#settings-problem").filter({ hasText: /of memory, and the page can have/ }).waitFor();
  assert.equal(await button(page, "Train").getAttribute("aria-disabled"), "true");
  await advice.filter({ hasText: "This would fit" }).getByRole("button", { name: /^Batch \d+ \(/ }).click();
  await usable(page, "Train");
  await done();
});

/** Waits for what a slider says of its value. @param {import("playwright-core").Page} page @param {string} name @param {string} words */
const says = (page, name, words) => page.locator(`#settings [name="${name}"] + .slider[aria-valuetext="${words}"]`).waitFor();

test("a slider and its field go together, also by keyboard", async () => {
  const { page, done } = await visit(place);
  await unfold(page, "#more-settings");
  const slider = page.getByRole("slider", { name: "Learning rate" });
  await field(page, "lr").fill("0.004");
  await field(page, "lr").blur();
  await says(page, "lr", "0.004");
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await has(page, "lr", "0.006");
  await says(page, "lr", "0.006");
  const context = page.getByRole("slider", { name: "Context" });
  await context.focus();
  await page.keyboard.press("Home");
  await has(page, "context", "16");
  await says(page, "context", "16 tokens");
  await page.locator("#text-split-label").filter({ hasText: /tokens to train on/ }).waitFor();
  // Values between the stops are the field's.
  await field(page, "context").fill("50");
  await field(page, "context").blur();
  await says(page, "context", "50 tokens");
  await ready(page);
  await press(page, "Train");
  await page.locator("#settings-lock").filter({ hasText: /Stop the run/ }).waitFor();
  assert.deepEqual([await context.isDisabled(), await page.getByRole("slider", { name: "Steps", exact: true }).isDisabled()], [true, false]);
  await press(page, "Stop");
  await done();
});
