/** Looking inside a model: what the engine answers in the page's own worker, on the CPU, and what a person sees of it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { choose, pageLogits, phase, press, saveCheckpoint, fillSettings, SMALL, startWithFolder, text, visit } from "./helpers.mjs";

const place = startWithFolder();

const sum = (/** @type {number[]} */ values) => values.reduce((total, value) => total + value, 0);
const near = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1e-3;

test("a model is looked into while it is trained", async () => {
  const { page, done } = await visit(place);
  const seen = await page.evaluate(async () => {
    const { EngineClient } = await import(new URL("web/engine/engine-client.js", document.baseURI).href);
    const client = await EngineClient.open("cpu");
    const refused = (/** @type {import("../../web/engine/protocol.js").Request} */ request) => client.ask(request).then(() => "", (/** @type {Error} */ error) => error.message);
    const settings = { ...client.opened.defaults.tiny, context: 64, batch: 2, steps: 1000, eval_every: 1000, save_every: 1000, sample_every: 0 };
    const text = "Once upon a time a fox lent a lamp to the baker, and the baker gave it back to the fox. ".repeat(4) + "é";
    const inspect = () => client.ask({ type: "inspect_text", text });
    const refusals = [await refused({ type: "inspect_text", text })];
    await client.ask({ type: "read", source: { kind: "sample" } });
    await client.ask({ type: "prepare", options: { tokenizer: settings.tokenizer, context: settings.context, batch: settings.batch } });
    await client.ask({ type: "start", settings });
    refusals.push(await refused({ type: "look", layer: 0, token: 0 }));
    const fresh = await inspect();
    refusals.push(await refused({ type: "look", layer: 9, token: 0 }));
    refusals.push(await refused({ type: "inspect_text", text: "" }));
    refusals.push(await refused({ type: "inspect_text", text: "a".repeat(600) }));
    const steps = (/** @type {number} */ count) => new Promise((resolve) => {
      client.onNotice = (/** @type {{ type: string, events: { step: number }[] }} */ { type, events }) => {
        if (type === "events" && events.some((event) => event.step >= count)) resolve(undefined);
      };
    });
    const trained = steps(20);
    await client.ask({ type: "run" });
    await trained;
    /** @type {[string, number][]} */
    const times = [];
    const timed = async (/** @type {import("../../web/engine/protocol.js").Request} */ request) => {
      const began = performance.now();
      const answer = await client.ask(request);
      times.push([request.type, Math.round(performance.now() - began)]);
      return answer;
    };
    const reading = await timed({ type: "inspect_text", text });
    const token = reading.tokens.length - 2;
    const look = await timed({ type: "look", layer: 1, token });
    const more = steps(40);
    await more;
    const later = await timed({ type: "look", layer: 1, token });
    const gates = await timed({ type: "gates", layer: 1 });
    const losses = [];
    for (const part of reading.parts.keys()) losses.push(await timed({ type: "ablate", part }));
    refusals.push(await refused({ type: "ablate", part: 9 }));
    await client.ask({ type: "end_inspection" });
    refusals.push(await refused({ type: "gates", layer: 0 }));
    client.close();
    const bytes = [reading, look, gates].map((answer) => JSON.stringify(answer).length);
    return { text, refusals, fresh, reading, look, later, gates, losses, token, times, bytes };
  });
  await done();
  console.log(JSON.stringify({ times: seen.times, bytes: seen.bytes }));

  const expected = [/no model is loaded/, /no text is being looked at/, /no layer 9/, /no text to look at/, /600 tokens, and at most 512/, /no such part/, /no text is being/];
  seen.refusals.forEach((message, index) => assert.match(message, expected[index]));

  const { tokens, loss, decays, levels, parts } = seen.reading;
  assert.equal(tokens.map((/** @type {{ text: string }} */ { text }) => text).join(""), seen.text);
  assert.deepEqual([tokens[0].prediction, tokens.at(-1).label], [null, "unknown"]);
  const surprises = tokens.slice(1).map((/** @type {{ prediction: { surprise: number } }} */ { prediction }) => prediction.surprise);
  assert.ok(near(sum(surprises) / surprises.length, loss));
  assert.ok(loss < seen.fresh.loss, "it has learned");
  assert.ok(decays.flat().every((/** @type {Record<string, number>} */ { mean, shortest, longest }) => shortest <= mean && mean <= longest));
  // 23 blocks of text do not reach the third level.
  assert.equal(levels, 3);
  assert.deepEqual(parts, [{ kind: "recurrence" }, { kind: "tokens" }, { kind: "level", level: 1 }, { kind: "level", level: 2 }]);

  const { recall, attention } = seen.look;
  assert.equal(recall.shares.length, seen.token + 1);
  for (const part of [recall, ...recall.heads]) assert.ok(near(sum(part.shares), 1));
  for (const part of [attention, ...attention.heads]) assert.ok(near(sum(part.weights), 1) && part.weights.length === attention.places.length);
  assert.deepEqual(seen.later, seen.look, "it is still the model that read the text");
  assert.ok([...seen.gates.keep, ...seen.gates.write].every((head) => head.length === tokens.length));
  assert.deepEqual(seen.losses.map(({ part }) => part), parts);
  for (const { loss: without, difference } of seen.losses) assert.ok(near(without - loss, difference) && difference !== 0);
});

