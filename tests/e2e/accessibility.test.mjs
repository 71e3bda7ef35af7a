/** Nobody is kept out: no barrier that axe knows, in any state of the page; keys for what is done often; charts in words; no motion for who wants none. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { button, choose, phase, press, ready, fillSettings, SMALL, start, startWithFolder, text, usable, visit } from "./helpers.mjs";

const place = startWithFolder();

const AXE = fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url));
/** It comes with the page, whose policy allows no script to be added; and is to see no colour half-way to another. */
const withAxe = /** @type {const} */ ({ reducedMotion: "reduce", before: (/** @type {import("playwright-core").Page} */ page) => page.addInitScript({ path: AXE }) });

/**
 * What axe finds in what is on the screen now, minor things included, and targets that are too small for a finger.
 * @param {import("playwright-core").Page} page
 * @param {string} state
 */
async function assertOpen(page, state) {
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } });
    return violations.flatMap(({ id, impact, help, nodes }) => nodes.map(({ target }) => `${impact}: ${help} (${id}) at ${target.join(" ")}`));
  });
  assert.deepEqual(found, [], state);
}

/** @param {import("playwright-core").Page} page @param {string} opener @param {string} dialog */
async function assertDialogOpen(page, opener, dialog) {
  await page.locator(opener).click();
  await page.locator(`${dialog}[open]`).waitFor();
  await assertOpen(page, dialog);
  await page.keyboard.press("Escape");
}

test("axe finds nothing, from the first visit to the look inside", async () => {
  const { page, done } = await visit(place, withAxe);
  await assertOpen(page, "first visit");
  await assertDialogOpen(page, "#paste", "#paste-dialog");
  await assertDialogOpen(page, "#shortcuts", "#shortcuts-dialog");
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 10, sample_every: 5 });
  await page.locator("#numbers summary").click();
  await press(page, "Train");
  await page.locator("#sample-list li").nth(2).waitFor();
  await assertOpen(page, "training");
  await press(page, "Pause");
  await usable(page, "Resume");
  await assertDialogOpen(page, "#grow", "#grow-dialog");
  await page.locator("#runs > summary").click();
  await page.locator(".run .compare input").first().waitFor();
  await assertDialogOpen(page, "#runs-clean", "#room-dialog");
  await page.locator("#inside > summary").click();
  await page.locator("#inside-body [role=option]").first().waitFor();
  for (const scheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme: scheme });
    await assertOpen(page, `paused, runs and inside open, ${scheme}`);
  }
  await page.reload();
  await ready(page);
  await assertOpen(page, "a kept run");
  await done();
});

test("axe finds nothing where Train was pressed early, and where files were left out", async () => {
  const slow = await start([], { hold: { path: /\.wasm$/, until: new Promise(() => {}) } });
  const early = await slow.browser.newPage({ locale: "en-US", reducedMotion: "reduce" });
  await early.addInitScript({ path: AXE });
  await early.goto(slow.origin);
  await early.locator("#device-state").filter({ hasText: "Loading the engine: " }).waitFor();
  for (const scheme of /** @type {const} */ (["light", "dark"])) {
    await early.emulateMedia({ colorScheme: scheme });
    await assertOpen(early, `loading, ${scheme}`);
    await early.locator("#train").click();
    await early.locator("#phase").filter({ hasText: "Training begins as soon as the engine is loaded." }).waitFor();
    await assertOpen(early, `pressed early, ${scheme}`);
    await early.locator("#train").click();
  }
  await slow.close();

  const { page, done } = await visit(place, withAxe);
  await choose(page, [{ name: "site.html", buffer: Buffer.from(`<!doctype html><html><body>${text(400)}</body></html>`) }, { name: "nothing.txt", buffer: Buffer.alloc(0) }]);
  await page.locator(".notice").filter({ hasText: "left out: nothing.txt" }).waitFor();
  await page.locator("#text-notes").filter({ hasText: "HTML" }).waitFor();
  await assertOpen(page, "a file left out");
  await done();
});

test("nor on a phone, in the dark, in Turkish", async () => {
  const { page, done } = await visit(place, { ...withAxe, locale: "tr-TR", colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true });
  const { sample_every: _, ...settings } = SMALL;
  await fillSettings(page, settings);
  await button(page, "Eğit").tap();
  await phase(page, /Planlanan tüm adımlar/);
  for (const part of ["setup", "training", "words"]) {
    await page.locator(`#parts [data-part="${part}"]`).tap();
    await assertOpen(page, part);
  }
  await done();
});

