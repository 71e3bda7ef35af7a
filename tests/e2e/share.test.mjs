/** Sharing: a link that restores settings, and a page that writes by itself. */

import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

import { button, choose, drawn, fillSettings, keptRun, loadCheckpoint, mmrec, MMREC, phase, press, ready, startWithFolder, text, unfold, usable, visit, trainSmall, SMALL } from "./helpers.mjs";

const place = startWithFolder();

/** @param {import("playwright-core").Page} page */
async function unfoldShare(page) {
  await unfold(page, "#share");
  await page.locator("#share-body button").first().waitFor();
}

/** The link that the page offers. @param {import("playwright-core").Page} page */
async function link(page) {
  await unfoldShare(page);
  return page.getByLabel("Link to these settings").inputValue();
}

/** What is set. @param {import("playwright-core").Page} page */
const settings = (page) =>
  page.evaluate(() => {
    const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | HTMLSelectElement | null} */ (document.querySelector(`#settings [name=${name}], #sampling [name=${name}]`));
    const names = ["steps", "lr", "context", "batch", "tokenizer", "seed", "dropout", "warmup", "eval_every", "sample_prompt", "sample_every"];
    /** @type {Record<string, string | undefined>} */
    const found = Object.fromEntries(names.map((name) => [name, field(name)?.value]));
    return /** @type {Record<string, string | undefined>} */ ({ ...found, stage: /** @type {HTMLInputElement | null} */ (document.querySelector("#settings [name=stage]:checked"))?.value });
  });

/**
 * A person who opens a link.
 * @param {string} fragment
 * @param {Parameters<typeof visit>[1]} [options]
 */
async function opened(fragment, options) {
  const visited = await visit({ ...place, origin: place.origin }, options);
  await visited.page.evaluate((fragment) => (location.hash = fragment), fragment);
  await visited.page.locator(".notice").waitFor();
  await ready(visited.page);
  return visited;
}

/** @param {import("playwright-core").Page} page */
const notice = (page) => page.locator(".notice").first().innerText();

test("a link restores what was set, and says nothing of the person's own text", async () => {
  const { page, done } = await visit(place, { permissions: ["clipboard-read", "clipboard-write"] });
  await fillSettings(page, { stage: "mini", steps: 77, lr: 0.0015, dropout: 0.25, sample_prompt: "Ça va & #1?", sample_every: 20 });
  const address = new URL(await link(page));
  assert.equal(address.origin + address.pathname, `${place.origin}/`);
  assert.equal(address.search, "", "a server sees nothing of it");
  assert.match(address.hash, /^#stage=mini&text=sample&/);
  for (const part of ["steps=77", "lr=0.0015", "dropout=0.25", "sample_every=20"]) assert.ok(address.hash.includes(part), part);
  assert.doesNotMatch(address.hash, /seed|context/, "what nobody changed is not in it");
  await press(page, "Copy link");
  await page.locator("#share").filter({ hasText: "Copied." }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), address.href);
  const set = await settings(page);

  const other = await visit(place);
  await fillSettings(other.page, { steps: 5, seed: 9 });
  await other.page.goto(address.href);
  await other.page.locator(".notice").waitFor();
  await ready(other.page);
  assert.deepEqual(await settings(other.page), set);
  assert.equal(await other.page.evaluate(() => location.hash), "", "loading the page again does not bring it back");
  await button(other.page, "Undo").click();
  await other.page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector("#settings [name=steps]"))?.value === "5");
  assert.equal((await settings(other.page)).seed, "9");
  await other.done();

  await choose(page, [{ name: "secret-diary.txt", buffer: Buffer.from(text(300)) }]);
  await page.locator("#text-name").filter({ hasText: "secret-diary" }).waitFor();
  assert.doesNotMatch(await link(page), /text=|secret/);
  await page.locator("#share").filter({ hasText: "Your own text is not in it" }).waitFor();
  await done();
});

test("a seed that is longer than JavaScript's numbers is the same to the last digit, typed and in a link", async () => {
  const { page, done } = await visit(place);
  const seed = "9007199254740993";
  await fillSettings(page, { seed });
  assert.equal((await settings(page)).seed, seed);
  await usable(page, "Train");
  const { hash } = new URL(await link(page));
  assert.ok(hash.includes(`seed=${seed}`), hash);
  // Nothing can begin with it, which is what filling in settings waits for.
  const field = page.locator('#settings [name="seed"]');
  await field.fill("9223372036854775808");
  await field.blur();
  await page.locator("#settings-problem").filter({ hasText: "seed = 9223372036854775808 is out of range" }).waitFor();
  await done();

  const other = await opened(hash);
  assert.equal((await settings(other.page)).seed, seed);
  assert.doesNotMatch(await notice(other.page), /Not taken/);
  await other.done();
});

