/**
 * What the end-to-end tests share: a browser on the served page, and the page's controls by the names that people know them by.
 *
 * Environment: DIST_DIR the built page (default `dist`), CHROME_PATH the browser (default Debian's Chromium), MMREC_BIN the native
 * program.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompressSync, constants } from "node:zlib";

import { chromium } from "playwright-core";

import { serve } from "../../crates/xtask/scripts/server.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const DIST = resolve(ROOT, process.env.DIST_DIR ?? "dist");
export const MMREC = process.env.MMREC_BIN ?? "";

const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };

/** Work that a slow machine may take long for, in milliseconds. */
export const PATIENCE = 120_000;

/** How the browser is started. */
export const CHROME = {
  executablePath: process.env.CHROME_PATH ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
export const SOFTWARE_WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/**
 * @param {string[]} [flags]
 * @param {Parameters<typeof serve>[1] & { folder?: string, host?: string }} [serving] a folder other than the built page, and a name
 *   for the host other than the loopback's address
 */
export async function start(flags = [], { folder = DIST, host, ...serving } = {}) {
  const server = await serve(folder, serving);
  const origin = host ? server.origin.replace("127.0.0.1", host) : server.origin;
  if (host) flags = [...flags, `--host-resolver-rules=MAP ${host} 127.0.0.1`, `--unsafely-treat-insecure-origin-as-secure=${origin}`];
  const browser = await chromium.launch({ ...CHROME, args: [...CHROME.args, ...flags] });
  return {
    browser,
    origin,
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

/** The same for all tests of a file, with a folder for files that goes when they are done. */
export function startWithFolder() {
  const place = /** @type {Awaited<ReturnType<typeof start>> & { folder: string }} */ ({});
  before(async () => {
    Object.assign(place, await start(), { folder: await mkdtemp(join(tmpdir(), "mmrec-e2e-")) });
  });
  after(async () => {
    await place.close();
    await rm(place.folder, { recursive: true });
  });
  return place;
}

/** The visits that are not over. @type {Set<import("playwright-core").BrowserContext>} */
const visits = new Set();

// A test that failed has left its pages: they say what they show, and train no more beside the tests that follow.
afterEach(async () => {
  for (const context of visits) {
    for (const page of context.pages()) console.error(await glance(page));
    await close(context).catch(() => {});
  }
  visits.clear();
});

/** Ends a visit. A request that is being answered meanwhile is nobody's failure. @param {import("playwright-core").BrowserContext} context */
async function close(context) {
  // A test may have closed it before.
  for (const routed of [context, ...context.pages()]) await routed.unrouteAll({ behavior: "ignoreErrors" }).catch(() => {});
  await context.close();
}

/** What a page shows, in a few lines. @param {import("playwright-core").Page} page */
async function glance(page) {
  const read = () => [document.visibilityState, ...["#phase", "#figure-step", "#kept-text", "#following-text", "#device-state", "#notices"].map((part) => {
    const shown = document.querySelector(part);
    return shown?.checkVisibility() && shown.textContent?.trim() ? `${part}: ${shown.textContent.trim().replaceAll(/\s+/g, " ")}` : null;
  })];
  const parts = await Promise.race([page.evaluate(read), setTimeout(5000, ["no answer"])]).catch((error) => [error.message]);
  return ["a page that was left:", page.url(), ...parts.filter(Boolean)].join("\n    ");
}

/**
 * A person with an empty browser profile, at the page. `done` closes it and checks that the page stayed clean: no error in the
 * console, no request to anywhere else.
 * @param {{ browser: import("playwright-core").Browser, origin: string }} place
 * @param {import("playwright-core").BrowserContextOptions & { before?: (page: import("playwright-core").Page) => Promise<unknown>, expected?: RegExp }} [options]
 */
export async function visit({ browser, origin }, { before, expected, ...options } = {}) {
  // The tests know the page's controls by their English names.
  const context = await browser.newContext({ acceptDownloads: true, locale: "en-US", ...options });
  context.setDefaultTimeout(PATIENCE);
  visits.add(context);
  const page = await context.newPage();
  /** @type {string[]} */
  const dirt = [];
  const note = (/** @type {string} */ text) => {
    if (!expected?.test(text)) dirt.push(text);
  };
  page.on("console", (message) => message.type() === "error" && note(`console: ${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => note(`page error: ${error.stack}`));
  page.on("request", (request) => {
    if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(origin)) note(`request: ${request.url()}`);
  });
  await before?.(page);
  await page.goto(origin);
  await ready(page);
  return {
    page,
    async done() {
      visits.delete(context);
      await close(context);
      assert.deepEqual(dirt, [], "the page is clean");
    },
  };
}

/** @param {import("playwright-core").Page} page */
export async function ready(page) {
  await page.locator('#train[aria-disabled="false"]').waitFor();
  await drawn(page);
}

/** What the page knows by now is on the screen: it is shown at the next frame. @param {import("playwright-core").Page} page */
export async function drawn(page) {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** @param {import("playwright-core").Page} page @param {string} name */
export const button = (page, name) => page.getByRole("button", { name, exact: true });

/**
 * Presses a button as soon as it can be used.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function press(page, name) {
  const target = button(page, name);
  await usable(page, name);
  await target.click();
}

/** @param {import("playwright-core").Page} page @param {string} name */
export async function usable(page, name) {
  await page.waitForFunction(
    (name) => [...document.querySelectorAll("button")].some((b) => b.textContent?.trim() === name && b.getAttribute("aria-disabled") !== "true"),
    name,
    { polling: 20 },
  );
  await drawn(page);
}

/**
 * Unfolds a part of the page, or folds it.
 * @param {import("playwright-core").Page} page
 * @param {string} selector
 * @param {boolean} [open]
 */
export async function unfold(page, selector, open = true) {
  await page.locator(selector).evaluate((/** @type {HTMLDetailsElement} */ details, open) => void (details.open = open), open);
}

/**
 * Sets the settings through their fields.
 * @param {import("playwright-core").Page} page
 * @param {Record<string, string | number | boolean>} settings
 */
export async function fillSettings(page, settings) {
  await unfold(page, "#more-settings");
  for (const [name, value] of Object.entries(settings)) {
    const field = page.locator(`#settings [name="${name}"], #sampling [name="${name}"]`).first();
    if (name === "stage") await page.locator(`#settings [value="${value}"]`).check({ force: true });
    else if (name === "tokenizer") await field.selectOption(String(value));
    else if (typeof value === "boolean") await field.setChecked(value);
    else {
      await field.fill(String(value));
      await field.blur();
    }
  }
  await ready(page);
}

/**
 * The worker that the page asks. One that has ended may still be among the page's workers, and one that measures its speed comes later.
 * @param {import("playwright-core").Page} page
 * @param {RegExp} [name] of the worker
 */
export async function engineOf(page, name = /^mmrec-/) {
  for (const worker of page.workers()) {
    if (worker.url().endsWith("/worker.js") && name.test(await worker.evaluate(() => self.name).catch(() => ""))) return worker;
  }
  return assert.fail(`there is no worker ${name}`);
}

/** A small shape that trains fast on any machine. */
export const SMALL = { context: 32, batch: 2, steps: 5, eval_every: 5, warmup: 2, sample_every: 0 };
/** A long run of short steps. */
export const LONG = { ...SMALL, steps: 100_000, eval_every: 1000 };

/** Has a page train a long run, past a step. @param {import("playwright-core").Page} page @param {number} [step] */
export async function trainLong(page, step = 3) {
  await fillSettings(page, LONG);
  await press(page, "Train");
  await trainsPast(page, step);
}

/** Has a page train a small run to its end. @param {import("playwright-core").Page} page */
export async function trainSmall(page) {
  await fillSettings(page, SMALL);
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
}

/** The step that a page shows. @param {import("playwright-core").Page} page */
export const stepOf = async (page) => Number((await figure(page, "step")).split(" ")[0].replaceAll(",", ""));

/** @param {import("playwright-core").Page} page @param {number} step */
export async function trainsPast(page, step) {
  await page.waitForFunction((past) => Number((document.querySelector("#figure-step")?.textContent ?? "").split(" ")[0].replaceAll(",", "")) > past, step);
}

/**
 * Chooses texts by the file input.
 * @param {import("playwright-core").Page} page
 * @param {{ name: string, buffer: Buffer, mimeType?: string }[] | string} files
 * @param {string} [label] of that input
 */
export async function choose(page, files, label = "Text files") {
  const list = typeof files === "string" ? files : files.map((file) => ({ mimeType: "text/plain", ...file }));
  await page.getByLabel(label).setInputFiles(list);
}

/** @param {import("playwright-core").Page} page @param {string} path */
export async function loadCheckpoint(page, path) {
  const waiting = page.waitForEvent("filechooser");
  await press(page, "Load checkpoint");
  await (await waiting).setFiles(path);
}

/**
 * Takes what “Save checkpoint” offers; `name` is the one offered.
 * @param {import("playwright-core").Page} page
 * @param {string} path
 */
export async function saveCheckpoint(page, path) {
  const waiting = page.waitForEvent("download");
  await press(page, "Save checkpoint");
  const download = await waiting;
  await download.saveAs(path);
  return { path, name: download.suggestedFilename() };
}

/**
 * What a worker of the page says comes after a prompt, with the model of a file.
 * @param {import("playwright-core").Page} page
 * @param {string} path
 * @param {string} prompt
 * @returns {Promise<number[]>}
 */
export async function pageLogits(page, path, prompt) {
  await page.route("**/checkpoint-under-test", (route) => route.fulfill({ path, contentType: "application/octet-stream" }));
  const logits = await page.evaluate(async (prompt) => {
    const { EngineClient } = await import(new URL("web/engine/engine-client.js", location.href).href);
    const client = await EngineClient.open("cpu");
    const bytes = new Uint8Array(await (await fetch("checkpoint-under-test")).arrayBuffer());
    await client.ask({ type: "load", bytes });
    const logits = await client.ask({ type: "logits", prompt });
    client.close();
    return [...logits];
  }, prompt);
  await page.unroute("**/checkpoint-under-test");
  return logits;
}

/**
 * Notes every file that the page and its workers load, from now on.
 * @param {import("playwright-core").Page} page
 * @returns {() => Promise<Record<string, number>>} the bytes of each so far, as a static host would send it
 */
export function noteDownloads(page) {
  /** @type {Set<string>} */
  const paths = new Set();
  page.context().on("response", (response) => {
    if (response.ok() && !/^(blob|data):/.test(response.url())) paths.add(new URL(response.url()).pathname);
  });
  // As they lie there: the browser does not give every body back.
  const sizeOf = async (/** @type {string} */ path) => brotliCompressSync(await readFile(join(DIST, path.endsWith("/") ? `${path}index.html` : path)), BROTLI).length;
  return async () => Object.fromEntries(await Promise.all([...paths].map(async (path) => /** @type {const} */ ([path, await sizeOf(path)]))));
}

/** Another tab that follows, in front: one behind others draws nothing. @param {import("playwright-core").Page} page */
export async function followerOf(page) {
  const second = await page.context().newPage();
  await second.goto(page.url());
  await second.bringToFront();
  await second.getByText("this one follows it").waitFor();
  return second;
}

/** Presses “Take over here”, also in a tab behind others. @param {import("playwright-core").Page} page */
export const takeOver = (page) => page.evaluate(() => document.querySelector("button#take-over")?.dispatchEvent(new MouseEvent("click", { bubbles: true })));

/** This tab leads now, and is in front. @param {import("playwright-core").Page} page */
export async function leads(page) {
  await page.bringToFront();
  await page.locator("#following").waitFor({ state: "hidden" });
}

/** The largest difference between two lists of numbers. @param {number[]} one @param {number[]} other */
export function apart(one, other) {
  assert.equal(one.length, other.length);
  return Math.max(...one.map((value, index) => Math.abs(value - other[index])));
}

/** @param {import("playwright-core").Page} page @param {string} id */
export const figure = async (page, id) => (await page.locator(`#figure-${id}`).textContent()) ?? "";

/**
 * Waits for a line on the state of the run.
 * @param {import("playwright-core").Page} page
 * @param {RegExp} pattern
 */
export async function phase(page, pattern) {
  await page.locator("#phase").filter({ hasText: pattern }).waitFor();
}

/**
 * The curve, from the table behind the chart.
 * @param {import("playwright-core").Page} page
 */
export async function curve(page) {
  await unfold(page, "#numbers");
  await page.waitForFunction(() => document.querySelector("#numbers:not([data-behind]) #numbers-body tr"));
  const rows = await page.locator("#numbers-body tr:not(.mark)").evaluateAll((rows) => rows.map((row) => [.../** @type {HTMLTableRowElement} */ (row).cells].map((cell) => cell.textContent)));
  const number = (text = "") => Number(text.replaceAll(",", ""));
  const loss = (text = "") => (text === "" ? null : number(text));
  return rows.map(([step, train, validation]) => ({ step: number(step), train: loss(train), validation: loss(validation) }));
}

/**
 * What is drawn on a canvas, once nothing of it has changed for half a second's frames.
 * @param {import("playwright-core").Page} page
 * @param {string} selector of the canvas, which may be replaced meanwhile
 * @param {string} [before] what it showed, where it is to show something else
 */
export async function steadyPicture(page, selector, before) {
  await page.waitForFunction(({ selector, before }) => {
    const canvas = document.querySelector(selector);
    return canvas instanceof HTMLCanvasElement && canvas.toDataURL() !== before;
  }, { selector, before });
  return page.evaluate(async (selector) => {
    const draw = () => /** @type {HTMLCanvasElement} */ (document.querySelector(selector)).toDataURL();
    let [picture, same] = [draw(), 0];
    while (same < 30) {
      await new Promise(requestAnimationFrame);
      const now = draw();
      [picture, same] = [now, now === picture ? same + 1 : 0];
    }
    return picture;
  }, selector);
}

/**
 * Every step from the first, each once.
 * @param {{ step: number }[]} points
 * @param {number} last
 */
export function assertWhole(points, last) {
  assert.deepEqual(points.map((point) => point.step), Array.from({ length: last }, (_, index) => index + 1), "no gap, no repeat");
}

/**
 * What the browser keeps of each run, newest first.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<any[]>}
 */
export async function keptRuns(page) {
  const found = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    const found = [];
    for await (const [name, file] of folder.entries()) {
      // One that is replaced while it is being read is read the next time.
      if (file instanceof FileSystemFileHandle && /^run-.*\.json$/.test(name)) found.push(await file.getFile().then((blob) => blob.text()).then(JSON.parse).catch(() => null));
    }
    return found;
  });
  return found.filter(Boolean).sort((one, other) => other.changed - one.changed);
}

/**
 * Waits for what a page can only say later. (`waitForFunction` takes the promise itself for the answer.)
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<boolean>} predicate
 */
export async function until(page, predicate) {
  await poll(page, () => page.evaluate(predicate), `it did not become so in time: ${predicate}`);
}

/**
 * Asks again and again until there is an answer.
 * @template Answer
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<Answer | undefined | false>} ask
 * @param {string} late what is wrong where there is none in time
 * @returns {Promise<Answer>}
 */
async function poll(page, ask, late) {
  for (let waited = 0; waited < PATIENCE; waited += 100) {
    const answer = await ask();
    if (answer) return answer;
    await page.waitForTimeout(100);
  }
  throw new Error(late);
}

/**
 * Waits until the newest run that the browser keeps is as wanted.
 * @param {import("playwright-core").Page} page
 * @param {(manifest: any) => boolean} wanted
 * @returns {Promise<any>} its manifest
 */
export async function keptRun(page, wanted) {
  const asWanted = async () => (await keptRuns(page)).slice(0, 1).find(wanted);
  return poll(page, asWanted, "the run was not kept in time");
}

/**
 * Lets time pass in which what must not happen would. A test for which it is too short passes; none fails for it.
 * @param {import("playwright-core").Page} page
 */
export const undisturbed = (page) => page.waitForTimeout(1000);

/**
 * A text that is worth learning, the same every time.
 * @param {number} sentences
 */
export function text(sentences) {
  const [who, does, what] = [["Ada", "Ben", "Cleo", "Dov"], ["finds", "hides", "sells", "mends"], ["the red kite", "a blue jar", "the old clock", "a small boat"]];
  let seed = 7;
  // The low bits of this generator repeat soon; the high ones do not.
  const pick = (/** @type {string[]} */ list) => list[((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 16) % list.length];
  return Array.from({ length: sentences }, () => `${pick(who)} ${pick(does)} ${pick(what)}.`).join("\n");
}

/**
 * Runs the native program and reads the JSON it prints (its last line).
 * @param {...string} args
 */
export async function mmrec(...args) {
  const { stdout } = await promisify(execFile)(MMREC, args, { maxBuffer: 64 << 20 });
  return JSON.parse(stdout.trim().startsWith("{") && !stdout.trim().includes("\n{") ? stdout : (stdout.trim().split("\n").at(-1) ?? ""));
}