test("keys train, pause, step and write; not while typing, nor when they are switched off", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000 });
  await page.locator("body").click({ position: { x: 2, y: 2 } });
  await page.keyboard.press("t");
  await phase(page, /Training/);
  await page.keyboard.press("p");
  await phase(page, /Paused/);
  await page.locator("#announcer").filter({ hasText: "Paused" }).waitFor();
  const step = async () => Number((await page.locator("#figure-step").textContent())?.split(" ")[0]?.replace(",", ""));
  const paused = await step();
  await usable(page, "Step");
  await page.keyboard.press("s");
  await page.waitForFunction((next) => document.querySelector("#figure-step")?.textContent?.startsWith(next), (paused + 1).toLocaleString("en"));
  await page.locator("#write summary").click();
  await page.getByLabel("Length").fill("5");
  // In a field a letter is a letter.
  await page.locator("#prompt").fill("");
  await page.locator("#prompt").pressSequentially("stop?");
  assert.equal(await page.locator("#prompt").inputValue(), "stop?");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  assert.equal(await step(), paused + 1);
  await page.locator("#write-heading").click();
  await usable(page, "Generate");
  await page.keyboard.press("g");
  await usable(page, "Copy");
  assert.match((await page.locator("#written").textContent()) ?? "", /^stop\?./);

  assert.equal(await button(page, "Generate").getAttribute("aria-keyshortcuts"), "G");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.getByLabel("These keys work").uncheck();
  await button(page, "Close").click();
  await page.reload();
  await ready(page);
  await page.keyboard.press("?");
  await page.keyboard.press("t");
  assert.equal(await page.locator("dialog[open]").count(), 0);
  assert.equal(await page.locator("#figure-step").textContent(), "–");
  assert.equal(await button(page, "Train").getAttribute("aria-keyshortcuts"), null);
  await button(page, "Keyboard shortcuts").click();
  assert.equal(await page.getByLabel("These keys work").isChecked(), false);
  await done();
});

test("every chart is said in words", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, SMALL);
  const described = (/** @type {string} */ name) =>
    page.getByRole("img", { name }).evaluate((chart) => document.getElementById(chart.getAttribute("aria-describedby") ?? "")?.textContent);
  const charts = { "Loss over steps": /^Step 5 of 5: train loss \d/, "Learning rate over steps": /^Now 0\.\d+; between 0\.?\d* and 0\.\d+ so far\.$/, "Tokens per second over steps": /^Now [\d,]+; between [\d,]+ and [\d,]+ so far\.$/ };
  for (const name of Object.keys(charts)) assert.equal(await described(name), "No steps yet.");
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  await page.locator("#chart-summary").filter({ hasText: /Step 5 of 5/ }).waitFor();
  for (const [name, words] of Object.entries(charts)) assert.match((await described(name)) ?? "", words);
  await done();
});

test("for who wants no motion nothing moves", async () => {
  for (const reducedMotion of /** @type {const} */ (["reduce", "no-preference"])) {
    const { page, done } = await visit(place, {
      reducedMotion,
      // The curve is far below the button here, so pressing it scrolls.
      viewport: { width: 800, height: 400 },
      before: (page) =>
        page.addInitScript(() => {
          window.moved = [];
          addEventListener("transitionrun", ({ propertyName }) => window.moved.push(propertyName), true);
          addEventListener("animationstart", ({ animationName }) => window.moved.push(animationName), true);
          const scroll = Element.prototype.scrollIntoView;
          Element.prototype.scrollIntoView = function (options) {
            if (typeof options === "object" && options.behavior === "smooth") window.moved.push("scroll");
            scroll.call(this, options);
          };
        }),
    });
    await fillSettings(page, SMALL);
    await button(page, "Train").hover();
    await press(page, "Train");
    await phase(page, /All planned steps are done/);
    await button(page, "Stop").hover();
    const moved = await page.evaluate(() => window.moved);
    // The second round shows that the first would have seen it.
    if (reducedMotion === "reduce") assert.deepEqual(moved, []);
    else assert.ok(moved.length > 0);
    await done();
  }
});
