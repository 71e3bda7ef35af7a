/** The npm package: its types, its example page, and a model that is trained, saved, loaded and written with. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { copyEngine } from "../../crates/xtask/scripts/pkg.mjs";
import { DIST, PATIENCE, start } from "./helpers.mjs";

const WEB = fileURLToPath(new URL("../../web", import.meta.url));
const PKG = fileURLToPath(new URL("../../pkg", import.meta.url));
const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

/** As `cargo xtask pkg` makes it: what git keeps, and the page's modules. */
let folder = "";
/** @type {Awaited<ReturnType<typeof start>>} */
let place;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "mmrec-pkg-"));
  for (const file of ["index.js", "example.html", "package.json", "tsconfig.json"]) await cp(join(PKG, file), join(folder, file));
  await cp(join(DIST, "web/wasm"), join(folder, "wasm"), { recursive: true });
  await copyEngine(WEB, folder);
  place = await start([], { folder });
});
after(async () => {
  await place.close();
  await rm(folder, { recursive: true });
});

/** @param {...string} args */
const tsc = (...args) => promisify(execFile)(process.execPath, [TSC, ...args], { cwd: folder }).catch(({ stdout }) => assert.fail(stdout));

/** A page of the package's folder; `done` checks that it stayed clean. @param {string} path */
async function open(path) {
  const page = await place.browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  /** @type {string[]} */
  const dirt = [];
  page.on("console", (message) => message.type() === "error" && !/favicon/.test(message.location().url) && dirt.push(message.text()));
  page.on("pageerror", (error) => dirt.push(String(error)));
  await page.goto(`${place.origin}/${path}`);
  return {
    page,
    async done() {
      await page.close();
      assert.deepEqual(dirt, []);
    },
  };
}

test("the types come from the code, and say what can be done with a model", async () => {
  await tsc("--project", ".");
  await tsc("--ignoreConfig", "--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2023,esnext.disposable,dom,dom.iterable", "--types", "", "engine/worker.js");
  await writeFile(
    join(folder, "use.ts"),
    `import { Model, load, type Step } from "./index.js";
    const model: Model = await Model.train("text", { stage: "mini", steps: 5, build: "threads" }, ({ train_loss, val_loss }) => train_loss - (val_loss ?? 0));
    const step: Step = await model.step();
    const written: string = await model.generate("a", { tokens: 5, signal: new AbortController().signal }, (piece) => piece.length);
    const file: Uint8Array = await model.save();
    const again: Model = await Model.load(file, { text: written });
    const ending = await again.train();
    if (ending) ending.reason satisfies "steps" | "plateau" | "not_finite";
    model.close();
    const { Engine, build_pool } = await load("threads");
    (await Engine.create("cpu")).device_name().length + step.step;
    void build_pool;
    await Model.create("text", { gate_rank: 2, optimizer: "sgd", tokenizer: "bpe", vocab: 300 });
    // @ts-expect-error: no such size
    Model.create("text", { stage: "huge" });
    // @ts-expect-error: the steps are a number
    Model.create("text", { steps: "5" });
    // @ts-expect-error: no such setting
    Model.create("text", { stepz: 5 });
    // @ts-expect-error: there is one thread in this build
    (await load()).build_pool;
    export {};`,
  );
  await tsc("--ignoreConfig", "--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,esnext.disposable,dom", "--types", "", "use.ts");
  const { files, exports } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  assert.ok([exports["."].types, exports["."].default].every((file) => files.includes(file.slice(2))));
});

test("the example page trains and writes, in ten lines", async () => {
  const source = await readFile(join(PKG, "example.html"), "utf8");
  assert.ok(source.trim().split("\n").length <= 10);
  const { page, done } = await open("example.html");
  await page.locator("#out").filter({ hasText: /Step \d+: loss/ }).waitFor();
  const text = await page.locator("#out").filter({ hasText: /Done\.$/ }).textContent();
  const [, step, loss, written] = text?.match(/^Step (\d+): loss ([\d.]+)\nThe ([^]{80})\nDone\.$/) ?? [];
  assert.equal(step, "60");
  assert.ok(Number(loss) < 2, `the loss fell to ${loss}`);
  assert.match(written ?? "", /^[a-z .TtHh]+$/, "in letters of the text");
  await done();
});

