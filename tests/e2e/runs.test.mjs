/** Every run is kept: listed, found, renamed, compared, continued exactly, deleted and had back, exported and taken in elsewhere. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { strToU8, unzipSync, zipSync } from "fflate";

import { assertWhole, button, choose, curve, figure, fillSettings, keptRun, keptRuns, mmrec, MMREC, phase, press, ready, SMALL, startWithFolder, steadyPicture, text, unfold, usable, visit } from "./helpers.mjs";

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(1500)) };

const place = startWithFolder();

/** @param {import("playwright-core").Page} page */
const unfoldRuns = (page) => unfold(page, "#runs");
/** The row of a run. @param {import("playwright-core").Page} page @param {string} name */
const row = (page, name) => page.locator("#run-list li").filter({ has: page.getByRole("checkbox", { name: `Show “${name}” in the charts` }) });
/** @param {import("playwright-core").Page} page */
const names = (page) => page.locator("#run-list .run-name").evaluateAll((fields) => fields.map((field) => /** @type {HTMLInputElement} */ (field).value));
/** @param {import("playwright-core").Page} page @param {string} words */
const notice = (page, words) => page.locator("#notices .notice").filter({ hasText: words });

/** @param {import("playwright-core").Page} page @param {string} name @param {string} action */
async function choosing(page, name, action) {
  await button(page, `More for “${name}”`).click();
  await button(page, action).click();
}

/** @param {import("playwright-core").Page} page @param {string} from @param {string} to */
async function rename(page, from, to) {
  const field = row(page, from).locator(".run-name");
  await field.fill(to);
  await field.press("Enter");
  await row(page, to).waitFor();
}

/**
 * Trains a run to its end and gives it a name.
 * @param {import("playwright-core").Page} page
 * @param {string} name
 * @param {Record<string, number>} settings
 */
async function train(page, name, settings) {
  await fillSettings(page, { ...SMALL, ...settings });
  await press(page, "Train");
  await phase(page, /Training/);
  await phase(page, /All planned steps are done/);
  const kept = await keptRun(page, (run) => run.phase === "ended" && run.settings.seed === settings.seed);
  await unfoldRuns(page);
  await row(page, kept.name).waitFor();
  await rename(page, kept.name, name);
  return curve(page);
}

/** @param {import("playwright-core").Page} page */
async function files(page) {
  return page.evaluate(async () => {
    const names = [];
    for await (const name of (await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec")).keys()) names.push(name);
    return names.sort();
  });
}

/**
 * @param {import("playwright-core").Page} page
 * @param {() => Promise<void>} action
 * @param {string} [path] where it goes
 */
async function downloaded(page, action, path = join(place.folder, crypto.randomUUID())) {
  const waiting = page.waitForEvent("download");
  await action();
  const download = await waiting;
  await download.saveAs(path);
  return { path, name: download.suggestedFilename(), bytes: await readFile(path) };
}

/** @param {import("playwright-core").Page} page @param {string} chart @param {string} format */
const chartFile = async (page, chart, format) =>
  (
    await downloaded(page, async () => {
      await page.locator(`[data-chart="${chart}"]`).click();
      await button(page, format).click();
    })
  ).bytes;

/** @param {import("playwright-core").Page} page @param {Buffer} buffer */
async function importing(page, buffer) {
  await unfoldRuns(page);
  await usable(page, "Import");
  await page.locator("#runs-file").setInputFiles({ name: "runs.zip", mimeType: "application/zip", buffer });
}

test("an older run is opened after a reload and goes on exactly as one that was never interrupted", async () => {
  const { page, done } = await visit(place);
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await fillSettings(page, { ...SMALL, steps: 12, eval_every: 4, lr: 0.004, seed: 5 });
  for (let step = 1; step <= 6; step++) {
    await press(page, "Step");
    await page.locator("#figure-step").filter({ hasText: `${step} / 12` }).waitFor();
    await phase(page, /Paused/);
  }
  await press(page, "Stop");
  await phase(page, /Stopped/);
  const half = await curve(page);
  const { name } = await keptRun(page, (run) => run.step === 6 && run.phase === "ended");
  await page.getByRole("button", { name: "Sample", exact: true }).click();
  await page.locator("#text-name").filter({ hasText: "Built-in sample" }).waitFor();
  // No question: the first one is kept.
  await train(page, "the second", { steps: 8, eval_every: 4, seed: 6 });

  await page.reload();
  await ready(page);
  await unfoldRuns(page);
  await row(page, name).waitFor();
  assert.deepEqual((await names(page)).sort(), [name, "the second"].sort());
  assert.match((await row(page, name).textContent()) ?? "", /objects\.txt · tiny 0\.2\d M · step 6 of 12 · best \d\.\d{3} · .* · [\d.]+ MB/);
  await page.locator("#runs-storage").filter({ hasText: /^2 runs take [\d.]+ MB\. The page uses / }).waitFor();
  await button(page, `Open “${name}”`).click();
  await usable(page, "Resume");
  assert.equal(await page.locator("#text-name").textContent(), "objects.txt");
  assert.equal(await figure(page, "step"), "6 / 12");
  assert.deepEqual(await curve(page), half);
  await press(page, "Resume");
  await phase(page, /All planned steps are done/);
  const interrupted = await curve(page);
  assertWhole(interrupted, 12);

  await keptRun(page, (run) => run.name === name && run.step === 12);
  await choosing(page, name, "Again with changes");
  await usable(page, "Train");
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector('#settings [name="seed"]'))?.value === "5");
  await press(page, "Train");
  await page.locator("#figure-step").filter({ hasText: /^[1-9] / }).waitFor();
  await phase(page, /All planned steps are done/);
  assert.deepEqual(await curve(page), interrupted);
  await keptRun(page, (run) => run.name !== name && run.step === 12);
  assert.equal((await keptRuns(page)).length, 3);
  await done();
});