test("a link takes no text away and starts no download by itself", async () => {
  const { page, done } = await opened("#stage=tiny&text=tiny-shakespeare&steps=30");
  assert.match(await notice(page), /made with another text/);
  await button(page, "Download Tiny Shakespeare (1.12 MB)").waitFor();
  assert.match(await page.locator("#text-name").innerText(), /sample/);

  await choose(page, [{ name: "mine.txt", buffer: Buffer.from(text(300)) }]);
  await page.locator("#text-name").filter({ hasText: "mine.txt" }).waitFor();
  await page.evaluate(() => (location.hash = "#stage=tiny&text=sample&steps=31"));
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector("#settings [name=steps]"))?.value === "31");
  assert.match(await page.locator("#text-name").innerText(), /mine\.txt/);
  await button(page, "Use the sample text").click();
  await page.locator("#text-name").filter({ hasText: "sample" }).waitFor();
  await done();
});

test("what a link may not say is left out, by name, and a run is not disturbed", async () => {
  const long = "x".repeat(9000);
  const hostile = `#stage=tiny&steps=1e999&steps=40&lr=-1&batch=0&context=1.5&tokenizer=%00bpe&eval_every=7&__proto__=1&constructor=2&sizes=%7B%7D&text=https://example.com/x&seed=1&dropout=0.1&<img src=x onerror=alert(1)>=1&warmup=${long}`;
  const { page, done } = await opened(hostile);
  const set = await settings(page);
  assert.deepEqual([set.stage, set.steps, set.eval_every, set.dropout, set.tokenizer], ["tiny", "40", "7", "0.1", "char"]);
  const said = await notice(page);
  assert.match(said, /Not taken, because unknown here or out of range: steps, .*…/);
  assert.equal(await page.locator(".notice img").count(), 0);
  assert.match(await page.locator("#text-name").innerText(), /sample/);

  await page.evaluate(() => (location.hash = "#stage=huge&steps=1"));
  await page.locator(".notice.error").filter({ hasText: "names no model that this page has" }).waitFor();
  await page.evaluate(() => (location.hash = "#controls"));

  await fillSettings(page, { ...SMALL, steps: 100_000 });
  await press(page, "Train");
  await phase(page, /Training/);
  await page.evaluate(() => (location.hash = "#stage=mini&steps=3"));
  await page.locator(".notice").filter({ hasText: "a run is under way" }).waitFor();
  assert.equal((await settings(page)).steps, "100000");
  await press(page, "Stop");
  const kept = await keptRun(page, ({ step }) => step > 0);
  // The link waits in the address until it can be opened.
  await page.reload();
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector("#settings [name=steps]"))?.value === "3");
  assert.equal((await keptRun(page, () => true)).id, kept.id, "the run is still there");
  await done();
});

/**
 * Opens an exported file as a person does, from the disk and without a network.
 * @param {string} file
 */
async function alone(file) {
  const context = await place.browser.newContext({ offline: true });
  const page = await context.newPage();
  /** @type {string[]} */
  const dirt = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && dirt.push(message.text()));
  page.on("pageerror", (error) => dirt.push(String(error)));
  page.on("request", (request) => !/^(file|blob|data):/.test(request.url()) && dirt.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.locator("#state").filter({ hasText: "Ready." }).waitFor();
  return {
    page,
    async done() {
      await context.close();
      assert.deepEqual(dirt, []);
    },
  };
}

/**
 * @param {import("playwright-core").Page} page
 * @param {"f16" | "int8"} packing
 */
async function exported(page, packing) {
  await unfoldShare(page);
  await page.getByLabel("Size of a weight").selectOption(packing);
  const waiting = page.waitForEvent("download");
  await press(page, "Export as a page");
  const download = await waiting;
  const path = join(place.folder, download.suggestedFilename());
  await download.saveAs(path);
  const line = page.locator("#share [role=status]").filter({ hasText: "is saved" });
  return { path, said: await line.innerText() };
}

/** What an exported page writes. @param {import("playwright-core").Page} page @param {string} prompt @param {Record<string, string>} fields */
async function writes(page, prompt, fields) {
  await page.getByLabel("Prompt").fill(prompt);
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
  await page.getByRole("button", { name: "Generate" }).click();
  // It is busy as soon as it is pressed, and its last words are seen at the next frame.
  await page.locator('#written[aria-busy="false"]').waitFor();
  await drawn(page);
  return (await page.locator("#written").textContent())?.slice(prompt.length) ?? "";
}