test("a model steps, writes while it trains, stops, is saved, and goes on from its file", async () => {
  const { page, done } = await open("index.js");
  await page.goto(`${place.origin}/package.json`);
  const seen = await page.evaluate(async () => {
    const { Model } = await import(new URL("index.js", location.href).href);
    const text = "The cat sat on the mat. The dog sat on the log. ".repeat(60);
    const options = { steps: 12, context: 16, batch: 2, eval_every: 6, seed: 3 };
    const model = await Model.create(text, options);
    const first = await model.step();
    const short = await Model.create(text, { ...options, steps: 1 });
    const only = await short.step();
    // What is left is the evaluation of that step.
    const left = await short.train();
    const more = await short.step().then(() => "", (/** @type {Error} */ error) => error.message);
    short.close();
    const stopping = new AbortController();
    /** @type {number[]} */
    const steps = [];
    const training = model.train((/** @type {{ step: number }} */ { step }) => {
      steps.push(step);
      if (step === 5) stopping.abort();
    }, { signal: stopping.signal });
    /** @type {string[]} */
    const pieces = [];
    const written = await model.generate("The ", { tokens: 20, temperature: 0 }, (/** @type {string} */ piece) => pieces.push(piece));
    const stopped = await training;
    const file = await model.save();
    const whole = { losses: /** @type {number[]} */ ([]), val: /** @type {number | null} */ (0) };
    const ending = await model.train((/** @type {{ train_loss: number, val_loss: number | null }} */ { train_loss, val_loss }) => whole.losses.push(train_loss) && (whole.val = val_loss));
    const again = await Model.load(file, { text });
    /** @type {number[]} */
    const losses = [];
    await again.train((/** @type {{ train_loss: number }} */ { train_loss }) => losses.push(train_loss));
    const onlyWrites = await Model.load(file);
    const refusals = [];
    for (const attempt of [() => onlyWrites.train(), () => model.step(), () => Model.create("short"), () => Model.create(text, { lr: -1 }), () => Model.load(new Uint8Array(9))]) {
      refusals.push(await attempt().then(() => "", (/** @type {Error} */ error) => error.message));
    }
    const same = (await onlyWrites.generate("The ", { tokens: 20, temperature: 0 })) === (await Model.load(file).then((/** @type {any} */ model) => model.generate("The ", { tokens: 20, temperature: 0 })));
    model.close();
    refusals.push(await model.save().catch((/** @type {Error} */ error) => error.message));
    return { first: first.step, only: [only.step, left.reason, more], steps, written, pieces: pieces.join(""), stopped, ending: ending.reason, whole, losses, refusals, same };
  });
  assert.equal(seen.first, 1);
  assert.deepEqual(seen.only, [1, "steps", "all steps are done: make the model with more of them"]);
  assert.deepEqual([seen.steps[0], seen.stopped], [2, null]);
  assert.ok(seen.steps.length < 11, "it stopped before its end");
  assert.deepEqual([seen.written.length, seen.pieces], [20, seen.written]);
  assert.equal(seen.ending, "steps");
  assert.deepEqual(seen.losses, seen.whole.losses, "from the file it goes on as it would have");
  assert.ok(Number(seen.whole.val) > 0 && seen.same);
  for (const [index, words] of [/cannot be trained|resum/i, /all steps are done/, /short|token/i, /lr/, /not a safetensors file/, /closed/].entries()) assert.match(seen.refusals[index], words);
  await done();
});

test("a Worker of one's own loads the engine, on one thread and on several, again and again", async () => {
  const source = `import { load } from "./index.js";
  for (const build of ["cpu", "threads", "threads"]) {
    const { Engine } = await load(build);
    const engine = await Engine.create("cpu");
    engine.read_text(new TextEncoder().encode("The cat sat on the mat. ".repeat(60)), "cats", false);
    const settings = { ...engine.defaults("tiny"), context: 16, batch: 2, steps: 1 };
    engine.prepare({ tokenizer: settings.tokenizer, context: settings.context, batch: settings.batch });
    engine.start(settings);
    let loss = null;
    for (let ended = false; !ended; ) {
      for (const event of await engine.advance()) {
        if (event.type === "step") loss = event.train_loss;
        ended ||= event.type === "finished";
      }
    }
    postMessage([engine.device_name(), loss]);
  }
  postMessage("done");`;
  await writeFile(join(folder, "own-worker.js"), source);
  const { page, done } = await open("package.json");
  /** @type {[string, number][]} */
  const seen = await page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        /** @type {[string, number][]} */
        const seen = [];
        const worker = new Worker("own-worker.js", { type: "module" });
        worker.onmessage = ({ data }) => (data === "done" ? resolve(seen) : seen.push(data));
        worker.onerror = ({ message }) => reject(new Error(message));
      }),
  );
  const threads = await page.evaluate(() => Math.min(navigator.hardwareConcurrency, 16));
  assert.deepEqual(seen.map(([name]) => Number(name.match(/(\d+) thread/)?.[1])), [1, threads, threads]);
  for (const [, loss] of seen) assert.ok(Math.abs(loss - seen[0][1]) < 2e-3, `${loss} and ${seen[0][1]}`);
  await done();
});