test("runs are found, renamed and compared; every chart has its numbers and its picture", async () => {
  const { page, done } = await visit(place);
  const first = await train(page, "red kite", { steps: 12, eval_every: 3, lr: 0.002, seed: 1 });
  const second = await train(page, "blue jar, “old”", { steps: 9, eval_every: 3, lr: 0.01, seed: 2 });

  await page.getByLabel("Search the runs").fill("KITE");
  await page.locator("#runs-status").filter({ hasText: "1 run found" }).waitFor();
  assert.deepEqual(await names(page), ["red kite"]);
  await page.getByLabel("Search the runs").fill("");
  assert.deepEqual(await names(page), ["blue jar, “old”", "red kite"]);

  const alone = await steadyPicture(page, "#loss-chart canvas");
  await page.getByRole("checkbox", { name: "Show “red kite” in the charts" }).check();
  const table = page.getByRole("region", { name: "Runs in the charts" });
  await table.getByText("red kite").waitFor();
  const cells = await table.locator("tr").evaluateAll((rows) => rows.map((row) => [.../** @type {HTMLTableRowElement} */ (row).cells].map((cell) => cell.textContent?.trim())));
  assert.deepEqual(cells[0], ["Run", "Best", "Steps", "Learning rate", "Planned", "Seed"], "only what differs");
  assert.deepEqual(cells.slice(1).map(([name, , ...rest]) => [name.replace(/^A\s*/, ""), ...rest]), [["blue jar, “old”", "9", "0.01", "9", "2"], ["red kite", "12", "0.002", "12", "1"]]);
  assert.notEqual(await steadyPicture(page, "#loss-chart canvas", alone), alone);
  await steadyPicture(page, "#lr-chart canvas");
  const green = await page.locator("#lr-chart canvas").evaluate((/** @type {HTMLCanvasElement} */ canvas) => {
    const { data } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    // --run-1 as it is in the light.
    for (let at = 0; at < data.length; at += 4) if (data[at] === 0 && data[at + 1] === 0x7a && data[at + 2] === 0x5a && data[at + 3] === 255) found++;
    return found;
  });
  assert.ok(green > 20, `${green} pixels of the other run`);

  const csv = (await chartFile(page, "loss", "CSV")).toString();
  const lines = csv.trim().split("\n");
  assert.equal(lines[0], "run,step,tokens,seconds,flops,train_loss,val_loss");
  const numbers = (/** @type {string} */ name) => lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length + 1).split(",").map((value) => (value === "" ? null : Number(value))));
  for (const { name, points } of [{ name: "red kite", points: first }, { name: '"blue jar, “old”"', points: second }]) {
    const rows = numbers(name);
    assert.deepEqual(rows.map(([step]) => step), points.map(({ step }) => step));
    rows.forEach(([step, tokens, seconds, flops, train, validation], at) => {
      assert.ok(tokens === Number(step) * 64 && Number(seconds) > 0 && Number(flops) > 0, `${tokens} tokens, ${seconds} s, ${flops}`);
      assert.equal(train?.toFixed(5) ?? assert.fail("a loss is missing"), points[at].train?.toFixed(5));
      assert.equal(validation?.toFixed(5), points[at].validation?.toFixed(5));
    });
  }
  for (const [chart, metric] of [["lr", "lr"], ["speed", "tokens_per_s"], ["grad-norm", "grad_norm"]]) {
    const [head, ...rest] = (await chartFile(page, chart, "CSV")).toString().trim().split("\n");
    assert.equal(head, `run,step,tokens,seconds,flops,${metric}`, "the names of metrics.jsonl");
    assert.ok(rest.length > 0 && rest.every((line) => Number(line.split(",").at(-1)) > 0), metric);
  }
  const json = JSON.parse((await chartFile(page, "speed", "JSON")).toString());
  assert.deepEqual(json.runs.map((/** @type {{ name: string, step: number[] }} */ { name, step }) => [name, step.length]), [["blue jar, “old”", 9], ["red kite", 12]]);
  assert.equal(json.runs[1].settings.lr, 0.002);
  assert.equal(json.runs[1].tokens.at(-1), 12 * 64);
  assert.ok(json.runs.every((/** @type {{ tokens_per_s: (number | null)[] }} */ { tokens_per_s: speeds }) => speeds.every((speed) => speed === null || speed > 0)));

  for (const chart of ["loss", "lr", "speed", "grad-norm"]) {
    const svg = (await chartFile(page, chart, "SVG")).toString();
    const picture = await page.evaluate((svg) => {
      const { documentElement: root } = new DOMParser().parseFromString(svg, "image/svg+xml");
      return { tag: root.tagName, text: root.textContent, lines: root.querySelectorAll("polyline").length, links: /href|url\(/.test(svg) };
    }, svg);
    assert.equal(picture.tag, "svg");
    assert.ok(picture.text.includes("red kite") && picture.text.includes("blue jar, “old”") && picture.text.includes("Learning rate 0.002"), picture.text);
    assert.deepEqual([picture.lines, picture.links], [chart === "loss" ? 5 : 2, false]);
  }
  const png = await chartFile(page, "loss", "PNG");
  const size = await page.evaluate(async (base64) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: "image/png" }));
    return [bitmap.width, bitmap.height];
  }, png.toString("base64"));
  assert.deepEqual(size, [1920, 1160]);

  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, "a phone has room for it");
  await page.getByRole("checkbox", { name: "Show “red kite” in the charts" }).uncheck();
  await table.waitFor({ state: "hidden" });
  await done();
});