test("a model becomes one file that writes from the disk, without a network, and says what its size cost", async () => {
  const { page, done } = await visit(place);
  await choose(page, [{ name: "diary.txt", buffer: Buffer.from(text(900)) }]);
  await fillSettings(page, { ...SMALL, steps: 120, eval_every: 60, lr: 0.01 });
  await press(page, "Train");
  await phase(page, /All planned steps are done/);
  const validation = Number(await page.locator("#figure-validation").innerText());
  await page.locator("#prompt").fill('Ada & "Ben" </textarea>');
  const half = await exported(page, "f16");
  const quarter = await exported(page, "int8");
  for (const { path, said, packing, most } of [{ ...half, packing: "f16", most: 0.002 }, { ...quarter, packing: "int8", most: 0.02 }]) {
    const [, size, before, after] = said.match(/^mmrec-tiny-step120-\w+\.html \([\d.]+ MB\) is saved\. \w+: ([\d.]+) [KM]B of weights, loss ([\d.]+) → ([\d.]+)\.$/) ?? assert.fail(said);
    assert.ok(Math.abs(Number(before) - validation) < 0.0015, `${before} is the run's ${validation}`);
    assert.ok(Math.abs(Number(after) - Number(before)) <= most, said);
    assert.ok(Number(size) > 0);
    const source = await readFile(path, "utf8");
    assert.ok((await stat(path)).size < 4_000_000);
    assert.match(source, /content="default-src 'none'; script-src 'sha256-[^']+' 'wasm-unsafe-eval'; worker-src blob:; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'"/);
    assert.doesNotMatch(source, /diary/, "the name of the text is nobody's business");

    const { page: single, done: closed } = await alone(path);
    assert.equal(await single.getByLabel("Prompt").inputValue(), 'Ada & "Ben" </textarea>');
    assert.ok((await single.locator("footer").innerText()).includes(`${before} → ${after} nats per letter`));
    const written = await writes(single, "Ada finds ", { Temperature: "0", Length: "60" });
    assert.equal(written.length, 60);
    if (packing === "f16") {
      await unfold(page, "#write details");
      await page.locator("#prompt").fill("Ada finds ");
      await page.getByLabel("Temperature").fill("0");
      await page.getByLabel("Length").fill("60");
      await press(page, "Generate");
      await page.locator('#written[aria-busy="false"]').waitFor();
      assert.equal(written, (await page.locator("#written").textContent())?.slice("Ada finds ".length), "the same letters as the page's model");
    }
    await single.getByLabel("Length").fill("100000");
    await single.getByRole("button", { name: "Generate" }).click();
    await single.waitForFunction(() => (document.querySelector("#written")?.textContent?.length ?? 0) > 200);
    assert.ok(await single.getByRole("button", { name: "Stop" }).evaluate((stop) => stop === document.activeElement), "the next thing wanted is to stop");
    await single.getByRole("button", { name: "Stop" }).click();
    await single.locator("#state").filter({ hasText: "Ready." }).waitFor();
    await closed();
  }
  assert.ok((await stat(quarter.path)).size < (await stat(half.path)).size);
  await done();
});

test("a model that was opened to write is exported, in the person's language; an export can be cancelled", { skip: MMREC === "" }, async () => {
  const { page, done } = await visit(place);
  await trainSmall(page);
  const waiting = page.waitForEvent("download");
  await press(page, "Save checkpoint");
  const whole = join(place.folder, "whole.safetensors");
  await (await waiting).saveAs(whole);
  const packed = join(place.folder, "packed.safetensors");
  await mmrec("--json", "export", whole, "--precision", "int8", "--out", packed);
  await loadCheckpoint(page, packed);
  await page.locator(".notice").filter({ hasText: /packed\.safetensors/ }).waitFor();
  // What it is measured on is said: the text that lies here, which it did not learn from.
  await choose(page, [{ name: "diary.txt", buffer: Buffer.from(text(900)) }]);
  await page.locator("#text-name").filter({ hasText: "diary.txt" }).waitFor();
  const { path, said } = await exported(page, "f16");
  assert.match(said, /, loss [\d.]+ → [\d.]+ on “diary\.txt”, the text chosen here, which need not be the one it learned from\.$/);
  const source = await readFile(path, "utf8");
  assert.match(source, /Loss, on a text that need not be the one it learned from, with the weights as they were trained/);
  assert.doesNotMatch(source, /diary/, "the name of the text is nobody's business");
  await press(page, "Export as a page");
  await button(page, "Cancel").locator("visible=true").click();
  await usable(page, "Export as a page");
  await page.getByLabel("Language").selectOption("tr");
  await page.getByLabel("Ağırlık boyutu").waitFor();
  const download = page.waitForEvent("download");
  await press(page, "Sayfa olarak dışa aktar");
  const file = join(place.folder, "tr.html");
  await (await download).saveAs(file);
  assert.match(await page.locator("#share [role=status]").last().innerText(), /kayıp \d+,\d{3} → \d+,\d{3}; burada seçili olan “diary\.txt” ile ölçüldü, model bu metni öğrenmemiş olabilir\.$/);
  const context = await place.browser.newContext({ offline: true });
  const single = await context.newPage();
  await single.goto(pathToFileURL(file).href);
  await single.locator("#state").filter({ hasText: "Hazır." }).waitFor();
  assert.equal(await single.getAttribute("html", "lang"), "tr");
  await context.close();
  await done();
});
