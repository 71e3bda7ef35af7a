/** Thousands of runs: what is done with them takes as much longer as there are more of them, and not the square of that. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { strToU8, zipSync } from "fflate";

import { SMALL, startWithFolder, text, unfold, usable, visit } from "./helpers.mjs";

const place = startWithFolder();

const TEXT = strToU8(text(20_000));
const ID = createHash("sha256").update(TEXT).digest("hex");
const STEPS = 100;

/** A file that begins as checkpoints do. */
function state() {
  const bytes = new Uint8Array(1000);
  new DataView(bytes.buffer).setBigUint64(0, 900n, true);
  bytes[8] = "{".charCodeAt(0);
  return bytes;
}

/** @param {(step: number) => number | null} value */
const column = (value) => Array.from({ length: STEPS }, (_, at) => value(at + 1));
const CURVE = strToU8(
  JSON.stringify({
    steps: column((step) => step),
    train: column((step) => 4 / step),
    trend: column((step) => 4 / step),
    validation: column((step) => (step % 10 ? null : 4 / step)),
    lr: column(() => 0.01),
    speed: column(() => 100),
    tokens: column((step) => 64 * step),
    seconds: column((step) => step),
    flops: column((step) => 1e6 * step),
  }),
);

/** @param {number} number */
function manifest(number) {
  const settings = { stage: "tiny", tokenizer: "char", lr: 0.01, seed: number, dropout: 0, save_every: 0, sample_prompt: "", ...SMALL, steps: STEPS };
  const kept = { file: `step${STEPS}.safetensors`, step: STEPS, bytes: 1000 };
  return {
    version: 2,
    id: crypto.randomUUID(),
    // All of one name: each gets one of its own.
    name: number % 2 ? "twin" : `run ${number}`,
    created: 1e12 + number,
    changed: 1e12 + number,
    text: { kind: "kept", id: ID, name: "own.txt" },
    textName: "own.txt",
    options: { tokenizer: "char", context: SMALL.context, batch: SMALL.batch },
    settings,
    parameters: 200_000,
    uniform: 3.3,
    phase: "ended",
    verdict: "steps",
    step: STEPS,
    loss: 0.04,
    best: { step: STEPS, loss: 0.04 },
    growths: [],
    samples: [],
    states: [kept],
    bestState: kept,
    curve: "curve.json",
    deleted: false,
  };
}

/** @param {number} runs */
function zipOf(runs) {
  /** @type {Record<string, Uint8Array>} */
  const entries = { [`texts/${ID}.txt`]: TEXT };
  for (let number = 0; number < runs; number++) {
    const folder = `runs/run-${number}`;
    Object.assign(entries, { [`${folder}/run.json`]: strToU8(JSON.stringify(manifest(number))), [`${folder}/curve.json`]: CURVE, [`${folder}/step${STEPS}.safetensors`]: state() });
  }
  return Buffer.from(zipSync(entries, { level: 1 }));
}

/**
 * Takes in so many runs with the list unfolded.
 * @param {number} runs
 */
async function takenIn(runs) {
  const { page, done } = await visit(place);
  await unfold(page, "#runs");
  await usable(page, "Import");
  const before = performance.now();
  await page.locator("#runs-file").setInputFiles({ name: "runs.zip", mimeType: "application/zip", buffer: zipOf(runs) });
  await page.locator(".notice").filter({ hasText: `${runs.toLocaleString("en")} runs were taken in.` }).waitFor();
  return { page, done, seconds: (performance.now() - before) / 1000 };
}

test("the time to take runs in grows as their number does; all are listed, found and exported", { timeout: 600_000 }, async (context) => {
  const few = await takenIn(250);
  await few.done();
  const { page, done, seconds } = await takenIn(1000);
  context.diagnostic(`250 runs in ${few.seconds.toFixed(1)} s, 1,000 in ${seconds.toFixed(1)} s`);
  // Four times as many take sixteen times as long where each is compared with all.
  assert.ok(seconds < 8 * few.seconds, `250 runs took ${few.seconds} s, 1,000 took ${seconds} s`);

  assert.equal(await page.locator("#run-list > li").count(), 1000);
  const names = await page.locator("#run-list .run-name").evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value));
  assert.equal(new Set(names).size, 1000, "each has a name of its own");
  assert.match(names[0], /^twin/, "the newest is the first");
  const answered = await page.evaluate(async () => {
    const began = performance.now();
    const search = /** @type {HTMLInputElement} */ (document.querySelector("#runs-search"));
    search.value = "run 998";
    search.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return performance.now() - began;
  });
  context.diagnostic(`searched in ${answered.toFixed(0)} ms`);
  await page.locator("#runs-status").filter({ hasText: "1 run found" }).waitFor();
  assert.equal(await page.locator("#run-list > li").count(), 1);
  await page.getByLabel("Search the runs").fill("");

  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export all" }).click();
  assert.match((await waiting).suggestedFilename(), /\.zip$/);
  await done();
});