/** Takes out of a kept curve what earlier versions of the page did not note. @param {import("playwright-core").Page} page @param {string} name of the run */
const ageCurve = (page, name) =>
  page.evaluate(async (name) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    const read = async (/** @type {string} */ file) => JSON.parse(await (await (await folder.getFileHandle(file)).getFile()).text());
    for await (const file of folder.keys()) {
      const run = file.startsWith("run-") ? await read(file) : null;
      if (run?.name !== name) continue;
      const { tokens, seconds, flops, ...rest } = await read(run.curve);
      const stream = await (await folder.getFileHandle(run.curve)).createWritable();
      await stream.write(JSON.stringify(rest));
      await stream.close();
      return [tokens, seconds, flops];
    }
    throw new Error(`no run is called ${name}`);
  }, name);

test("runs are compared by steps, tokens, training time or operations, as far as those were noted", async () => {
  const { page, done } = await visit(place);
  await train(page, "narrow", { steps: 12, eval_every: 3, batch: 2, seed: 1 });
  await train(page, "wide", { steps: 6, eval_every: 3, batch: 8, seed: 2 });
  const choice = page.getByLabel("Compare by");
  assert.equal(await choice.isVisible(), false, "a run alone has nothing to be compared with");
  const shows = page.getByRole("checkbox", { name: "Show “narrow” in the charts" });
  await shows.check();
  await choice.waitFor();
  assert.deepEqual(await choice.locator("option").allTextContents(), ["Steps", "Tokens", "Training time", "FLOPs"]);

  /** The lines of the saved picture, by where they end. */
  const ends = async () => {
    const svg = (await chartFile(page, "lr", "SVG")).toString();
    const lines = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) => Number(points?.split(" ").at(-1)?.split(",")[0]));
    return { svg, lines };
  };
  const right = 936;
  const bySteps = await ends();
  assert.deepEqual(bySteps.lines, [503, right], "wide has half the steps");
  await choice.selectOption("Tokens");
  await page.getByRole("img", { name: "Loss over tokens" }).waitFor();
  const byTokens = await ends();
  assert.ok(byTokens.svg.includes("Tokens learned from") && byTokens.svg.includes("1.4K"));
  assert.deepEqual(byTokens.lines, [right, 503], "and twice the tokens: 6 × 8 × 32 against 12 × 2 × 32");
  const chart = page.locator("#loss-chart .u-over");
  const { width } = (await chart.boundingBox()) ?? assert.fail("the chart is not seen");
  await chart.hover({ position: { x: width - 2, y: 40 } });
  await page.locator("#loss-reading").filter({ hasText: /^1\.54K tokens · / }).waitFor();
  await choice.selectOption("FLOPs");
  await page.getByRole("img", { name: "Loss over floating-point operations" }).waitFor();
  assert.deepEqual((await ends()).lines, byTokens.lines, "the same model does the same for every token");
  await choice.selectOption("Training time");
  await page.getByRole("img", { name: "Loss over training time" }).waitFor();
  const byTime = await ends();
  assert.equal(Math.max(...byTime.lines), right);

  // What was kept before it was noted is left out, and said to be.
  await shows.uncheck();
  await choice.waitFor({ state: "hidden" });
  await page.getByRole("img", { name: "Loss over steps" }).waitFor();
  const [tokens, seconds, flops] = await ageCurve(page, "narrow");
  assert.deepEqual(tokens, Array.from({ length: 12 }, (_, at) => 64 * (at + 1)));
  for (const column of [seconds, flops]) assert.ok(column.every((/** @type {number} */ value, /** @type {number} */ at) => value > (column[at - 1] ?? 0)), "they rise");
  await shows.check();
  await choice.selectOption("Tokens");
  const table = page.getByRole("region", { name: "Runs in the charts" });
  await table.getByText("Not drawn, since this was not noted for it: “narrow”.").waitFor();
  assert.deepEqual((await ends()).lines, [right]);
  await choice.selectOption("Steps");
  await table.getByText("Not drawn").waitFor({ state: "hidden" });
  assert.deepEqual((await ends()).lines, bySteps.lines);
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360, "a phone has room for it");
  await done();
});

