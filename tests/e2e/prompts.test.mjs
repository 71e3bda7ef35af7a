/** Prompts: one that takes long to read, and one with characters that the model has never met. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { figure, phase, press, fillSettings, startWithFolder, text, usable, visit, trainSmall, SMALL } from "./helpers.mjs";

const place = startWithFolder();

test("characters that the model cannot see are named, of a prompt and of the samples' prompt", async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  const state = page.locator("#prompt-state");
  const prompt = page.locator("#prompt");
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("5");

  await prompt.fill("Onceş upon a €timeş");
  await press(page, "Generate");
  await state.filter({ hasText: "The model cannot see 3 characters of this prompt, since its text never had them: “ş”, “€”." }).waitFor();
  await prompt.fill("Once");
  assert.equal(await state.textContent(), "");
  await usable(page, "Generate");
  await press(page, "Generate");
  await page.locator('#written[aria-busy="false"]').filter({ hasText: /^Once./ }).waitFor();
  assert.equal(await state.textContent(), "");

  const ofSamples = page.locator("#sample-prompt-state");
  assert.equal(await ofSamples.textContent(), "");
  await fillSettings(page, { sample_prompt: "Żona" });
  await press(page, "Train");
  await ofSamples.filter({ hasText: "cannot see 1 character of this prompt, since its text never had it: “Ż”." }).waitFor();
  await phase(page, /All planned steps are done/);
  await fillSettings(page, { sample_prompt: "Once" });
  await press(page, "Train");
  await page.waitForFunction(() => document.querySelector("#sample-prompt-state")?.textContent === "");
  await done();
});

test("writing stops while a long prompt is being read, and training goes on", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 1000 });
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  await page.locator("#prompt").evaluate((/** @type {HTMLTextAreaElement} */ area, prompt) => (area.value = prompt), text(40_000).slice(0, 1_000_000));
  await press(page, "Generate");
  const began = Date.now();
  const reading = page.locator("#prompt-state").filter({ hasText: /^Reading the prompt: [1-9]\d* %$/ });
  await reading.waitFor();
  const share = Number.parseInt(((await reading.textContent()) ?? "").replace(/\D+/, "")) / 100;
  const pressed = Date.now();
  const left = ((pressed - began) / share) * (1 - share);
  await press(page, "Stop writing");
  await usable(page, "Generate");
  const took = Date.now() - pressed;
  assert.ok(took < Math.max(5000, left / 10), `it took ${took} ms, and reading on would have taken ${left.toFixed(0)} ms`);
  assert.doesNotMatch((await page.locator("#prompt-state").textContent()) ?? "", /Reading/);
  const step = await figure(page, "step");
  await page.waitForFunction((step) => document.querySelector("#figure-step")?.textContent !== step, step);
  await done();
});