const TEXT = { name: "objects.txt", buffer: Buffer.from(text(1500)) };
/** Long enough for slots of two memory levels. */
const READ = text(16).slice(0, 300);

/** Notes every violation of the page's policy. @param {import("playwright-core").Page} page */
const watch = (page) => page.addInitScript(() => {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => window.violations.push(`${effectiveDirective} ${blockedURI}`));
});

/** Trains until told otherwise, and has learned a little when this returns. @param {import("playwright-core").Page} page */
async function learnALittle(page) {
  await choose(page, [TEXT]);
  await page.locator("#text-name").filter({ hasText: TEXT.name }).waitFor();
  await fillSettings(page, { ...SMALL, tokenizer: "byte", context: 64, steps: 100_000, eval_every: 100_000, lr: 0.004 });
  await press(page, "Train");
  await page.waitForFunction(() => parseInt((document.querySelector("#figure-step")?.textContent ?? "").replaceAll(",", "")) >= 60);
}

/** @param {import("playwright-core").Page} page */
async function unfold(page) {
  await page.locator("#inside > summary").focus();
  await page.keyboard.press("Enter");
  await page.locator(".heat [aria-selected=true]").waitFor();
}

/** Reads the text of this file's tests. @param {import("playwright-core").Page} page */
async function readText(page) {
  await page.getByLabel("Text to look at").fill(READ);
  await press(page, "Look");
  await page.waitForFunction((length) => document.querySelectorAll(".heat [role=option]").length === length, READ.length);
}

/** What the views are about, once they are. @param {import("playwright-core").Page} page @param {string} words */
const pointsAt = (page, words) => page.locator(".picker p").filter({ hasText: new RegExp(`${words}$`) }).waitFor();

/** The numbers at the ends of a list's bars, in per cent. @param {import("playwright-core").Page} page @param {string} list */
const percents = async (page, list) => (await page.locator(`${list} li > :last-child`).allTextContents()).map((words) => (words.includes("%") ? parseFloat(words) : 0));

test("a person looks inside while training goes on: the text by keyboard, memory, attention, parts", async () => {
  const { page, done } = await visit(place, { before: watch });
  const loaded = () => page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/inspect/") || name.includes("/inspect.")).length);
  await learnALittle(page);
  assert.equal(await loaded(), 0, "nothing of it is loaded before it is asked for");
  await unfold(page);
  assert.ok((await loaded()) > 3);
  assert.ok((await page.getByLabel("Text to look at").inputValue()).length > 100, "the validation text is offered");
  await readText(page);
  await page.getByText(/^The model has learned [\d,]+ steps? since\.$/).waitFor();
  await phase(page, /Training/);
  // Until another is chosen it is about the last token, whose past has something to show.
  await pointsAt(page, `token ${READ.length}`);
  await page.locator(".shares li").nth(6).waitFor();
  await page.locator(".slot").nth(10).waitFor();

  await page.locator(".heat [aria-selected=true]").focus();
  const presses = /** @type {const} */ ([["Home", 1], ["ArrowRight", 2], ["ArrowRight", 3], ["ArrowLeft", 2], ["End", READ.length], ["ArrowLeft", READ.length - 1]]);
  for (const [key, place] of presses) {
    await page.keyboard.press(key);
    await pointsAt(page, `token ${place}`);
    assert.deepEqual(await page.locator(".heat [tabindex='0']").evaluateAll((all) => all.map((one) => [one === document.activeElement, one.getAttribute("aria-selected")])), [[true, "true"]]);
  }
  await page.keyboard.press("ArrowUp");
  const above = await page.locator(".heat [aria-selected=true]").evaluate((one) => one.getBoundingClientRect().bottom <= (one.parentElement?.lastElementChild?.getBoundingClientRect().top ?? NaN) + 4);
  assert.ok(above, "up is the line above");
  await page.keyboard.press("End");
  await pointsAt(page, `token ${READ.length}`);
  assert.match((await page.locator(".heat [aria-selected=true]").getAttribute("aria-label")) ?? "", /^“.+”, token 300, probability [\d.]+ %, surprise \d+\.\d\d nats: [a-z ]+, Likeliest here: “/);

  // What is shown of the memory and of attention is about the last token before it is read here.
  await page.locator(".slot").nth(10).waitFor();
  await page.getByText("All shares add up to 100 %.").waitFor();
  assert.ok(Math.abs(sum(await percents(page, ".shares")) - 100) < 0.5);
  const weights = await percents(page, ".part:has(> .bars):not(:has(.shares)) .bars");
  assert.equal(weights.length, 4, "the tokens and three levels");
  assert.ok(Math.abs(sum(weights) - 100) < 0.3 && weights[0] > 0 && weights[1] > 0);
  await page.getByLabel("Layer").selectOption({ label: "3" });
  await page.getByLabel("Head").selectOption({ label: "2" });
  await page.locator(".layer.current h5").filter({ hasText: "Layer 3" }).waitFor();
  await page.locator(".slot").first().focus();
  const marked = await page.locator(".passage .marked").allTextContents();
  assert.equal(marked.length, 16, "a slot of the first level stands for a block");
  assert.ok(READ.includes(marked.join("").replaceAll("⏎", "")));

  await press(page, "Measure");
  await page.getByText("4 of 4 parts measured").waitFor();
  const differences = (await page.locator(".difference > :last-child").allTextContents()).map((words) => Number(words.replace("−", "-")));
  assert.equal(differences.length, 4);
  assert.ok(Math.max(...differences) > 0.01, differences.join());
  await phase(page, /Training/);
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  await done();
});

