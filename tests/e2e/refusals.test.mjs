/** Everything that is no text to train on, and no checkpoint: refused with a reason, and what was there before stays. */

import assert from "node:assert/strict";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { button, choose, press, ready, fillSettings, SMALL, startWithFolder, text, usable, visit } from "./helpers.mjs";

const place = startWithFolder();

/** @param {import("playwright-core").Page} page @param {RegExp} pattern */
const alert = (page, pattern) => page.getByRole("alert").filter({ hasText: pattern }).waitFor();

/** @param {import("playwright-core").Page} page */
async function sampleStays(page) {
  await ready(page);
  assert.equal(await page.locator("#text-name").textContent(), "Built-in sample");
}

test("an empty file", async () => {
  const { page, done } = await visit(place);
  await choose(page, [{ name: "empty.txt", buffer: Buffer.alloc(0) }]);
  await alert(page, /empty/);
  await sampleStays(page);
  await choose(page, [{ name: "blank.txt", buffer: Buffer.from(" \n\n ") }]);
  await alert(page, /no text|empty/);
  await done();
});

test("a binary file", async () => {
  const { page, done } = await visit(place);
  await choose(page, [{ name: "picture.png", buffer: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]) }]);
  await alert(page, /binary|UTF-8/);
  await choose(page, [{ name: "scan.txt", buffer: Buffer.from("%PDF-1.7\nwords") }]);
  await alert(page, /scan\.txt is a PDF document/);
  await sampleStays(page);
  await done();
});

test("invalid UTF-8 names the byte, and can be accepted", async () => {
  const { page, done } = await visit(place);
  const bytes = Buffer.concat([Buffer.from(text(400)), Buffer.from([0xff]), Buffer.from(text(400))]);
  await choose(page, [{ name: "latin.txt", buffer: bytes }]);
  await alert(page, new RegExp(`latin\\.txt.*UTF-8.*${text(400).length}`));
  await sampleStays(page);
  await button(page, "Accept anyway (replace)").click();
  await page.locator("#text-name").filter({ hasText: "latin.txt" }).waitFor();
  assert.equal(await page.getByRole("alert").filter({ hasText: "UTF-8" }).count(), 0, "the complaint is gone");
  await done();
});

test("too short for one batch: said, Train is off, and a smaller context may do", async () => {
  const { page, done } = await visit(place);
  await choose(page, [{ name: "short.txt", buffer: Buffer.from(text(12)) }]);
  await alert(page, /short/);
  assert.equal(await button(page, "Train").getAttribute("aria-disabled"), "true");
  await fillSettings(page, { context: 8, batch: 1 });
  await usable(page, "Train");
  await done();
});

test("over the size limit", async () => {
  const path = join(place.folder, "large.txt");
  const file = await open(path, "w");
  await file.truncate(100_000_001);
  await file.close();
  const { page, done } = await visit(place);
  await choose(page, path);
  await alert(page, /100 MB/);
  await sampleStays(page);
  await done();
});

test("pasting: nothing is refused, a text is taken", async () => {
  const { page, done } = await visit(place);
  await press(page, "Paste");
  await button(page, "Use this text").click();
  await alert(page, /empty/);
  await press(page, "Paste");
  await page.locator("#paste-area").fill(text(400));
  await button(page, "Use this text").click();
  await page.locator("#text-name").filter({ hasText: "Pasted text" }).waitFor();
  await ready(page);
  await done();
});

test("dropped files are taken anywhere on the page", async () => {
  const { page, done } = await visit(place);
  const transfer = await page.evaluateHandle((content) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], "dropped.txt", { type: "text/plain" }));
    return transfer;
  }, text(2000));
  await page.dispatchEvent("body", "dragover", { dataTransfer: transfer });
  assert.equal(await page.locator("#drop").isVisible(), true);
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await page.locator("#text-name").filter({ hasText: "dropped.txt" }).waitFor();
  assert.equal(await page.locator("#drop").isVisible(), false);
  await done();
});

test("Tiny Shakespeare without a network, and with a wrong file in its place", async () => {
  let answer = "abort";
  const { page, done } = await visit(place, {
    expected: /raw\.githubusercontent\.com|ERR_FAILED/,
    before: (page) =>
      page.route("https://raw.githubusercontent.com/**", (route) =>
        answer === "abort" ? route.abort() : route.fulfill({ body: "not the text", headers: { "Access-Control-Allow-Origin": "*" } }),
      ),
  });
  await press(page, "Tiny Shakespeare");
  await alert(page, /Tiny Shakespeare not loaded.*connection/s);
  await sampleStays(page);
  answer = "other";
  await press(page, "Tiny Shakespeare");
  await alert(page, /SHA-256/);
  await sampleStays(page);
  await done();
});

test("files that are no checkpoint", async () => {
  const { page, done } = await visit(place);
  const path = join(place.folder, "foreign.safetensors");
  for (const content of [Buffer.alloc(0), Buffer.from("nothing of the kind"), Buffer.alloc(4096, 0xff)]) {
    await writeFile(path, content);
    const waiting = page.waitForEvent("filechooser");
    await press(page, "Load checkpoint");
    await (await waiting).setFiles(path);
    await alert(page, /foreign\.safetensors/);
    await page.getByRole("button", { name: "Dismiss" }).first().click();
  }
  await sampleStays(page);
  await done();
});

test("settings out of range are refused with the field's name, and the run does not start", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, SMALL);
  await page.locator('#settings [name="lr"]').fill("50");
  await page.locator('#settings [name="lr"]').blur();
  await alert(page, /lr|learning rate/i);
  assert.equal(await button(page, "Train").getAttribute("aria-disabled"), "true");
  await page.locator('#settings [name="lr"]').fill("0.004");
  await page.locator('#settings [name="lr"]').blur();
  await usable(page, "Train");
  await done();
});

test("what is loaded without being asked for says so as well where it cannot be", async () => {
  const told = (/** @type {import("playwright-core").Page} */ page) => alert(page, /A part of the page could not be loaded: .*try again or reload the page/);
  const { page, done } = await visit(place, {
    expected: /Failed to load resource/,
    serviceWorkers: "block",
    before: (page) => page.context().route(/uPlot\.esm\.js|tab-follower\.js|offline\.js/, (route) => route.abort()),
  });
  await told(page);
  assert.match(String(await page.locator(".notice").textContent()), /uPlot/);
  await page.locator(".notice .dismiss").click();
  await fillSettings(page, SMALL);
  await press(page, "Train");
  await told(page);
  assert.match(String(await page.locator(".notice").textContent()), /offline/);
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await second.locator(".notice").filter({ hasText: "tab-follower" }).waitFor();
  await done();
});

test("a part of the page that cannot be loaded says so, and comes when it is unfolded again", async () => {
  const views = /(presets-view|lr-finder\/view|share\/view|inspect\/view)\.js$/;
  const { page, done } = await visit(place, { expected: /Failed to load resource/, before: (page) => page.route(views, (route) => route.abort()) });
  for (const id of ["presets", "rate", "share", "inside"]) {
    const toggle = () => page.locator(`#${id} > summary`).click();
    await toggle();
    await page.locator(`#${id}-state`).filter({ hasText: "This part of the page could not be loaded." }).waitFor();
    await toggle();
    await page.unroute(views);
    await toggle();
    await page.locator(`#${id}-body button`).first().waitFor();
    assert.equal(await page.locator(`#${id}-state`).textContent(), "");
    await page.route(views, (route) => route.abort());
  }
  await done();
});
