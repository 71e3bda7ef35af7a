/** On narrow phones every word fits where it stands, in each language and in every state of the page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, drawn, fillSettings, phase, SMALL, startWithFolder, text, visit } from "./helpers.mjs";

const place = startWithFolder();

/** What a person presses, in each language. */
const WORDS = {
  "en-US": { train: "Train", pause: "Pause", running: /Training/, paused: /Paused/, ended: /All planned steps are done/, files: "Text files" },
  "tr-TR": { train: "Eğit", pause: "Duraklat", running: /Eğitim sürüyor/, paused: /Duraklatıldı/, ended: /tamamlandı/, files: "Metin dosyaları" },
};

/** Parts of the page that are seen and do not fit. @param {import("playwright-core").Page} page */
const cut = (page) =>
  page.evaluate(() => {
    const canvas = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    const inner = (/** @type {Element} */ element) => {
      const { paddingLeft, paddingRight, font } = getComputedStyle(element);
      canvas.font = font;
      return element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
    };
    // An arrow stands beside the choices.
    const words = (/** @type {HTMLSelectElement | HTMLInputElement} */ field) => (field instanceof HTMLSelectElement ? [...field.options].map(({ text }) => `${text}   `) : [field.placeholder]);
    const isCut = (/** @type {Element} */ element) => {
      const { right, left } = element.getBoundingClientRect();
      if (right > innerWidth || left < 0) return !element.closest(".scroll");
      if (element instanceof HTMLSelectElement || element instanceof HTMLInputElement) return words(element).some((said) => canvas.measureText(said).width > inner(element) + 1);
      // A table, and what an own text may be long in, are scrolled.
      return element.scrollWidth > element.clientWidth && element.clientWidth > 0 && !/auto|scroll/.test(getComputedStyle(element).overflowX);
    };
    const all = document.querySelectorAll("button, .button, label, h1, h2, h3, dt, dd, p, summary, figcaption, li, th, td, select, input[placeholder], dialog, .notice");
    const seen = [...all].filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(".sr-only, [popover]:not(:popover-open)") && !element.matches(".name"));
    return seen.filter(isCut).map((element) => `${element.tagName} ${element.id || element.className}: ${element.textContent.trim().slice(0, 60)} (${element.scrollWidth} > ${element.clientWidth})`);
  });

/** @param {import("playwright-core").Page} page */
const unfold = (page) => page.locator("details").evaluateAll((all) => all.forEach((details) => (/** @type {HTMLDetailsElement} */ (details).open = true)));

/** Looks at each part of the page, with all that unfolds. @param {import("playwright-core").Page} page @param {string} when @param {string[]} found */
async function look(page, when, found) {
  await unfold(page);
  // What unfolds is loaded then, and drawn at the next frame.
  await page.waitForFunction(() => [...document.querySelectorAll('details[open] > div[id$="-body"]')].every((body) => body.childElementCount > 0));
  await drawn(page);
  for (const part of ["setup", "training", "words"]) {
    await page.locator(`#parts [data-part="${part}"]`).click();
    found.push(...(await cut(page)).map((one) => `${when}, ${part}: ${one}`));
  }
}

/** Opens every dialog, one after the other. @param {import("playwright-core").Page} page @param {string} when @param {string[]} found */
async function lookAtDialogs(page, when, found) {
  for (const dialog of await page.locator("dialog").all()) {
    await dialog.evaluate((/** @type {HTMLDialogElement} */ element) => element.showModal());
    found.push(...(await cut(page)).map((one) => `${when}, ${one}`));
    await dialog.evaluate((/** @type {HTMLDialogElement} */ element) => element.close());
  }
}

for (const locale of /** @type {const} */ (["en-US", "tr-TR"])) {
  for (const width of [320, 360]) {
    test(`${width} pixels are enough (${locale})`, async () => {
      const words = WORDS[locale];
      const { page, done } = await visit(place, { locale, viewport: { width, height: 740 }, hasTouch: true });
      const press = (/** @type {string} */ selector) => page.locator(`${selector}[aria-disabled="false"]`).click();
      /** @type {string[]} */
      const found = [];
      await page.locator("#estimate").filter({ hasText: "CPU" }).waitFor();
      await look(page, "a first visit", found);
      const show = (/** @type {string} */ part) => page.locator(`#parts [data-part="${part}"]`).click();
      const { sample_every: _, ...small } = SMALL;
      await fillSettings(page, { sample_every: 5 });
      await show("setup");
      await fillSettings(page, { ...small, tokenizer: "bpe", steps: 100_000, eval_every: 10 });
      await press("#train");
      await phase(page, words.running);
      await page.locator("#sample-list li").first().waitFor({ state: "attached" });
      await look(page, "training", found);
      await press("#pause");
      await phase(page, words.paused);
      await look(page, "paused", found);
      await lookAtDialogs(page, "a dialog", found);
      await press("#stop");
      await show("setup");
      await fillSettings(page, { steps: 5 });
      await press("#train");
      await page.waitForFunction(() => document.querySelector("#replace-dialog[open]") || /\/ 5$/.test(document.querySelector("#figure-step")?.textContent ?? ""));
      if (await page.locator("#replace-dialog").isVisible()) await page.locator('#replace-dialog [value="replace"]').click();
      await phase(page, words.ended);
      await choose(page, [{ name: "short.txt", buffer: Buffer.from(text(8)) }], words.files);
      await page.locator("#text-problem").filter({ hasText: /\S/ }).waitFor({ state: "attached" });
      await look(page, "ended, with a text that is too short", found);
      await page.reload();
      await page.locator("#kept-text").filter({ hasText: /\d/ }).waitFor();
      await look(page, "a run that is kept", found);
      assert.deepEqual([...new Set(found)], []);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width);
      await done();
    });
  }
}
