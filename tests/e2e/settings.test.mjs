/** Every setting of a run, also those that the page has no field for, on the way from the program into the page and back. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { button, choose, fillSettings, loadCheckpoint, mmrec, MMREC, phase, press, saveCheckpoint, startWithFolder, text, visit } from "./helpers.mjs";

const place = startWithFolder();

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(1500)) };
/** What no one begins with. The seed is no number that JavaScript could tell from the next. */
const OPTIONS =
  "--gate-rank 4 --planning --dropout 0.1 --accum 2 --recompute --optimizer sgd --lr 0.013 --floor 0.3 --warmup 1 --weight-decay 0.02 --clip 0.5 " +
  "--patience 50 --eval-every 4 --eval-windows 7 --save-every 9 --log-every 2 --sample-tokens 33 --seed 9007199254740995 --context 32 --batch 2";

/** @param {import("playwright-core").Page} page @param {string} name */
async function settingsOf(page, name) {
  const { path } = await saveCheckpoint(page, join(place.folder, name));
  const { model, train, step } = await mmrec("info", path, "--json");
  return { model, train, step };
}

test("whatever a run of the program was trained with stays so in the page: trained on, begun again, grown", { skip: MMREC ? false : "MMREC_BIN is not set" }, async () => {
  const [source, run] = [join(place.folder, TEXT.name), join(place.folder, "run")];
  await writeFile(source, TEXT.buffer);
  await mmrec("train", "--data", source, "--stage", "tiny", ...OPTIONS.split(" "), "--steps", "4", "--out", run, "--json");
  const file = join(run, "last.safetensors");
  const { model, train } = await mmrec("info", file, "--json");
  assert.deepEqual([model.gate_rank, model.planning, train.accum, train.optimizer, train.clip], [4, true, 2, "sgd", 0.5]);

  const { page, done } = await visit(place);
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await loadCheckpoint(page, file);
  await page.getByText("was trained on the present text").waitFor();
  await page.getByText("All its steps are done: raise “Steps” to train on").waitFor();
  assert.equal(await page.locator("input[name=stage]:checked").getAttribute("value"), "tiny");
  await fillSettings(page, { steps: 6 });
  await press(page, "Resume");
  await page.locator("#figure-step").filter({ hasText: "6 / 6" }).waitFor();
  await phase(page, /All planned steps are done/);
  assert.deepEqual(await settingsOf(page, "on.safetensors"), { model, train: { ...train, steps: 6 }, step: 6 });

  await fillSettings(page, { steps: 3 });
  await press(page, "Train");
  await page.locator("#figure-step").filter({ hasText: "3 / 3" }).waitFor();
  await phase(page, /All planned steps are done/);
  assert.deepEqual(await settingsOf(page, "again.safetensors"), { model, train: { ...train, steps: 3 }, step: 3 });

  await press(page, "Grow to mini");
  for (const [label, value] of Object.entries({ "More steps": "2", "Learning rate": "0.007", "Warm-up steps": "0" })) await page.getByRole("dialog").getByLabel(label).fill(value);
  await button(page, "Grow").click();
  await page.getByText("The model grew to mini").waitFor();
  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const grown = await settingsOf(page, "grown.safetensors");
  assert.deepEqual(grown.train, { ...train, steps: 5, lr: 0.007, warmup: 0 });
  assert.deepEqual([grown.model.width, grown.model.gate_rank, grown.model.planning, grown.model.dropout], [192, 4, true, 0.1]);
  await done();
});
