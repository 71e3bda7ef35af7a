/** The other device: the same run on WebGPU (in software, so at a tiny size), and what happens when it fails. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertWhole, choose, curve, engineOf, fillSettings, phase, press, ready, SMALL, SOFTWARE_WEBGPU, start, text, visit, trainSmall, trainsPast, stepOf } from "./helpers.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let place;
before(async () => (place = await start(SOFTWARE_WEBGPU)));
after(() => place.close());

/** Software shaders compile slowly. */
const SLOW = { timeout: 600_000 };

/** What a page remembered of this GPU once it was checked. @type {string | null} */
let verdict = null;

/** Lets a page remember it, too: a check in software takes long. @param {import("playwright-core").Page} page */
const remember = (page) => page.addInitScript((verdict) => void (verdict && localStorage.setItem("mmrec-gpu", verdict)), verdict);

/** @param {import("playwright-core").Page} page @param {string} device */
async function use(page, device) {
  await page.getByLabel("Device").selectOption({ label: device });
  await page.locator("#device-state").filter({ hasText: new RegExp(`^${device}`) }).waitFor();
}

/**
 * Has code run in every worker before its engine opens.
 * @param {import("playwright-core").Page} page
 * @param {string} code
 */
async function plant(page, code) {
  await page.context().route("**/worker.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${await response.text()}\n${code}` });
  });
}

/** Changes the source of some programs on their way to the GPU. @param {string} source an expression of `code` and `label` */
const changing = (source) => `{
  const make = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function ({ code, label, ...rest }) {
    return make.call(this, { ...rest, label, code: ${source} });
  };
}`;

/** Lets a test reach the GPU of a worker, as `self.gpu`. */
const REACHING = `{
  const open = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return (self.gpu = await open.call(this, descriptor));
  };
}`;

/** @param {import("playwright-core").Page} page */
async function train(page) {
  page.setDefaultTimeout(SLOW.timeout);
  // A short text has few windows to evaluate on, which in software takes longer than training.
  await choose(page, [{ name: "short.txt", buffer: Buffer.from(text(60)) }]);
  await page.locator("#text-name").filter({ hasText: "short.txt" }).waitFor();
  await trainSmall(page);
  return curve(page);
}

/**
 * Everything that an element says from now on.
 * @param {import("playwright-core").Page} page
 * @param {string} selector
 * @returns {Promise<() => Promise<string[]>>}
 */
async function record(page, selector) {
  const said = await page.locator(selector).evaluateHandle((element) => {
    /** @type {string[]} */
    const texts = [];
    new MutationObserver(() => texts.push(element.textContent ?? "")).observe(element, { childList: true, characterData: true, subtree: true });
    return texts;
  });
  return () => said.jsonValue();
}

/**
 * Before the first step the page counts what the GPU compiles, and the seconds.
 * @param {string[]} said
 */
function assertPreparation(said) {
  const counts = said.map((line) => /^Preparing the GPU before the first step: (\d+) programs? compiled, /.exec(line)?.[1]);
  const known = counts.filter(Boolean).map(Number);
  assert.ok((known.at(-1) ?? 0) > 10, `it compiled many programs: ${known}`);
  assert.deepEqual(known, known.toSorted((a, b) => a - b), "the count grows");
  assert.ok(counts.findLastIndex(Boolean) < said.findIndex((line) => line.startsWith("Training on the WebGPU")), "and then it trains");
}

test("a few steps on WebGPU give the CPU's losses; the run then moves to the CPU on the way and keeps its curve", SLOW, async () => {
  const cpu = await visit(place);
  await use(cpu.page, "CPU");
  const expected = await train(cpu.page);
  await cpu.done();

  const { page, done } = await visit(place);
  await use(page, "WebGPU");
  verdict = await page.evaluate(() => localStorage.getItem("mmrec-gpu"));
  assert.ok(verdict, "it was checked");
  const said = await record(page, "#phase");
  const found = await train(page);
  assertWhole(found, SMALL.steps);
  assertPreparation(await said());
  for (const [index, point] of found.entries()) {
    assert.ok(Math.abs(Number(point.train) - Number(expected[index].train)) < 1e-2, `step ${point.step}: ${point.train}, on the CPU ${expected[index].train}`);
  }
  assert.ok(Math.abs(Number(found.at(-1)?.validation) - Number(expected.at(-1)?.validation)) < 1e-2);

  await fillSettings(page, { steps: 50_000 });
  await press(page, "Resume");
  await trainsPast(page, SMALL.steps);
  await use(page, "CPU");
  await phase(page, /Training on the CPU/);
  await trainsPast(page, SMALL.steps + 3);
  await press(page, "Pause");
  await phase(page, /Paused/);
  const points = await curve(page);
  assertWhole(points, points.length);
  assert.deepEqual(points.slice(0, SMALL.steps), found);
  await done();
});