test("what is shown is what the engine says of the same text", async () => {
  const { page, done } = await visit(place);
  await learnALittle(page);
  await press(page, "Pause");
  await phase(page, /Paused/);
  await unfold(page);
  await readText(page);
  await page.getByText("Table of the tokens").click();
  const rows = (await page.locator(".view tbody tr").evaluateAll((rows) => rows.map((row) => [.../** @type {HTMLTableRowElement} */ (row).cells].map((cell) => cell.textContent)))).slice(0, READ.length);
  assert.equal(rows.length, READ.length);
  const shown = Number((await page.locator(".mean").textContent())?.match(/[\d.]+/)?.[0]);
  const surprises = rows.slice(1).map((row) => Number(row[3]));
  assert.ok(near(sum(surprises) / surprises.length, shown), "the mean surprise is the loss");

  const { path } = await saveCheckpoint(page, join(place.folder, "inside.safetensors"));
  for (const at of [1, 40, 177, 299]) {
    const logits = await pageLogits(page, path, READ.slice(0, at));
    const total = sum(logits.map(Math.exp));
    const probability = Math.exp(logits[READ.charCodeAt(at)]) / total;
    assert.ok(Math.abs(parseFloat(rows[at][2]) / 100 / probability - 1) < 0.02, `${rows[at]}: ${probability}`);
    await page.locator(".heat [role=option]").nth(at).click();
    await pointsAt(page, `token ${at + 1}`);
    const candidates = await percents(page, ".token .bars");
    assert.ok(candidates.length === 5 && sum(candidates) <= 100.1 && candidates.every((value, index) => index === 0 || value <= candidates[index - 1]));
    const likeliest = Math.max(...logits.map((logit) => Math.exp(logit) / total));
    assert.ok(Math.abs(candidates[0] / 100 / likeliest - 1) < 0.02);
  }
  await done();
});

test("on a phone, in Turkish, with a text that is too long, with no model and with another one", async () => {
  const { page, done } = await visit(place, { hasTouch: true });
  await page.locator("#inside > summary").click();
  await page.locator("#inside").getByText("Train or load a model first.").waitFor();
  await learnALittle(page);
  await page.setViewportSize({ width: 360, height: 740 });
  await press(page, "Write");
  await press(page, "Look");
  await page.locator(".heat [role=option]").nth(20).tap();
  await pointsAt(page, "token 21");
  await page.getByLabel("Text to look at").fill("a".repeat(600));
  await press(page, "Look");
  await page.getByRole("alert").filter({ hasText: "This could not be looked at: the text has 600 tokens, and at most 512" }).waitFor();
  assert.equal(await page.locator(".heat").count(), 0);
  await readText(page);

  await press(page, "Text");
  await page.getByLabel("Language").selectOption("tr");
  await press(page, "Yazı");
  await page.getByRole("heading", { name: "Belleği neyi saklıyor" }).waitFor();
  await pointsAt(page, "21\\. belirteç");
  await page.getByText("Bütün payların toplamı: %100.").waitFor();
  await page.getByText(/^Model o zamandan beri [\d.]+ adım daha öğrendi\.$/).waitFor();
  const wide = await page.evaluate(() => [...document.querySelectorAll("#inside *")].filter((part) => part.getBoundingClientRect().right > 361).map((part) => part.outerHTML.slice(0, 80)));
  assert.deepEqual(wide, []);

  await press(page, "Durdur");
  await phase(page, /^Durduruldu\.$/);
  await press(page, "Eğit");
  await press(page, "Yazı");
  await page.getByText("Motorda artık başka bir model var.").waitFor();
  assert.equal(await page.locator(".heat").count(), 0);
  await press(page, "Yeniden bak");
  await page.locator(".heat [role=option]").nth(READ.length - 1).waitFor();
  await done();
});