test("what is deleted can be had back until the notice is gone, also after a reload; then its files are gone", async () => {
  const { page, done } = await visit(place);
  await train(page, "first", { seed: 1 });
  const before = await files(page);
  await train(page, "second", { seed: 2 });
  const both = await files(page);
  assert.ok(both.length > before.length);

  await choosing(page, "second", "Delete");
  await notice(page, "“second” was deleted.").waitFor();
  assert.deepEqual(await names(page), ["first"]);
  assert.equal(await figure(page, "step"), "–", "it was the run on the page");
  assert.deepEqual(await files(page), both);
  await button(page, "Undo").click();
  await row(page, "second").waitFor();

  await choosing(page, "second", "Delete");
  await notice(page, "“second” was deleted.").waitFor();
  await page.reload();
  await ready(page);
  await unfoldRuns(page);
  await row(page, "first").waitFor();
  assert.deepEqual(await names(page), ["first"]);
  await button(page, "Undo").click();
  await row(page, "second").waitFor();
  await button(page, "Open “second”").click();
  await page.locator("#figure-step").filter({ hasText: "5 / 5" }).waitFor();

  await choosing(page, "second", "Delete");
  await notice(page, "“second” was deleted.").getByRole("button", { name: "Dismiss" }).click();
  for (let waited = 0; (await files(page)).length > before.length && waited < 100; waited++) await page.waitForTimeout(100);
  assert.deepEqual(await files(page), before);

  await press(page, "Make room");
  await page.getByRole("dialog").getByRole("checkbox", { name: "first" }).check();
  await button(page, "Remove states").click();
  await notice(page, "are free again").waitFor();
  assert.equal((await files(page)).filter((name) => name.startsWith("state-")).length, 0);
  assert.match((await row(page, "first").textContent()) ?? "", /curve only/);
  assert.equal(await button(page, "Open “first”").getAttribute("aria-disabled"), "true");
  await page.getByRole("checkbox", { name: "Show “first” in the charts" }).check();
  await page.getByRole("region", { name: "Runs in the charts" }).getByText("first").waitFor();
  await done();
});

