/** What goes wrong around what is kept and what is taken in: the page says so, goes on, and harms nothing else. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";

import { button, choose, fillSettings, keptRun, phase, press, ready, SMALL, startWithFolder, text, undisturbed, unfold, until, visit, trainSmall } from "./helpers.mjs";

const place = startWithFolder();
const MINE = { name: "mine.txt", buffer: Buffer.from(text(1500)) };

/** @param {import("playwright-core").Page} page */
const notices = (page) => page.locator("#notices .notice").allTextContents();
/** @param {import("playwright-core").Page} page @param {string | RegExp} words */
const notice = (page, words) => page.locator("#notices .notice").filter({ hasText: words });
/** @param {import("playwright-core").Page} page @param {string} name */
const onDesk = (page, name) => page.locator("#text-name").filter({ hasText: name }).waitFor();
/** @param {import("playwright-core").Page} page */
const unfoldRuns = (page) => unfold(page, "#runs");

/** @param {import("playwright-core").Page} page */
async function train(page) {
  await trainSmall(page);
  return keptRun(page, (run) => run.phase === "ended");
}

/** The files that the browser keeps, with their sizes. @param {import("playwright-core").Page} page */
const files = (page) =>
  page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    /** @type {Record<string, number>} */
    const found = {};
    for await (const [name, file] of folder.entries()) if (file instanceof FileSystemFileHandle) found[name] = (await file.getFile()).size;
    return found;
  });

/**
 * Chooses files within one moment of the page.
 * @param {import("playwright-core").Page} page
 * @param {[string, string | number[]][]} files names and contents, each chosen by itself
 */
const chooseAtOnce = (page, files) =>
  page.evaluate((files) => {
    const field = /** @type {HTMLInputElement} */ (document.getElementById("files"));
    for (const [name, content] of files) {
      const transfer = new DataTransfer();
      transfer.items.add(new File([typeof content === "string" ? content : new Uint8Array(content)], name));
      field.files = transfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }, files);

test("a store that cannot be listed: the page works, and says that it keeps nothing", async () => {
  const { page, done } = await visit(place, {
    before: (page) => page.addInitScript(() => (FileSystemDirectoryHandle.prototype.keys = () => { throw new DOMException("The state had changed.", "InvalidStateError"); })),
  });
  await notice(page, "lets the page keep nothing").waitFor();
  await trainSmall(page);
  await done();
});

test("a database that never answers is not waited for", async () => {
  const { page, done } = await visit(place, {
    before: (page) =>
      page.addInitScript(() => {
        StorageManager.prototype.getDirectory = () => new Promise(() => {});
        IDBFactory.prototype.open = () => /** @type {IDBOpenDBRequest} */ ({});
      }),
  });
  await notice(page, "lets the page keep nothing").waitFor();
  await done();
});

test("what keeps the page from starting is said", async () => {
  const context = await place.browser.newContext({ locale: "en-US" });
  const page = await context.newPage();
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "locks", { get: () => { throw new Error("no locks today"); } }));
  await page.goto(place.origin);
  await notice(page, "The page could not be started: no locks today.").waitFor();
  await context.close();
});

test("a kept text that cannot be read: the sample is in its place, and this is said", async () => {
  const { page, done } = await visit(place);
  await choose(page, [MINE]);
  await onDesk(page, MINE.name);
  await ready(page);
  await until(page, async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    return (await (await folder.getFileHandle("draft.json")).getFile()).text().then((draft) => draft.includes("mine.txt")).catch(() => false);
  });
  await page.addInitScript(() => {
    const { getFile } = FileSystemFileHandle.prototype;
    FileSystemFileHandle.prototype.getFile = function () {
      return this.name.startsWith("text-") ? Promise.reject(new DOMException("It could not be read.", "NotReadableError")) : getFile.call(this);
    };
  });
  await page.reload();
  await ready(page);
  await onDesk(page, "Built-in sample");
  await notice(page, "Your text “mine.txt” could not be read any more: It could not be read.").waitFor();
  await choose(page, [{ ...MINE, name: "other.txt" }]);
  await onDesk(page, "other.txt");
  assert.deepEqual(await notices(page), []);
  await done();
});

test("a run whose text is gone is open to write, and trains on when its text is chosen again", async () => {
  const { page, done } = await visit(place);
  await choose(page, [MINE]);
  await onDesk(page, MINE.name);
  const { name } = await train(page);
  await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    for await (const file of folder.keys()) if (file.startsWith("text-")) await folder.removeEntry(file);
  });
  await page.reload();
  await ready(page);
  await onDesk(page, "Built-in sample");
  await unfoldRuns(page);
  await button(page, `Open “${name}”`).click();
  await notice(page, `The text of “${name}” is no longer there, so the run is open for writing only.`).waitFor();
  await page.getByLabel("Length").evaluate((/** @type {HTMLInputElement} */ field) => (field.value = "20"));
  await press(page, "Generate");
  await page.waitForFunction(() => (document.querySelector("#written")?.textContent?.length ?? 0) > 20);
  await choose(page, [MINE]);
  await onDesk(page, MINE.name);
  await page.reload();
  await ready(page);
  await unfoldRuns(page);
  await button(page, `Open “${name}”`).click();
  await fillSettings(page, { steps: 7 });
  await press(page, "Resume");
  const kept = await keptRun(page, (run) => run.step === 7);
  assert.equal(kept.name, name);
  await done();
});