test("where the WebGPU module cannot be loaded, the CPU is used and the page says so", SLOW, async () => {
  const { page, done } = await visit(place, {
    expected: /webgpu\/mmrec_wasm|Failed to load resource/,
    // What it fetches is not seen by routes.
    serviceWorkers: "block",
    before: (page) => page.context().route("**/wasm/webgpu/**", (route) => route.fulfill({ status: 404 })),
  });
  await page.getByLabel("Device").selectOption({ label: "WebGPU" });
  await page.getByRole("alert").filter({ hasText: "WebGPU" }).waitFor();
  await page.locator("#device-state").filter({ hasText: /^CPU/ }).waitFor();
  assert.equal((await train(page)).length, SMALL.steps);
  await done();
});

test("a WebGPU worker that dies while it trains is followed by the CPU, from the last state", SLOW, async () => {
  const { page, done } = await visit(place, { expected: /device lost on purpose/, before: remember });
  page.setDefaultTimeout(SLOW.timeout);
  await fillSettings(page, { ...SMALL, steps: 50_000, eval_every: 1000 });
  await press(page, "Train");
  await trainsPast(page, 2);
  await press(page, "Pause");
  await phase(page, /Paused/);
  const before = await curve(page);
  await use(page, "WebGPU");
  await press(page, "Resume");
  const worker = await engineOf(page, /^mmrec-webgpu/);
  await worker.evaluate(() => void setTimeout(() => { throw new Error("device lost on purpose"); }));
  await page.getByRole("alert").filter({ hasText: "device lost on purpose" }).waitFor();
  await phase(page, /Training on the CPU/);
  await trainsPast(page, before.length + 2);
  await press(page, "Pause");
  await phase(page, /Paused/);
  const points = await curve(page);
  assertWhole(points, points.length);
  assert.deepEqual(points.slice(0, before.length), before);
  await done();
});

test("Automatic measures both devices and says which is the faster", SLOW, async () => {
  const { page, done } = await visit(place, {
    // To the page the software adapter looks like a real one.
    before: (page) =>
      page.addInitScript(() => {
        const request = navigator.gpu.requestAdapter.bind(navigator.gpu);
        navigator.gpu.requestAdapter = async (options) => (await request(options)) && /** @type {GPUAdapter} */ ({ info: {} });
      }),
  });
  page.setDefaultTimeout(SLOW.timeout);
  await fillSettings(page, SMALL);
  await page.locator("#device-state").filter({ hasText: /^(CPU|WebGPU).*measured faster: [\d,]+ tokens\/s, (CPU|WebGPU) [\d,]+/ }).waitFor();
  assert.equal((await train(page)).length, SMALL.steps);
  await done();
});

/** The programs that are changed: that which answers the queries of the memory, which a run cannot do without. */
const CHANGED = /^fwd_queries/;

/** What is wrong with a GPU, and what the page says of it. */
const wrongs = [
  { name: "a program that the GPU refuses", code: changing(`${CHANGED}.test(label) ? "this is no program" : code`), said: /program|ShaderModule/ },
  { name: "a program that does nothing", code: changing(`${CHANGED}.test(label) ? code.replace(/(@compute[^{]*[{])/, "$1 if (true) { return; } ") : code`), said: /in step \d of a tiny MM-Rec its (loss|gradient norm) is [\d.]+, on the CPU [\d.]+/ },
];