test("all runs as one file, into an empty browser: the same list, and every run goes on", async () => {
  const giver = await visit(place);
  await choose(giver.page, [TEXT]);
  await giver.page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  const points = await train(giver.page, "first", { steps: 6, eval_every: 2, seed: 1 });
  await train(giver.page, "second", { seed: 2 });
  const given = await downloaded(giver.page, () => press(giver.page, "Export all"));
  assert.match(given.name, /^mmrec-runs-\d{4}-\d\d-\d\d\.zip$/);
  const kept = await keptRuns(giver.page);
  await importing(giver.page, given.bytes);
  await notice(giver.page, "0 runs were taken in. 2 were here already.").waitFor();
  await giver.done();

  const entries = unzipSync(given.bytes);
  assert.deepEqual(Object.keys(entries).filter((name) => name.startsWith("texts/")).length, 1, "the text is there once");
  assert.equal(Buffer.from(entries[Object.keys(entries).find((name) => name.startsWith("texts/")) ?? ""]).toString(), text(1500));
  if (MMREC) {
    const path = join(place.folder, "first.safetensors");
    await writeFile(path, entries["runs/first/step6.safetensors"]);
    const info = await mmrec("info", path, "--json");
    assert.deepEqual([info.stage, info.resumable, info.step ?? info.progress?.step], ["tiny", true, 6]);
  }

  const taker = await visit(place);
  await importing(taker.page, given.bytes);
  await notice(taker.page, "2 runs were taken in.").waitFor();
  assert.deepEqual(await names(taker.page), ["second", "first"]);
  const same = (/** @type {Record<string, unknown>} */ { id, name, step, settings, best, samples, created }) => ({ id, name, step, settings, best, samples, created });
  assert.deepEqual((await keptRuns(taker.page)).map(same), kept.map(same));
  await taker.page.reload();
  await ready(taker.page);
  await unfoldRuns(taker.page);
  await button(taker.page, "Open “first”").click();
  await taker.page.locator("#figure-step").filter({ hasText: "6 / 6" }).waitFor();
  assert.deepEqual(await curve(taker.page), points);
  await fillSettings(taker.page, { steps: 8 });
  await press(taker.page, "Resume");
  await taker.page.locator("#figure-step").filter({ hasText: "8 / 8" }).waitFor();
  await phase(taker.page, /All planned steps are done/);
  await taker.done();

  const careful = await visit(place);
  // The second state of the second run is cut short, its curve is none, and something else lies about.
  const broken = { ...entries, "runs/second/step5.safetensors": strToU8("nothing"), "runs/second/curve.json": strToU8("{"), "runs/third/run.json": strToU8('{"version":9}'), "../escape.txt": strToU8("out") };
  await importing(careful.page, Buffer.from(zipSync(broken, { level: 0 })));
  await notice(careful.page, "2 runs were taken in.").waitFor();
  await notice(careful.page, "Parts of “runs.zip” were left out: runs/third describes no run; the curve of “second” is missing or damaged; a state of “second” is missing or no checkpoint.").or(notice(careful.page, "the curve of “second” is missing or damaged; a state of “second” is missing or no checkpoint; runs/third describes no run.")).waitFor();
  await button(careful.page, "Open “first”").click();
  await careful.page.locator("#figure-step").filter({ hasText: "6 / 6" }).waitFor();
  await careful.done();
});

