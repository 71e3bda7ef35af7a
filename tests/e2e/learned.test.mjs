/** What it has learned: losses to compare with, stages with their evidence, and what to do when it learns by heart. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, figure, fillSettings, phase, press, ready, startWithFolder, steadyPicture, text, visit } from "./helpers.mjs";

const place = startWithFolder();

const SENTENCES = text(2000);

/** Letters drawn at random: there is nothing to learn but by heart. */
function randomLetters() {
  let seed = 7;
  const next = () => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16) % 27;
  return Array.from({ length: 1500 }, () => "abcdefghijklmnopqrstuvwxyz "[next()]).join("");
}

/** The picture of the loss chart. @param {import("playwright-core").Page} page */
const picture = (page) => page.locator("#loss-chart canvas").evaluate((canvas) => canvas instanceof HTMLCanvasElement && canvas.toDataURL());

/** @param {import("playwright-core").Page} page @param {string} content */
async function choosePlain(page, content) {
  await choose(page, [{ name: "own.txt", buffer: Buffer.from(content) }]);
  await page.locator("#text-name").filter({ hasText: "own.txt" }).waitFor();
}

test("lines of the text's own predictability, the last one passed, and the stage with its evidence", async () => {
  const { page, done } = await visit(place);
  await choosePlain(page, SENTENCES);
  await fillSettings(page, { context: 64, batch: 8, steps: 250, eval_every: 25, warmup: 10, sample_every: 25, sample_prompt: "Ada " });

  // The lines are there before the first step, until they are switched off.
  const tick = page.getByLabel("Lines: how far counting alone gets");
  const shows = async (/** @type {boolean} */ lines, /** @type {string | false} */ other) => {
    await tick.setChecked(lines);
    await page.waitForFunction((other) => /** @type {HTMLCanvasElement} */ (document.querySelector("#loss-chart canvas")).toDataURL() !== other, other);
    return picture(page);
  };
  const without = await shows(false, await steadyPicture(page, "#loss-chart canvas"));
  await shows(true, without);
  assert.equal(await page.locator("#learned").isVisible(), false);

  await press(page, "Train");
  await page.locator("#chart-summary").filter({ hasText: /Below letter (pairs|triples): it uses (two|three) letters of context or more\./ }).waitFor();
  await phase(page, /All planned steps are done/);
  await page.locator("#learned").waitFor();
  assert.deepEqual(await page.locator("#learned-stages li").allTextContents(), ["symbols", "spelling", "words", "grammar", "meaning"]);

  await page.locator("#learned summary").click();
  // Ten letters of context tell all there is to tell of these sentences.
  await page.locator('#learned-stages [aria-current="step"]').filter({ hasText: /words|grammar/ }).waitFor();
  assert.equal(await page.locator("#learned-stages [aria-current]").count(), 1);
  const evidence = await page.locator("#learned-evidence li").allTextContents();
  const [, hits, total] = evidence[0]?.match(/occur in the training text: (\d+) of (\d+)/) ?? [];
  assert.ok(Number(total) >= 10 && Number(hits) <= Number(total) && Number(hits) > 0, evidence[0]);
  assert.match(evidence[0] ?? "", /in the held-back text (\S+) of \1 \(100 %\)/);

  // The passage is there, letter for letter, where it says.
  const [, characters, start] = evidence.at(-1)?.match(/: (\d+) characters, there after ([\d,]+) others/) ?? [];
  const passage = (await page.locator("#learned-evidence q").textContent()) ?? "";
  assert.equal(passage.length, Number(characters));
  const at = Number(start?.replaceAll(",", ""));
  assert.equal(SENTENCES.slice(at, at + passage.length), passage);
  assert.ok((await page.locator("#sample-list").textContent())?.includes(passage));
  await done();
});

test("learning by heart is explained where it happens, and the best state is a press away", async () => {
  const { page, done } = await visit(place);
  await choosePlain(page, randomLetters());
  await fillSettings(page, { context: 32, batch: 8, steps: 2000, eval_every: 5, warmup: 10, sample_every: 0 });
  await press(page, "Train");
  const notice = page.getByRole("status").filter({ hasText: "learn the text by heart" });
  await notice.waitFor();
  const [, best] = (await notice.textContent())?.match(/at step (\d+)/) ?? [];
  const lowest = await figure(page, "best");

  await press(page, "Stop and take the best step");
  await phase(page, /the best state in place/);
  assert.equal(await figure(page, "step"), `${best} / 2,000`);
  assert.equal(await figure(page, "validation"), lowest);
  await notice.waitFor({ state: "hidden" });

  // It goes on from there, and the notice comes again; stopped, the page offers the remedy it can carry out.
  await press(page, "Resume");
  await notice.waitFor();
  await press(page, "Stop");
  await press(page, "Dropout 0.2 for the next run");
  await page.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector('#settings [name="dropout"]')).value === "0.2");
  await press(page, "Leave it as it is");
  await notice.waitFor({ state: "hidden" });

  // The best state is kept with the run.
  await page.reload();
  await ready(page);
  await press(page, "Continue");
  await press(page, "Stop and take the best step");
  await phase(page, /the best state in place/);
  assert.equal(await figure(page, "validation"), await figure(page, "best"));
  await done();
});
