/** A GPT of the same size, to compare with: trained, laid over the other run, looked into, saved, opened by the program. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { apart, choose, fillSettings, keptRun, loadCheckpoint, mmrec, MMREC, pageLogits, phase, press, saveCheckpoint, SMALL, startWithFolder, text, unfold, visit } from "./helpers.mjs";

const place = startWithFolder();

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(1500)) };

/** @param {import("playwright-core").Page} page @param {Record<string, number | boolean | string>} settings */
async function train(page, settings) {
  await fillSettings(page, { ...SMALL, ...settings });
  await press(page, "Train");
  await phase(page, /Training/);
  await phase(page, /All planned steps are done/);
  return keptRun(page, (run) => run.phase === "ended" && run.settings.gpt === settings.gpt);
}

test("a GPT of the same size trains by the same settings, and its run lies over the other's", async () => {
  const { page, done } = await visit(place);
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  const ours = await train(page, { steps: 20, gpt: false });
  const gpt = await train(page, { steps: 20, gpt: true });
  assert.deepEqual({ ...gpt.settings, gpt: false }, ours.settings);
  assert.ok(Math.abs(gpt.parameters / ours.parameters - 1) < 0.005, `${gpt.parameters} and ${ours.parameters}`);
  assert.equal(await page.locator("#growth").isVisible(), false, "a GPT does not grow");

  // Another size is a GPT as well, until the person wants none.
  await fillSettings(page, { stage: "mini" });
  assert.equal(await page.locator("#settings [name=gpt]").isChecked(), true);
  await fillSettings(page, { stage: "tiny" });

  await unfold(page, "#runs");
  await page.locator("#run-list").filter({ hasText: "tiny GPT" }).waitFor();
  await page.getByRole("checkbox", { name: `Show “${ours.name}” in the charts` }).check();
  const table = page.getByRole("region", { name: "Runs in the charts" });
  await table.getByRole("columnheader", { name: "GPT" }).waitFor();
  const cells = await table.locator("tr").evaluateAll((rows) => rows.map((row) => [.../** @type {HTMLTableRowElement} */ (row).cells].map((cell) => cell.textContent?.trim())));
  assert.deepEqual(cells.map((row) => row.slice(2)), [["Steps", "GPT"], ["20", "✓"], ["20", "–"]]);
  await done();
});

test("a look inside a GPT shows its predictions and its attention, and no memory; the program agrees on it", { skip: MMREC ? false : "MMREC_BIN is not set" }, async () => {
  const { page, done } = await visit(place);
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await train(page, { steps: 30, gpt: true, tokenizer: "byte" });

  await page.locator("#inside > summary").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Text to look at").fill("Ada finds the red kite.");
  await press(page, "Look");
  await page.waitForFunction(() => document.querySelectorAll(".heat [role=option]").length === 23);
  const headings = () => page.locator("#inside .view h3").allTextContents();
  assert.deepEqual(await headings(), ["What surprised it", "What it attends to", "What each part is worth"]);
  await page.getByText("A GPT has no memory").waitFor();
  await press(page, "Measure");
  await page.locator("#inside td").filter({ hasText: /^[+−]\d/ }).waitFor();
  assert.equal(await page.locator("#inside .view:last-child tbody tr").count(), 2, "nothing, and all other tokens");

  const { path } = await saveCheckpoint(page, join(place.folder, "gpt.safetensors"));
  const info = await mmrec("info", path, "--json");
  assert.deepEqual([info.stage, info.model.window, info.horizon], ["tiny", 32, 32]);
  const prompt = "Ada finds the red kite. ".repeat(3);
  const line = await mmrec("generate", path, "--prompt", prompt, "--logits", "--json");
  assert.ok(apart(await pageLogits(page, path, prompt), line.logits) < 1e-3, "beyond the window as well");

  await fillSettings(page, { gpt: false });
  await loadCheckpoint(page, path);
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector("#settings [name=gpt]")).checked);
  await done();
});
