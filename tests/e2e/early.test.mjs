/** Before the engine is there: how far its download is, and a press of “Train” that waits for it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { button, start, text, undisturbed } from "./helpers.mjs";

/**
 * A page of which some files come in half until they are released.
 * @param {RegExp} path
 * @param {(page: import("playwright-core").Page, release: () => void) => Promise<void>} task
 */
async function slowly(path, task) {
  /** @type {() => void} */
  let release = () => {};
  const until = new Promise((resolve) => (release = () => resolve(undefined)));
  const place = await start([], { hold: { path, until } });
  const page = await place.browser.newPage({ locale: "en-US" });
  await page.goto(place.origin, { waitUntil: "commit" });
  await task(page, release);
  await place.close();
}

/** @param {import("playwright-core").Page} page */
const trains = (page) => page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
/** @param {import("playwright-core").Page} page @param {string} pressed */
const waits = (page, pressed) => page.waitForFunction((pressed) => document.querySelector("#train")?.getAttribute("aria-pressed") === pressed, pressed);

test("the download is shown in per cent, and Train can be pressed, taken back, and pressed again", async () => {
  await slowly(/\.wasm$/, async (page, release) => {
    await page.locator("#device-state").filter({ hasText: /^Loading the engine: (4\d|50) %$/ }).waitFor();
    await button(page, "Train").click();
    const said = page.locator("#phase").filter({ hasText: "Training begins as soon as the engine is loaded." });
    await said.waitFor();
    await waits(page, "true");
    await page.locator("#announcer").filter({ hasText: "as soon as the engine is loaded" }).waitFor();
    await button(page, "Stop").click();
    await said.waitFor({ state: "hidden" });
    await page.locator("#train").focus();
    await page.keyboard.press("Enter");
    await said.waitFor();
    await page.keyboard.press("Enter");
    await said.waitFor({ state: "hidden" });
    await page.keyboard.press("t");
    await said.waitFor();
    release();
    await trains(page);
    assert.equal(await page.locator("#train").getAttribute("aria-pressed"), null);
  });
});

test("what was taken back does not begin by itself", async () => {
  await slowly(/\.wasm$/, async (page, release) => {
    await page.locator("#device-state").filter({ hasText: "Loading the engine" }).waitFor();
    await button(page, "Train").click();
    await button(page, "Train").click();
    release();
    await page.locator('#train[aria-disabled="false"]').waitFor();
    await undisturbed(page);
    assert.equal(await page.locator("#phase").textContent(), "Ready");
  });
});

test("a press counts before the page's own scripts are there", async () => {
  await slowly(/\/web\/(app|state\/session)\.js$/, async (page, release) => {
    await page.locator("#train").click();
    await waits(page, "true");
    release();
    await trains(page);
  });
});

for (const order of ["dropped before", "dropped after", "refused"]) {
  test(`a text and a press of Train before the engine: ${order}`, async () => {
    await slowly(/\.wasm$/, async (page, release) => {
      await page.locator("#device-state").filter({ hasText: /^Loading the engine: / }).waitFor();
      const drop = async () => {
        const content = order === "refused" ? "" : text(2000);
        const transfer = await page.evaluateHandle((content) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([content], "early.txt", { type: "text/plain" }));
          return transfer;
        }, content);
        await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
        await page.locator("#text-progress").filter({ hasText: "as soon as the engine is loaded" }).waitFor();
      };
      if (order !== "dropped after") await drop();
      await button(page, "Train").click();
      if (order === "dropped after") await drop();
      release();
      if (order === "refused") {
        await page.getByRole("alert").filter({ hasText: "it is empty" }).waitFor();
        await page.locator('#train[aria-disabled="false"]').waitFor();
        await undisturbed(page);
        assert.equal(await page.locator("#phase").textContent(), "Ready", "another text is not what was asked for");
        return;
      }
      await trains(page);
      assert.equal(await page.locator("#text-name").textContent(), "early.txt");
    });
  });
}
