/** The number of parameters is the same wherever the page speaks of it: that of the model which this text and these settings make. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, fillSettings, phase, press, SMALL, startWithFolder, text, unfold, visit } from "./helpers.mjs";

const place = startWithFolder();

/** What a button of the sizes says. @param {import("playwright-core").Page} page @param {string} stage */
const said = (page, stage) => page.locator(`#settings [value="${stage}"] + span small`).textContent();

/** Waits until the chosen size's button says what the estimate does. @param {import("playwright-core").Page} page @param {string} stage */
async function agree(page, stage) {
  await page.waitForFunction((stage) => {
    const button = document.querySelector(`#settings [value="${stage}"]:checked + span small`)?.textContent;
    return button && document.querySelector("#estimate")?.textContent?.startsWith(`${button} parameters`);
  }, stage);
  return said(page, stage);
}

test("the buttons of the sizes, the estimate, the offer to grow and the list of runs agree", async () => {
  const { page, done } = await visit(place);
  const sample = await agree(page, "tiny");
  const ideographs = Array.from({ length: 20_000 }, (_, at) => String.fromCharCode(0x4e00 + ((at * 7919) % 3000))).join("");
  await choose(page, [{ name: "novel.txt", buffer: Buffer.from(ideographs) }]);
  await page.locator("#text-name").filter({ hasText: "novel.txt" }).waitFor();
  const many = await agree(page, "tiny");
  assert.ok(parseFloat(many ?? "") > 2 * parseFloat(sample ?? ""), `${many} are more than ${sample}`);
  const promised = await said(page, "mini");
  await fillSettings(page, { stage: "mini" });
  assert.equal(await agree(page, "mini"), promised);
  await fillSettings(page, { stage: "tiny", gpt: true });
  await agree(page, "tiny");
  await fillSettings(page, { gpt: false });

  await choose(page, [{ name: "own.txt", buffer: Buffer.from(text(3000)) }]);
  await page.locator("#text-name").filter({ hasText: "own.txt" }).waitFor();
  await fillSettings(page, { ...SMALL, tokenizer: "bpe", vocab: 400 });
  const pieces = await agree(page, "tiny");
  const larger = await said(page, "mini");
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  await page.locator("#grow-hint").filter({ hasText: `The larger model (${larger} parameters)` }).waitFor();
  await unfold(page, "#runs");
  await page.locator("#run-list li").filter({ hasText: `tiny ${pieces}` }).waitFor();
  await press(page, "Grow to mini");
  await page.getByRole("dialog").getByRole("button", { name: "Grow", exact: true }).click();
  await page.getByText(`The model grew to mini (${larger} parameters)`).waitFor();
  await done();
});