test("a write that fails leaves no empty file, and what was complained of goes when it goes well", async () => {
  const { page, done } = await visit(place, {
    before: (page) =>
      page.addInitScript(() => {
        window.full = true;
        const { createWritable } = FileSystemFileHandle.prototype;
        FileSystemFileHandle.prototype.createWritable = async function () {
          const stream = await createWritable.call(this);
          if (this.name.startsWith("run-") && window.full) stream.write = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
          return stream;
        };
      }),
  });
  await fillSettings(page, SMALL);
  await press(page, "Train");
  await notice(page, "the browser gives the page no more storage").waitFor();
  await phase(page, /All planned steps are done/);
  await undisturbed(page);
  assert.deepEqual(Object.keys(await files(page)).filter((name) => name !== "draft.json"), []);
  await page.evaluate(() => (window.full = false));
  await fillSettings(page, { steps: 6 });
  await press(page, "Resume");
  await keptRun(page, (run) => run.step === 6);
  await notice(page, "no more storage").waitFor({ state: "hidden" });
  await done();
});

test("runs from elsewhere that make no sense stop neither the list nor the page", async () => {
  const { page, done } = await visit(place, { expected: /no row today/ });
  const { name } = await train(page);
  await unfoldRuns(page);
  const waiting = page.waitForEvent("download");
  await press(page, "Export all");
  const entries = unzipSync(await (await (await waiting).createReadStream()).reduce((all, part) => Buffer.concat([all, part]), Buffer.alloc(0)));
  const altered = (/** @type {object} */ change) => {
    const manifests = Object.entries(entries).map(([path, bytes]) => [path, path.endsWith("run.json") ? strToU8(JSON.stringify({ ...JSON.parse(strFromU8(bytes)), id: crypto.randomUUID(), ...change })) : bytes]);
    return { name: "runs.zip", mimeType: "application/zip", buffer: Buffer.from(zipSync(Object.fromEntries(manifests))) };
  };
  await page.locator("#runs-file").setInputFiles(altered({ changed: Number.MAX_SAFE_INTEGER }));
  await notice(page, /describes no run.*Nothing was taken in/).waitFor();
  await page.locator("#runs-file").setInputFiles(altered({ name: "\u202egnp.exe\u0007", changed: 8.6e15 }));
  await notice(page, "1 run was taken in.").waitFor();
  await button(page, "Open “gnp.exe”").waitFor();
  assert.equal((await notices(page)).length, 1, "the complaint about the file before is gone");
  await page.reload();
  await ready(page);
  await page.locator("#kept-text").filter({ hasText: `“${name}”` }).waitFor();

  // A row that fails, whatever the reason.
  await page.evaluate(() => {
    const { setAttribute } = HTMLInputElement.prototype;
    HTMLInputElement.prototype.setAttribute = function (key, value) {
      if (value.includes("gnp.exe")) throw new Error("no row today");
      setAttribute.call(this, key, value);
    };
  });
  await unfoldRuns(page);
  await button(page, `Open “${name}”`).waitFor();
  await done();
});

test("what was said of an export goes with the next one", async () => {
  const { page, done } = await visit(place, { serviceWorkers: "block", expected: /Failed to load resource/ });
  await train(page);
  await unfoldRuns(page);
  await page.route(/storage\/archive-file\.js/, (route) => route.abort());
  await press(page, "Export all");
  await notice(page, "Nothing was exported").waitFor();
  await page.unroute(/storage\/archive-file\.js/);
  let fetched = 0;
  page.on("request", (request) => (fetched += Number(request.url().includes("archive-file.js"))));
  for (const time of ["first", "second"]) {
    const waiting = page.waitForEvent("download");
    await press(page, "Export all");
    await waiting;
    await notice(page, "Nothing was exported").waitFor({ state: "hidden" });
    assert.equal(fetched, 1, `what came on the ${time} try is there`);
  }
  await done();
});

test("the text chosen last is the one, and nothing is said of those before it", async () => {
  let answer = () => {};
  const late = new Promise((resolve) => (answer = () => resolve(undefined)));
  const { page, done } = await visit(place, {
    expected: /raw\.githubusercontent\.com|ERR_FAILED/,
    before: (page) => page.route("https://raw.githubusercontent.com/**", (route) => late.then(() => route.abort()).catch(() => {})),
  });
  await chooseAtOnce(page, [["bad.bin", [0, 0, 0, 1, 66, 117, 100, 49, 0, 0, 16, 0, 0, 0, 8, 0]], ["good.txt", text(1500)]]);
  await onDesk(page, "good.txt");
  await ready(page);
  assert.deepEqual(await notices(page), []);
  await press(page, "Tiny Shakespeare");
  await page.locator("#text-progress").filter({ hasText: "Downloading" }).waitFor();
  await choose(page, [MINE]);
  await onDesk(page, MINE.name);
  answer();
  await undisturbed(page);
  assert.deepEqual([await page.locator("#text-name").textContent(), await notices(page)], [MINE.name, []]);
  await done();
});

test("a file that does not answer holds nothing up", async () => {
  const { page, done } = await visit(place, {
    before: (page) =>
      page.addInitScript(() => {
        const silent = { isFile: true, name: "slow.txt", fullPath: "/slow.txt", file() {} };
        DataTransferItem.prototype.webkitGetAsEntry = () => /** @type {any} */ (silent);
      }),
  });
  const transfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["x"], "slow.txt"));
    return transfer;
  });
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
  await page.locator("#text-progress").filter({ hasText: "Reading the text…" }).waitFor();
  await ready(page);
  await choose(page, [MINE]);
  await onDesk(page, MINE.name);
  await page.locator("#text-progress").filter({ hasText: /^$/ }).waitFor({ state: "attached" });
  await train(page);
  await done();
});
