/** Files as people have them: some that are no text among others, whole folders, at the wrong moment, one after another. */

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { button, choose, engineOf, fillSettings, keptRun, phase, press, ready, start, startWithFolder, text, undisturbed, usable, visit, trainSmall, SMALL } from "./helpers.mjs";

const place = startWithFolder();

const NUMBERS = Buffer.from([0, 0, 0, 1, 66, 117, 100, 49, 0, 0, 16, 0, 0, 0, 8, 0]);
const PICTURE = { name: "photo.png", mimeType: "image/png", buffer: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]) };
const plain = (/** @type {string} */ name, sentences = 400) => ({ name, buffer: Buffer.from(`${name}\n${text(sentences)}`) });

/** @param {import("playwright-core").Page} page @param {RegExp} pattern */
const notice = (page, pattern) => page.locator(".notice").filter({ hasText: pattern });

/** @param {import("playwright-core").Page} page @param {string} name */
async function named(page, name) {
  await page.waitForFunction((name) => document.querySelector("#text-name")?.textContent === name, name);
  await ready(page);
}

/** @param {import("playwright-core").Page} page */
async function nothingIsRead(page) {
  await page.waitForFunction(() => document.querySelector("#text-progress")?.textContent === "");
}

test("files that are no text are left out by name, the others are taken, and are there on the next visit", async () => {
  const { page, done } = await visit(place);
  await choose(page, [plain("part 10.md"), PICTURE, { name: ".DS_Store", buffer: NUMBERS }, plain("part 2.md"), { name: "empty.txt", buffer: Buffer.alloc(0) }]);
  await named(page, "part 2.md and 1 more");
  const told = (await notice(page, /left out/).textContent()) ?? "";
  for (const name of ["photo.png", ".DS_Store", "empty.txt", "3 files"]) assert.ok(told.includes(name), told);
  assert.equal(await page.locator(".notice[role=alert]").count(), 0);
  assert.match((await page.locator("#text-preview").textContent()) ?? "", /^part 2\.md/);
  const characters = await page.locator("#text-characters").textContent();

  await page.reload();
  await named(page, "part 2.md and 1 more");
  assert.equal(await page.locator("#text-characters").textContent(), characters);
  await trainSmall(page);
  await keptRun(page, (run) => run.phase === "ended");
  await page.reload();
  await ready(page);
  await press(page, "Open");
  await phase(page, /All planned steps are done/);
  await done();
});

test("a file that is refused names itself, not the text before it, and the next text clears it", async () => {
  const { page, done } = await visit(place);
  await choose(page, [plain("one.md"), plain("two.md")]);
  await named(page, "one.md and 1 more");
  await choose(page, [{ name: "numbers.bin", buffer: NUMBERS }]);
  const told = (await notice(page, /not loaded/).textContent()) ?? "";
  assert.ok(told.includes("numbers.bin") && !told.includes("one.md"), told);
  await named(page, "one.md and 1 more");
  for (const file of [{ name: "nothing.txt", buffer: Buffer.alloc(0) }, { name: "blank.txt", buffer: Buffer.from("  \n ") }]) {
    await choose(page, [file]);
    await notice(page, new RegExp(file.name)).waitFor();
    assert.equal(await page.locator(".notice").count(), 1, "one complaint at a time");
    await nothingIsRead(page);
  }
  await choose(page, [plain("good.txt")]);
  await named(page, "good.txt");
  assert.equal(await page.locator(".notice").count(), 0);

  await choose(page, [{ name: "numbers.bin", buffer: NUMBERS }]);
  await notice(page, /numbers\.bin/).waitFor();
  await press(page, "Sample");
  await named(page, "Built-in sample");
  assert.equal(await page.locator(".notice").count(), 0);
  await done();
});

test("“Reading the text…” ends where a file is too large, and where it can no longer be read", async () => {
  const { page, done } = await visit(place);
  const path = join(place.folder, "huge.txt");
  await writeFile(path, Buffer.alloc(100_000_001, "a"));
  await choose(page, path);
  await notice(page, /“huge\.txt” was not loaded: it has 100 MB/).waitFor();
  await nothingIsRead(page);
  const engine = await engineOf(page);
  await engine.evaluate(() => (Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException("It is gone.", "NotFoundError"))));
  await choose(page, [plain("gone.txt")]);
  await notice(page, /gone\.txt could not be read: It is gone\./).waitFor();
  await nothingIsRead(page);
  await done();
});

/**
 * Drops what lies at a path, as the system would.
 * @param {import("playwright-core").Page} page
 * @param {string[]} files
 */
async function drop(page, files) {
  const session = await page.context().newCDPSession(page);
  for (const type of /** @type {const} */ (["dragEnter", "dragOver", "drop"])) {
    await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data: { items: [], files, dragOperationsMask: 1 } });
  }
}