test("a file that holds no runs, claims too much, or is no zip at all is refused and changes nothing", async () => {
  const { page, done } = await visit(place);
  const bomb = Buffer.from(zipSync({ "runs/bomb/run.json": new Uint8Array(30_000_000), "runs/bomb/step1.safetensors": new Uint8Array(1000) }));
  const liar = Buffer.from(zipSync({ "runs/liar/run.json": strToU8("{}"), "runs/liar/step1.safetensors": [new Uint8Array(100), { level: 0 }] }));
  // The central directory says four gigabytes where there are a hundred bytes.
  liar.writeUInt32LE(0xfffffff0, liar.lastIndexOf("PK\x01\x02", undefined, "latin1") + 24);
  const many = Buffer.from(zipSync(Object.fromEntries(Array.from({ length: 20_001 }, (_, at) => [`runs/a/${at}`, new Uint8Array()])), { level: 0 }));
  /** @type {[Buffer, string | RegExp][]} */
  const cases = [
    [Buffer.from("no zip"), "it is no zip file"],
    [Buffer.from(zipSync({ "readme.txt": strToU8("hello") })), "there are no runs in it"],
    [bomb, "there are no runs in it"],
    [liar, /describes no run[^]*Nothing was taken in/],
    [many, "it holds too many files"],
  ];
  for (const [buffer, words] of cases) {
    await importing(page, buffer);
    await page.getByRole("alert").filter({ hasText: words }).waitFor();
    await page.getByRole("button", { name: "Dismiss" }).first().click();
  }
  assert.deepEqual(await keptRuns(page), []);
  await done();
});

test("a run that cannot be read is left as it is, and does no harm to the others", async () => {
  const { page, done } = await visit(place);
  await train(page, "whole", { seed: 1 });
  await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("mmrec");
    for (const [name, content] of [["run-00000000-0000.json", '{"version":99,"states":[{"file":"state-newer"}]}'], ["state-newer", "precious"]]) {
      const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await stream.write(content);
      await stream.close();
    }
  });
  await page.reload();
  await ready(page);
  await notice(page, "A kept run could not be read.").waitFor();
  await unfoldRuns(page);
  await row(page, "whole").waitFor();
  assert.deepEqual(await names(page), ["whole"]);
  await button(page, "Open “whole”").click();
  await page.locator("#figure-step").filter({ hasText: "5 / 5" }).waitFor();
  await fillSettings(page, { steps: 6 });
  await press(page, "Resume");
  await keptRun(page, (run) => run.step === 6);
  const left = await files(page);
  assert.ok(left.includes("run-00000000-0000.json") && left.includes("state-newer"));
  await done();
});

test("a full disk is told, with what to do, and training goes on", async () => {
  const { page, done } = await visit(place, {
    before: (page) =>
      page.addInitScript(() => {
        const { write } = FileSystemWritableFileStream.prototype;
        FileSystemWritableFileStream.prototype.write = function (content) {
          return window.full ? Promise.reject(new DOMException("The disk is full.", "QuotaExceededError")) : write.call(this, content);
        };
      }),
  });
  await train(page, "first", { seed: 1 });
  await unfold(page, "#runs", false);
  await page.evaluate(() => (window.full = true));
  await fillSettings(page, { ...SMALL, steps: 25, seed: 2 });
  await press(page, "Train");
  await page.getByRole("alert").filter({ hasText: "the browser gives the page no more storage" }).waitFor();
  await phase(page, /All planned steps are done/);
  assert.doesNotMatch((await page.locator(".notice").first().textContent()) ?? "", /Training goes on/, "it does not");
  await button(page, "Show the runs").click();
  await row(page, "first").waitFor();

  await press(page, "Train");
  await page.getByRole("dialog").getByText("step 25").waitFor();
  await button(page, "Cancel").click();
  await page.evaluate(() => (window.full = false));
  await press(page, "Make room");
  await page.getByRole("dialog").getByRole("checkbox", { name: "All others that have ended" }).check();
  await button(page, "Remove states").click();
  await notice(page, "are free again").waitFor();
  await fillSettings(page, { steps: 26 });
  await press(page, "Resume");
  await keptRun(page, (run) => run.step === 26 && run.states.length > 0);
  await done();
});