for (const { name, code, said } of wrongs) {
  test(`${name} is noticed before it trains; the page says so, uses the CPU, and remembers it`, SLOW, async () => {
    const { page, done } = await visit(place, { serviceWorkers: "block", before: (page) => plant(page, code) });
    page.setDefaultTimeout(SLOW.timeout);
    const refused = page.getByRole("alert").filter({ hasText: "WebGPU cannot be trusted here" });
    await page.getByLabel("Device").selectOption({ label: "WebGPU" });
    await page.locator("#device-state").filter({ hasText: /^Checking the GPU against the CPU/ }).waitFor();
    const state = page.locator("#device-state");
    await state.filter({ hasText: /^(CPU|WebGPU)/ }).waitFor();
    assert.match((await state.textContent()) ?? "", /^CPU.*WebGPU computes something else here/);
    await refused.filter({ hasText: said }).waitFor();
    assert.equal((await train(page)).length, SMALL.steps);

    // It would be sound now, but nobody has said so. (A request that is being answered would otherwise be answered twice.)
    await page.context().unrouteAll({ behavior: "wait" });
    await page.reload();
    await ready(page);
    const opened = [];
    page.on("worker", (worker) => opened.push(worker));
    await page.getByLabel("Device").selectOption({ label: "WebGPU" });
    await refused.waitFor();
    assert.equal(opened.length, 0, "no engine was opened to find that out");
    await done();
  });
}

test("a GPU that is lost while it is checked is checked again the next time it is wanted", SLOW, async () => {
  const losing = `{
    const open = GPUAdapter.prototype.requestDevice;
    GPUAdapter.prototype.requestDevice = async function (descriptor) {
      const device = await open.call(this, descriptor);
      const compile = device.createComputePipeline;
      let programs = 0;
      device.createComputePipeline = (descriptor) => {
        if (++programs === 5) device.destroy();
        return compile.call(device, descriptor);
      };
      return device;
    };
  }`;
  const { page, done } = await visit(place, { serviceWorkers: "block", before: (page) => plant(page, losing) });
  page.setDefaultTimeout(SLOW.timeout);
  await page.getByLabel("Device").selectOption({ label: "WebGPU" });
  await page.getByRole("alert").filter({ hasText: "Changing to WebGPU failed" }).waitFor();
  await page.locator("#device-state").filter({ hasText: /^CPU.*WebGPU failed/ }).waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("mmrec-gpu")), null);
  await page.context().unrouteAll({ behavior: "wait" });
  await use(page, "WebGPU");
  await done();
});

test("a run that the GPU does not take goes on where it was", SLOW, async () => {
  const refusing = `{
    const hear = self.onmessage;
    self.onmessage = (message) => {
      const { request } = message.data;
      if (self.name.startsWith("mmrec-webgpu") && request.type === "resume") request.bytes = new Uint8Array(8);
      hear(message);
    };
  }`;
  const { page, done } = await visit(place, { serviceWorkers: "block", before: (page) => remember(page).then(() => plant(page, refusing)) });
  page.setDefaultTimeout(SLOW.timeout);
  await fillSettings(page, { ...SMALL, steps: 50_000, eval_every: 1000 });
  await press(page, "Train");
  await trainsPast(page, 2);
  await page.getByLabel("Device").selectOption({ label: "WebGPU" });
  await page.getByRole("alert").filter({ hasText: "Changing to WebGPU failed" }).waitFor();
  await phase(page, /Training on the CPU/);
  await trainsPast(page, (await stepOf(page)) + 2);
  await press(page, "Pause");
  await phase(page, /Paused/);
  const points = await curve(page);
  assert.ok(points.every((point, index) => index === 0 || point.step > points[index - 1].step), "no step twice");
  await done();
});

/** What happens to a GPU in use. */
const faults = [
  { name: "an error that no call returns", does: () => void setTimeout(() => self.gpu.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error: new GPUValidationError("made up") }))), said: /made up/ },
  { name: "the loss of the GPU", does: () => void setTimeout(() => self.gpu.destroy()), said: /lost|destroyed|device failed/ },
];

test("what a GPU complains of while it trains is told by name, and the CPU goes on from the last state", SLOW, async () => {
  const { page, done } = await visit(place, { serviceWorkers: "block", before: (page) => remember(page).then(() => plant(page, REACHING)) });
  page.setDefaultTimeout(SLOW.timeout);
  await fillSettings(page, { ...SMALL, steps: 50_000, eval_every: 1000 });
  await press(page, "Train");
  await trainsPast(page, 2);
  for (const { does, said } of faults) {
    await use(page, "WebGPU");
    await phase(page, /Training on the WebGPU/);
    await (await engineOf(page, /^mmrec-webgpu/)).evaluate(does);
    await page.getByRole("alert").filter({ hasText: "WebGPU stopped working" }).filter({ hasText: said }).waitFor();
    await phase(page, /Training on the CPU/);
  }
  await press(page, "Pause");
  await phase(page, /Paused/);
  const points = await curve(page);
  assertWhole(points, points.length);
  await done();
});