test("a dropped folder is read to its bottom, in the order people count in", async () => {
  const folder = join(place.folder, "diary");
  const files = { "2.txt": "the second", "10.txt": "the tenth", "later/1.md": "the last", "later/sketch.png": PICTURE.buffer, ".git/HEAD": "ref: refs/heads/main", ".DS_Store": NUMBERS };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), typeof content === "string" ? `${content}\n${text(400)}` : content);
  }
  const { page, done } = await visit(place);
  await drop(page, [folder]);
  await named(page, "diary (3 files)");
  assert.match((await page.locator("#text-preview").textContent()) ?? "", /^the second/);
  const told = (await notice(page, /left out/).textContent()) ?? "";
  for (const name of ["diary/later/sketch.png", "diary/.git", "diary/.DS_Store"]) assert.ok(told.includes(name), told);
  assert.equal(told.includes("HEAD"), false);
  assert.equal(await page.locator("#drop").isVisible(), false);

  await page.locator("#folder").setInputFiles(folder);
  await named(page, "diary (3 files)");
  const empty = join(place.folder, "nothing");
  await mkdir(empty);
  await drop(page, [empty]);
  await notice(page, /no file in it/).waitFor();
  await nothingIsRead(page);
  await done();
});

test("a text dropped while a run is under way is not lost without a word", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 1000 });
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  const path = join(place.folder, "late.txt");
  await writeFile(path, text(2000));
  await drop(page, [path]);
  await notice(page, /was not taken, since a run is under way/).waitFor();
  await phase(page, /Training/);
  await press(page, "Stop the run and take the text");
  await named(page, "late.txt");
  assert.equal(await page.locator(".notice").count(), 0);
  await usable(page, "Train");
  await done();
});

test("a text dropped where another tab is followed is not lost without a word", async () => {
  const { page, done } = await visit(place);
  await fillSettings(page, { ...SMALL, steps: 100_000, eval_every: 1000 });
  await press(page, "Train");
  await page.locator("#figure-train").filter({ hasText: /^\d/ }).waitFor();
  const second = await page.context().newPage();
  await second.goto(place.origin);
  await second.getByText("Training goes on in another tab; this one follows it.").waitFor();
  const path = join(place.folder, "elsewhere.txt");
  await writeFile(path, text(400));
  await drop(second, [path]);
  await undisturbed(second);
  await notice(second, /another tab of this page is at work/).waitFor();
  await done();
});

test("a text dropped before the engine is there is read when it is", async () => {
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((resolve) => (release = () => resolve(undefined)));
  const slow = await start([], { hold: { path: /\.wasm$/, until: held } });
  const page = await slow.browser.newPage({ locale: "en-US" });
  await page.goto(slow.origin);
  // With the colon it is the page's own word: from then on it hears what is dropped.
  await page.locator("#device-state").filter({ hasText: /^Loading the engine: / }).waitFor();
  const path = join(place.folder, "early.txt");
  await writeFile(path, text(2000));
  await drop(page, [path]);
  await page.locator("#text-progress").filter({ hasText: "as soon as the engine is loaded" }).waitFor();
  release();
  await named(page, "early.txt");
  await nothingIsRead(page);
  await slow.close();
});

test("what of one of several files is not valid can be replaced", async () => {
  const { page, done } = await visit(place);
  const broken = Buffer.concat([Buffer.from(text(400)), Buffer.from([0xff]), Buffer.from(text(400))]);
  await choose(page, [plain("a.txt"), { name: "b.txt", buffer: broken }]);
  await named(page, "a.txt");
  await notice(page, /left out: b\.txt/).waitFor();
  await button(page, "Accept anyway (replace)").click();
  await named(page, "a.txt and 1 more");
  assert.equal(await page.locator(".notice").count(), 0);
  await done();
});

test("what was read otherwise than as plain UTF-8 is said, as long as it is the text", async () => {
  const { page, done } = await visit(place);
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text(2000), "utf16le")]);
  await choose(page, [{ name: "notepad.txt", buffer: wide }]);
  await named(page, "notepad.txt");
  const notes = page.locator("#text-notes");
  assert.equal(await notes.textContent(), "Read as UTF-16: “notepad.txt”.");
  assert.match((await page.locator("#text-preview").textContent()) ?? "", /^(Ada|Ben|Cleo|Dov) /);
  const site = Buffer.from(`<!doctype html><html><body><p>${text(2000)}</p></body></html>`);
  await choose(page, [{ name: "site.html", buffer: site }, { name: "copy.html", buffer: site }, plain("words.txt")]);
  await named(page, "copy.html and 1 more");
  assert.equal(await notes.textContent(), "Not plain text but HTML, whose signs the model learns as well: “copy.html”.");
  await notice(page, /left out: site\.html\.\s*Why: a file before it has the same text\./).waitFor();
  await choose(page, [plain("plain.txt")]);
  await named(page, "plain.txt");
  assert.equal(await notes.textContent(), "");
  await done();
});
