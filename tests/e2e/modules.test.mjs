/** The page's modules that need no browser. */

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { before, test } from "node:test";

import { differingIn, nameOf, valueOf } from "../../web/charts/differing-settings.js";
import { labelsOf } from "../../web/charts/growth-marks.js";
import { Watchdog } from "../../web/engine/watchdog.js";
import * as format from "../../web/i18n/format.js";
import { setLanguage, texts } from "../../web/i18n/index.js";
import { adviceOn } from "../../web/panels/settings/advice.js";
import { chosenFiles } from "../../web/panels/text/chosen-files.js";
import { BackgroundThrottling } from "../../web/platform/background-throttling.js";
import { messageOf } from "../../web/platform/errors.js";
import { VERSION } from "../../web/platform/version.js";
import { Eta } from "../../web/state/eta.js";
import { MetricsHistory, columnsOf, toStored } from "../../web/state/metrics-history.js";
import { PhaseMachine } from "../../web/state/phase.js";
import { RunDraft } from "../../web/state/run-draft.js";
import { Run } from "../../web/state/run.js";
import { roundSteps, secondsPerStep } from "../../web/state/time-estimate.js";
import { manifestOf } from "../../web/storage/manifest.js";
import { unlike } from "../../web/storage/run-names.js";
import { RunStore } from "../../web/storage/run-store.js";
import { memoryStore } from "../../web/storage/store.js";
import { serial, withEach } from "../../web/ui/dom.js";

before(() => setLanguage("en"));

const settings = { stage: "tiny", tokenizer: "char", context: 32, batch: 2, steps: 100, lr: 0.01, seed: 0, warmup: 0, eval_every: 10, save_every: 0, sample_every: 0, sample_prompt: "", dropout: 0 };
const point = (step, train_loss, val_loss) => ({ step, train_loss, lr: 0.01, tokens_per_s: 100, ...(val_loss === undefined ? {} : { val_loss }) });

test("the page, the npm package and the crates among each other are of one version", async () => {
  const read = (/** @type {string} */ name) => readFile(new URL(`../../${name}`, import.meta.url), "utf8");
  const manifest = await read("Cargo.toml");
  assert.equal(/^version = "(.+)"$/m.exec(manifest)?.[1], VERSION);
  assert.equal(/^mmrec = \{ version = "(.+?)"/m.exec(manifest)?.[1], VERSION);
  assert.equal(JSON.parse(await read("pkg/package.json")).version, VERSION);
});

test("a curve is the same live and out of a checkpoint", () => {
  const live = new MetricsHistory();
  const history = [point(1, 5), point(2, 4, 4.5), point(3, 3)];
  for (const { val_loss, ...step } of history) {
    live.addStep(step);
    if (val_loss !== undefined) live.addEvaluation({ step: step.step, val_loss });
  }
  const recalled = new MetricsHistory();
  recalled.reset([point(1, 9), point(9, 9, 1)]);
  recalled.reset(history);
  for (const column of ["steps", "train_loss", "trend", "val_loss", "lr", "tokens_per_s", "grad_norm", "best"]) assert.deepEqual(recalled[column], live[column], column);
  assert.deepEqual(live.best, { step: 2, loss: 4.5 });
  assert.equal(live.loss, 3);
});

test("a step that comes again takes the place of the first", () => {
  const curve = new MetricsHistory();
  for (const step of [point(1, 5), point(2, 4), point(2, 3.5)]) curve.addStep(step);
  assert.deepEqual(curve.steps, [1, 2]);
  assert.deepEqual(curve.train_loss, [5, 3.5]);
});

test("going back to a checkpoint forgets what came after it", () => {
  const run = new Run({ settings, text: null, stage: "tiny", parameters: 1, uniform: 4 });
  for (const step of [1, 2, 3]) run.apply({ type: "step", ...point(step, 5 - step) });
  run.apply({ type: "sample", step: 1, text: "early" });
  run.apply({ type: "sample", step: 3, text: "late" });
  run.rewind({ step: 2, growths: [], history: [point(1, 4), point(2, 3)] });
  assert.equal(run.step, 2);
  assert.deepEqual(run.metrics.steps, [1, 2]);
  assert.deepEqual(run.samples.map(({ text }) => text), ["early"]);
});

test("a run remembers when its model grew, and how fast the larger one is", () => {
  const growths = [{ step: 1, parameters: 5 }, { step: 2, parameters: 9 }];
  const info = { settings, stage: "small", grows_to: null, parameters: 20, vocabulary: 8, step: 3, growths, history: [point(1, 5), point(2, 4), { ...point(3, 3), tokens_per_s: 40 }] };
  const before = new Run({ settings, text: { name: "text" }, stage: "mini", parameters: 9, uniform: 2 });
  before.apply({ type: "sample", step: 1, text: "early" });
  const run = Run.grown(before, info, snapshot(3));
  assert.equal(run.began, 2);
  assert.deepEqual(run.recentSpeeds(20), [40]);
  assert.deepEqual(run.recentSpeeds(0), []);
  assert.deepEqual([run.id, run.text, run.samples, run.snapshot.step], [before.id, before.text, before.samples, 3]);
  run.rewind({ step: 2, growths: growths.slice(0, 1), history: info.history.slice(0, 2) });
  assert.deepEqual(run.recentSpeeds(20), [100], "of a state before the last growth");
  assert.equal(before.began, 0);
});

test("every language has all files, and is one that the page knows and offers", async () => {
  const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
  const filesOf = (language) => readdir(new URL(`../../web/i18n/${language}`, import.meta.url));
  const entries = await readdir(new URL("../../web/i18n", import.meta.url), { withFileTypes: true });
  const languages = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
  const known = JSON.parse((await read("web/i18n/initial-language.js")).match(/KNOWN = (\[.*?\])/)[1]);
  const choice = (await read("index.html")).match(/<select id="language"[^]*?<\/select>/)[0];
  assert.deepEqual(known.sort(), languages);
  assert.deepEqual([...choice.matchAll(/<option value="(\w+)"/g)].map(([, value]) => value).sort(), languages);
  for (const language of languages) assert.deepEqual((await filesOf(language)).sort(), ["inspect.js", "page.js", "share.js"]);
});

test("a phase leads on to those that can follow it, and what cannot happen changes nothing", () => {
  const phase = new PhaseMachine();
  const does = (transition, happens, then, ...args) => assert.deepEqual([phase[transition](...args), phase.now], [happens, then], transition);
  for (const early of ["train", "refuse", "pause", "end", "load", "close"]) does(early, false, "starting");
  does("open", true, "ready");
  for (const without of ["open", "refuse", "pause", "end"]) does(without, false, "ready");
  does("train", true, "running");
  does("refuse", true, "ready");
  does("train", true, "running");
  does("train", true, "running");
  does("pause", true, "paused");
  for (const late of ["open", "refuse", "pause"]) does(late, false, "paused");
  does("end", true, "ended");
  does("end", true, "ended");
  does("train", true, "running");
  does("refuse", true, "ended");
  does("load", true, "paused", false);
  does("load", true, "ended", true);
  does("close", true, "ready");
  does("die", true, "dead");
  for (const transition of ["open", "train", "refuse", "pause", "end", "load", "close"]) does(transition, false, "dead");
});

test("another tab is told of a run under the names that every version of the page knows", () => {
  const run = new Run({ settings, text: null, stage: "tiny", growsTo: "mini", tokenizer: "char", parameters: 1, uniform: 4 }, { id: about.id, exportedStep: 1 });
  run.apply({ type: "step", step: 2, train_loss: 3, lr: 0.01, tokens_per_s: 10 });
  run.end("stopped");
  run.detach();
  const message = structuredClone({ run: run.toMessage(), curve: run.metrics.toMessage() });
  const names = ["attached", "evaluating", "exportedStep", "growsTo", "growths", "id", "parameters", "samples", "settings", "stage", "step", "tokenizer", "uniform", "verdict"];
  assert.deepEqual(Object.keys(message.run).sort(), names);
  assert.deepEqual(Object.keys(message.curve).sort(), ["best", "flops", "grad_norm", "lr", "seconds", "speed", "steps", "tokens", "train", "trend", "validation"]);
  const told = Run.fromMessage(message.run, message.curve);
  const { grad_norm: _, ...older } = message.curve;
  assert.deepEqual(Run.fromMessage(message.run, older).metrics.grad_norm, [null], "an earlier version does not tell it");
  assert.deepEqual([told.id, told.step, told.endReason, told.engineHasRun, told.exportedStep, told.metrics.loss], [about.id, 2, "stopped", false, 1, 3]);
  assert.deepEqual([told.toMessage(), told.metrics.toMessage()], [message.run, message.curve]);
});

test("the time left follows the pace of the last half minute", () => {
  const eta = new Eta();
  assert.equal(eta.secondsFor(10), null);
  for (let step = 0; step <= 100; step++) eta.mark(step, step * 1000);
  assert.equal(eta.secondsFor(10), 10);
  for (let step = 1; step <= 100; step++) eta.mark(100 + step, 100_000 + step * 500);
  assert.equal(eta.secondsFor(10), 5);
  eta.reset();
  assert.equal(eta.secondsFor(10), null);
});

test("a training that does not fit into memory is refused with a remedy that helps", async () => {
  const client = { device: "cpu", alive: true };
  client.ask = async ({ type, settings }) => {
    if (type !== "describe") return {};
    return { parameters: 1, memory: settings.batch * (settings.recompute ? 1e9 : 3e9) };
  };
  const draft = new RunDraft(() => client);
  draft.settings = { ...settings, batch: 1 };
  await draft.reload();
  assert.equal(draft.ready, true);
  await draft.change({ batch: 3 });
  assert.equal(draft.ready, false);
  assert.match(draft.complaint, /about 9 GB of memory, and the page can have [\d.]+ GB here\. Take a smaller batch/);
  const [{ kind, choices }] = await adviceOn({ draft, client }, { benchmark: { speed: () => null } });
  assert.equal(kind, "memory");
  assert.deepEqual(choices.slice(0, 2), [{ change: { recompute: true }, memory: 3e9 }, { change: { batch: 1 }, memory: 3e9 }]);
  for (const { change } of choices) {
    await draft.change(change);
    assert.equal(draft.ready, true, `as it said: ${JSON.stringify(change)}`);
    await draft.change({ batch: 3, recompute: false });
  }
  client.device = "webgpu";
  await draft.reload();
  assert.equal(draft.ready, true, "the estimate is not one for GPUs");
});

/** A draft whose engine knows a text of so many tokens, and a machine on which only `tiny` was measured. */
function withDraft(tokens, change) {
  const client = { device: "cpu", alive: true };
  client.ask = async ({ type, settings: asked }) => {
    if (type === "read") return {};
    if (type === "longest_context") return tokens / 10 - 1;
    if (type === "prepare" && tokens / 10 <= draft.settings.context) throw new Error("too short");
    if (type === "prepare") return { train_tokens: tokens, fingerprint: "x" };
    const tokensPerStep = asked.context * asked.batch;
    const share = asked.stage === "tiny" ? 1 : 8;
    return { parameters: 1, memory: 1, tokens_per_step: tokensPerStep, flops_per_step: share * tokensPerStep };
  };
  const draft = new RunDraft(() => client);
  draft.settings = { ...settings, ...change };
  draft.defaults = { tiny: { ...settings }, mini: { ...settings, stage: "mini" }, small: { ...settings, stage: "small" } };
  const devices = { benchmark: { speed: (_device, { stage }) => (stage === draft.settings.stage ? (stage === "tiny" ? 1150 : 115) : null) } };
  return { session: { draft, client }, devices, draft };
}

test("advice: each choice leaves nothing to advise", async () => {
  const cases = [
    [{ steps: 200_000, context: 64, batch: 8 }, 1e6, ["long"]],
    [{ steps: 1000, stage: "mini", context: 512, batch: 2 }, 1e6, ["long"]],
    [{ steps: 5000, batch: 4 }, 10_000, ["passes"]],
    [{ steps: 10_000, batch: 4, dropout: 0.2 }, 10_000, ["passes"]],
    [{ context: 128 }, 1000, ["short"]],
    [{ steps: 200, batch: 4 }, 10_000, []],
  ];
  for (const [change, tokens, kinds] of cases) {
    const { session, devices, draft } = withDraft(tokens, change);
    await draft.reload();
    const advice = await adviceOn(session, devices);
    assert.deepEqual(advice.map(({ kind }) => kind).slice(0, kinds.length || 1), kinds, JSON.stringify(change));
    for (const { kind, choices } of advice) {
      assert.ok(choices.length > 0 && choices.every((choice) => texts.advice.choice(choice).length > 5));
      for (const { change: better, seconds } of choices) {
        if (seconds > 3600) continue;
        const before = draft.settings;
        await draft.change(better);
        assert.ok(!(await adviceOn(session, devices)).some((left) => left.kind === kind), `${kind}: ${JSON.stringify(better)}`);
        await draft.change(before);
      }
    }
  }
});

test("the time of a size that was not measured is that of its work", async () => {
  const { session, devices, draft } = withDraft(1e6, {});
  await draft.reload();
  assert.ok(Math.abs(secondsPerStep(session, devices) - (64 / 1150) * 1.15) < 1e-9);
  const mini = draft.changed({ stage: "mini" });
  assert.ok(Math.abs(secondsPerStep(session, devices, mini, await draft.describe(mini)) - 8 * (64 / 1150) * 1.15) < 1e-9);
  assert.deepEqual([0.4, 7, 99, 1234, 98765].map(roundSteps), [1, 7, 99, 1200, 98_000]);
});

test("a hidden tab is called slow only where it is, by the middle of the times between steps", () => {
  const throttling = new BackgroundThrottling();
  let [step, now] = [0, 0];
  const train = (steps, time, hidden) => {
    for (let taken = 0; taken < steps; taken++) throttling.mark(++step, hidden, (now += time));
  };
  train(20, 100, false);
  assert.equal(throttling.share, null);
  throttling.turn();
  now += 60_000;
  train(5, 400, true);
  assert.equal(throttling.share, null, "too little is known");
  train(10, 400, true);
  now += 5000;
  train(1, 400, true);
  assert.equal(throttling.share, 0.25, "one long evaluation says nothing");
  throttling.turn();
  train(5, 100, false);
  throttling.turn();
  train(20, 115, true);
  assert.equal(throttling.share, null, "not really slower");
  throttling.mark(step + 4, true, (now += 460));
  throttling.reset();
  train(20, 400, true);
  assert.equal(throttling.share, null, "nothing to compare with");
});

const about = { id: "11111111-aaaa", text: { kind: "sample" }, textName: "", options: { tokenizer: "char", context: 32, batch: 2 }, settings, parameters: 1, uniform: 4, phase: "paused", verdict: null, step: 1, loss: 2, best: null, growths: [], samples: [] };
const snapshot = (step) => ({ bytes: new Uint8Array([step]), step });
const columns = new MetricsHistory().columns();
const keep = (runStore, step, changes = {}) => runStore.saveState(snapshot(step), { ...about, step, ...changes }, columns);
const states = async (runStore, id = about.id) => {
  const found = [];
  for await (const bytes of runStore.states(id)) found.push(bytes[0]);
  return found;
};
/** A `RunStore` that knows what its store holds. */
const opened = async (store) => {
  const runStore = new RunStore(store);
  await runStore.recall();
  return runStore;
};
/** A store that outlives its `RunStore`. */
const lastingStore = () => ({ ...memoryStore(), lasting: true });
const filesOf = async (store, kind) => (await store.list()).filter((name) => name.startsWith(kind)).length;

test("the last two states and the best one of every run are kept; what is deleted leaves nothing lying about", async () => {
  const store = lastingStore();
  const runStore = await opened(store);
  for (const step of [1, 2, 3, 4]) await keep(runStore, step, { best: { step: Math.min(step, 2), loss: 1 } });
  assert.deepEqual(await states(runStore), [4, 3]);
  assert.equal(runStore.run(about.id).bestState.step, 2);
  assert.deepEqual([await filesOf(store, "state-"), await filesOf(store, "curve-")], [3, 1]);
  await keep(runStore, 1, { id: "22222222-bbbb" });

  const later = await opened(store);
  assert.deepEqual(later.runs.map(({ id, step }) => [id, step]).sort(), [[about.id, 4], ["22222222-bbbb", 1]]);
  assert.notEqual(later.runs[0].name, later.runs[1].name);
  assert.deepEqual(await states(later), [4, 3]);
  await later.dropStates([about.id]);
  assert.deepEqual([await states(later), await filesOf(store, "state-"), await filesOf(store, "curve-")], [[], 1, 2]);

  await later.remove([about.id, "22222222-bbbb"]);
  assert.deepEqual([later.runs, await filesOf(store, "curve-")], [[], 2]);
  const third = await opened(store);
  assert.equal(third.deleted.length, 2, "it can still be undone");
  await third.restore([about.id]);
  await third.purge([about.id, "22222222-bbbb"]);
  assert.deepEqual([third.runs.map(({ id }) => id), await filesOf(store, "state-"), await filesOf(store, "curve-")], [[about.id], 0, 1]);
  await third.remove([about.id]);
  await third.purge([about.id]);
  await keep(third, 5);
  assert.deepEqual(await store.list(), [], "a late state does not bring a run back");
});

test("a state is kept without a look through all files; what a visit left unfinished goes with the next one's draft", async () => {
  const store = lastingStore();
  const listed = { times: 0 };
  const runStore = new RunStore({ ...store, list: () => (listed.times++, store.list()) });
  await store.write("state-orphan", "left by a visit that ended before its manifest was written");
  await runStore.recall();
  listed.times = 0;
  for (const step of [1, 2, 3, 4]) await keep(runStore, step);
  await runStore.rename(about.id, "other");
  assert.equal(listed.times, 0);
  assert.deepEqual([await filesOf(store, "state-"), await filesOf(store, "curve-")], [3, 1], "the last two, and the orphan");
  const draft = { version: 1, text: { kind: "sample" }, settings, device: "auto" };
  for (const lr of [1, 2, 3]) await runStore.saveDraft({ ...draft, settings: { ...settings, lr } });
  assert.deepEqual([listed.times, await filesOf(store, "state-")], [1, 2]);
});

test("nothing is written, and nothing removed, before it is known what is there", async () => {
  const store = lastingStore();
  await keep(await opened(store), 1);
  const runStore = new RunStore(store);
  const late = [runStore.removeUnused(), runStore.rename(about.id, "other"), keep(runStore, 2)];
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([await filesOf(store, "state-"), await filesOf(store, "curve-")], [1, 1]);
  await runStore.recall();
  await Promise.all(late);
  assert.deepEqual([await states(runStore), runStore.run(about.id).name], [[2, 1], "other"]);
});

test("a state that could not be kept leaves nothing lying about", async () => {
  const store = lastingStore();
  let full = false;
  const write = (name, content) => (full && name.startsWith("run-") ? Promise.reject(new DOMException("full", "QuotaExceededError")) : store.write(name, content));
  const runStore = await opened({ ...store, write });
  await keep(runStore, 1);
  full = true;
  await assert.rejects(keep(runStore, 2), /full/);
  assert.deepEqual([await states(runStore), await filesOf(store, "state-"), await filesOf(store, "curve-")], [[1], 1, 1]);
});

test("in memory alone, one run has states", async () => {
  const runStore = await opened(memoryStore());
  await keep(runStore, 1);
  await keep(runStore, 1, { id: "22222222-bbbb" });
  assert.deepEqual([await states(runStore), await states(runStore, "22222222-bbbb")], [[], [1]]);
});

test("the texts of the draft and of the runs are kept, each once, others are not", async () => {
  const store = lastingStore();
  const runStore = await opened(store);
  const first = await runStore.saveText(new Blob(["first"]), "first");
  assert.deepEqual(await runStore.saveText(new Blob(["first"]), "first"), first);
  await runStore.saveDraft({ version: 1, text: first, settings, device: "auto" });
  await keep(runStore, 1, { text: first });
  const second = await runStore.saveText(new Blob(["second"]), "second");
  await keep(runStore, 2, { text: first });
  assert.equal(await (await runStore.readText(second.id)).text(), "second", "a text that is about to be named survives");
  await runStore.saveDraft({ version: 1, text: second, settings, device: "auto" });
  assert.equal(await (await runStore.readText(first.id)).text(), "first", "the run's text stays");
  await runStore.remove([about.id]);
  assert.equal(await (await runStore.readText(first.id)).text(), "first", "also while it can be undone");
  await runStore.purge([about.id]);
  assert.equal(await runStore.readText(first.id), null);
});

test("a broken or newer manifest is left out, and nothing that was there is removed for it", async () => {
  for (const content of ["{", '{"version":3}', "null", "[]", JSON.stringify({ ...about, version: 2 })]) {
    const store = lastingStore();
    await keep(await opened(store), 1);
    await store.write("run-33333333-cccc.json", content);
    await store.write("draft.json", content);
    await store.write("state-theirs", "of a run that nobody can read");
    const runStore = new RunStore(store);
    assert.deepEqual(await runStore.recall(), { draft: null, broken: 1 });
    assert.deepEqual(runStore.runs.map(({ id }) => id), [about.id]);
    await keep(runStore, 2);
    await runStore.remove([about.id]);
    await runStore.purge([about.id]);
    assert.deepEqual((await store.list()).sort(), ["draft.json", "run-33333333-cccc.json", "state-theirs"], "only what is known to be ours is removed");
  }
});

test("a manifest that was made and never written is nothing", async () => {
  const store = lastingStore();
  await store.write("run-33333333-cccc.json", "");
  const runStore = new RunStore(store);
  assert.deepEqual([await runStore.recall(), await store.list()], [{ draft: null, broken: 0 }, []]);
});

test("a text that there was no room for is kept with the run, as soon as there is", async () => {
  const store = lastingStore();
  let full = true;
  const write = (name, content) => (full && name.startsWith("text-") ? Promise.reject(new DOMException("full", "QuotaExceededError")) : store.write(name, content));
  const runStore = await opened({ ...store, write });
  const kept = { times: 0 };
  runStore.onStateSaved = () => kept.times++;
  const text = await runStore.saveText(new Blob(["mine"]), "mine.txt");
  await assert.rejects(runStore.saveDraft({ version: 1, text, settings, device: "auto" }), /full/);
  await assert.rejects(keep(runStore, 1, { text }), /full/);
  assert.equal(await (await runStore.readText(text.id)).text(), "mine", "as long as the page is open");
  const textless = new RunStore(store);
  assert.equal((await textless.recall()).broken, 0);
  assert.deepEqual([await states(textless), await textless.readText(text.id)], [[1], null], "the run is there without it");
  full = false;
  assert.equal(kept.times, 0);
  await keep(runStore, 2, { text });
  const later = new RunStore(store);
  const { draft } = await later.recall();
  assert.deepEqual([draft.text, later.run(about.id).text, kept.times], [text, text, 1]);
  assert.equal(await (await later.readText(text.id)).text(), "mine");
});

test("a run whose text an earlier version could not keep can be read; one that the next visit could not read is not written", async () => {
  const runStore = await opened(lastingStore());
  await keep(runStore, 1, { text: { kind: "kept", id: "", name: "gone.txt" } });
  assert.equal(runStore.runs.length, 1);
  for (const wrong of [{ textName: "x".repeat(2000) }, { best: { step: 1, loss: NaN } }]) await assert.rejects(keep(runStore, 2, wrong), /no run of this version/);
  assert.deepEqual(await states(runStore), [1]);
});

test("the run trained last comes first, whatever the clock says, and what came from elsewhere last", async () => {
  const store = lastingStore();
  const runStore = await opened(store);
  const { now } = Date;
  await keep(runStore, 1);
  try {
    Date.now = () => now() - 7 * 86_400_000;
    await keep(runStore, 1, { id: "22222222-bbbb" });
  } finally {
    Date.now = now;
  }
  const foreign = { ...runStore.run(about.id), id: "33333333-cccc", changed: now() + 1e10, states: [], turn: 99 };
  await runStore.importRun(foreign, { states: new Map(), curve: null, text: null });
  const order = async () => {
    const later = await opened(store);
    return later.runs.map(({ id }) => id);
  };
  assert.deepEqual(await order(), ["22222222-bbbb", about.id, "33333333-cccc"]);
  await keep(runStore, 2, { id: "33333333-cccc" });
  assert.equal((await order())[0], "33333333-cccc", "it has been trained here");
});

test("where what is kept cannot be listed, the page keeps nothing", async () => {
  const runStore = new RunStore({ ...lastingStore(), list: () => Promise.reject(new DOMException("state had changed", "InvalidStateError")) });
  assert.deepEqual([await runStore.recall(), runStore.lasting], [{ draft: null, broken: 0 }, false]);
  await keep(runStore, 1);
  assert.deepEqual(await states(runStore), [1]);
});

test("a date that is none makes no run, and harms no list", async () => {
  const run = await (async () => {
    const runStore = await opened(lastingStore());
    await keep(runStore, 1);
    return runStore.run(about.id);
  })();
  assert.throws(() => manifestOf({ ...run, changed: Number.MAX_SAFE_INTEGER }), /changed/);
  assert.throws(() => manifestOf({ ...run, created: Number.MAX_SAFE_INTEGER }), /created/);
  assert.ok(format.moment(8.64e15).length > 3);
  for (const none of [Number.MAX_SAFE_INTEGER, NaN, Infinity]) assert.equal(format.moment(none), "–");
});

test("a name that somebody else has given turns no sentence round", () => {
  assert.equal(texts.emptyText("\u202egpj.evil\u202e.txt").what, "“gpj.evil.txt” was not loaded: it is empty.");
  assert.equal(texts.emptyText("a\u0007\u001b[31mred\n.txt").what, "“a[31mred.txt” was not loaded: it is empty.");
  assert.equal(texts.emptyText("مرحبا.txt").what, "“\u2066مرحبا.txt\u2069” was not loaded: it is empty.");
  assert.match(texts.filesLeftOut([{ name: "كتاب", why: "x" }, { name: "b\u2067.png", why: "x" }]).what, /: \u2066كتاب\u2069, b\.png\.$/);
  assert.equal(chosenFiles([new File(["x"], "a\u202egnp.txt")]).files[0].name, "agnp.txt");
  const run = { ...about, version: 2, created: 0, changed: 0, states: [], bestState: null, curve: null, deleted: false };
  const { name, textName, text } = manifestOf({ ...run, name: "\u202egnp.exe\u0007", textName: "\u2066x", text: { kind: "kept", id: "", name: "\u200fy" } });
  assert.deepEqual([name, textName, text.name], ["gnp.exe", "x", "y"]);
});

test("one thing that fails is reported and does not stop the others", () => {
  const done = [];
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  withEach([1, 2, 3], (one) => {
    if (one === 2) throw new Error("no");
    done.push(one);
  });
  delete globalThis.reportError;
  assert.deepEqual([done, reported], [[1, 3], ["no"]]);
});

test("the run of the page's first version is taken over, once", async () => {
  const store = lastingStore();
  const states = [{ file: "state-44444444-dddd", step: 7 }, { file: "state-55555555-eeee", step: 6 }];
  const { options, phase, verdict, loss, samples } = about;
  await store.write("run.json", JSON.stringify({ version: 1, text: { kind: "sample" }, name: "sample", options, settings, phase, verdict, step: 7, loss, samples, states }));
  for (const { file } of states) await store.write(file, file);
  for (let visit = 0; visit < 2; visit++) {
    const runStore = new RunStore(store);
    assert.equal((await runStore.recall()).broken, 0);
    assert.deepEqual(runStore.runs.map(({ id, step, states }) => [id, step, states.length, states[0].bytes]), [["44444444-dddd", 7, 2, 19]]);
    await runStore.saveDraft({ version: 1, text: { kind: "sample" }, settings, device: "auto" });
  }
  assert.deepEqual((await store.list()).sort(), ["draft.json", "run-44444444-dddd.json", ...states.map(({ file }) => file)]);
});

test("a kept curve is the curve; a long one keeps its evaluations", async () => {
  const curve = new MetricsHistory();
  for (let step = 1; step <= 10_000; step++) {
    curve.addStep(point(step, 5));
    if (step % 1001 === 0) curve.addEvaluation({ step, val_loss: step });
  }
  const stored = JSON.parse(JSON.stringify(toStored(curve.columns())));
  const kept = columnsOf(structuredClone(stored));
  assert.deepEqual(kept, curve.columns());
  assert.deepEqual(Object.keys(stored).slice(0, 6), ["steps", "train", "trend", "validation", "lr", "speed"], "the names of the first version");
  assert.ok(kept.steps.length <= 3100 && kept.steps.at(-1) === 10_000);
  assert.equal(kept.val_loss.filter((value) => value !== null).length, 9);
  const short = new MetricsHistory();
  for (let step = 1; step <= 50; step++) short.addStep(point(step, 1 / step));
  assert.deepEqual(short.columns().train_loss, short.train_loss);
  const first = Object.fromEntries(Object.entries(stored).filter(([name]) => !["tokens", "seconds", "flops", "grad_norm"].includes(name)));
  assert.deepEqual(columnsOf(first).flops, kept.steps.map(() => null), "the first version kept fewer columns");
  for (const broken of [null, {}, { ...stored, lr: [] }, { ...stored, steps: stored.steps.toReversed() }, { ...stored, train: stored.train.map(() => "5") }]) assert.throws(() => columnsOf(broken));
});

test("tasks come one after another, also after one that failed", async () => {
  const turn = serial();
  const order = [];
  const slow = turn(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    order.push(1);
    throw new Error("no");
  });
  const next = turn(async () => order.push(2));
  await assert.rejects(slow);
  await next;
  assert.deepEqual(order, [1, 2]);
});

test("numbers and times as people read them", () => {
  assert.equal(format.millions(227_944), "0.23 M");
  assert.equal(format.millions(10_242_864), "10.2 M");
  assert.equal(format.bytes(1_115_394), "1.12 MB");
  assert.equal(format.bytes(3.8e9), "3.8 GB");
  assert.equal(format.duration(95), "1 min 35 s");
  assert.equal(format.duration(7300), "2 h 1 min");
  assert.equal(format.about(90), "about 2 minutes");
  assert.equal(format.rate(0.00565685), "0.00566");
  assert.equal(format.loss(NaN), "not a number");
  assert.equal(format.count(12_345), "12,345");
  assert.equal(format.percent(0.1), "10 %");
  assert.equal(format.power(0.001), "1e-3");
});

test("one of something is not called several", () => {
  assert.equal(format.bytes(1), "1 byte");
  assert.equal(format.bytes(2), "2 bytes");
  assert.equal(format.about(3600), "about an hour");
  assert.match(texts.split({ train_tokens: 1, val_tokens: 0, val_fraction: 0 }), /^1 token to train on/);
  assert.equal(texts.at.tokens(1), "1 token");
  assert.match(texts.longestPassage({ characters: 1, start: 1 }), /: 1 character, there after 1 other\.$/);
});

test("many names are cut short, and what cannot be seen of a character is named", () => {
  const left = Array.from({ length: 9 }, (_, at) => ({ name: `${at}.png`, why: "it holds pictures" }));
  assert.equal(texts.filesLeftOut(left).what, "9 files were left out: 0.png, 1.png, 2.png, 3.png, 4.png, 5.png and 3 more.");
  assert.match(texts.unknownCharacters([{ character: "ş", count: 2 }, { character: "\u200b", count: 1 }]), /3 characters .*: “ş”, U\+200B\.$/);
  assert.match(texts.unknownCharacters([{ character: "é", count: 1 }]), /1 character of this prompt, since its text never had it: “é”\.$/);
});

/** Looks every second at a worker that is silent from now on. @param {Watchdog} watchdog @param {object} worker @param {{ work?: number, from?: number, seconds: number }} options */
function watch(watchdog, worker, { work = 1e9, from = 0, seconds }) {
  for (let at = 0; at <= seconds; at++) {
    const found = watchdog.look(worker, work, 1000 * (from + at));
    if (found !== null) return found;
  }
  return null;
}

const trained = { device: "cpu", model: 1, heard: 7, answering: null, training: true, writing: false, stepped: true, working: true };

test("a silent worker is noticed within seconds, by what its pieces take", () => {
  assert.ok(Number(watch(new Watchdog(), trained, { seconds: 60 })) <= 12);
  // A piece that took eight seconds lets the next one take several times as long.
  const watchdog = new Watchdog();
  assert.equal(watch(watchdog, trained, { seconds: 8 }), null);
  assert.equal(watch(watchdog, { ...trained, heard: 8 }, { from: 9, seconds: 40 }), null);
  // Another model may be smaller.
  assert.ok(Number(watch(watchdog, { ...trained, model: 2 }, { from: 50, seconds: 60 })) <= 12);
});

test("an answer that takes no longer than a piece of training is as soon missed", () => {
  for (const answering of ["pause", "checkpoint", "set_steps"]) assert.ok(Number(watch(new Watchdog(), { ...trained, training: false, answering }, { seconds: 60 })) <= 12, answering);
  assert.equal(watch(new Watchdog(), { ...trained, stepped: false, training: false, answering: "checkpoint" }, { seconds: 50 }), null);
});

test("what takes long by its nature is no silence", () => {
  const first = { ...trained, stepped: false };
  assert.equal(watch(new Watchdog(), first, { seconds: 50 }), null, "a first step");
  assert.equal(watch(new Watchdog(), first, { work: 5e10, seconds: 240 }), null, "a first step of a large model");
  assert.equal(watch(new Watchdog(), { ...trained, answering: "read" }, { seconds: 120 }), null, "going through a text");
  assert.equal(watch(new Watchdog(), { ...trained, device: "webgpu" }, { seconds: 60 }), null, "compiling for a GPU");
  assert.equal(watch(new Watchdog(), { ...trained, training: false, working: false }, { seconds: 3600 }), null, "nothing was asked");
});

test("time in which the page did not run is no silence", () => {
  const watchdog = new Watchdog();
  assert.equal(watch(watchdog, trained, { seconds: 2 }), null);
  assert.equal(watch(watchdog, trained, { from: 36_000, seconds: 4 }), null, "the machine slept");
  assert.ok(Number(watch(watchdog, trained, { from: 36_010, seconds: 30 })) <= 12);
});

test("numbers and times as people read them in Turkish", async () => {
  await setLanguage("tr");
  try {
    assert.equal(format.count(12_345), "12.345");
    assert.equal(format.loss(2.5), "2,500");
    assert.equal(format.millions(227_944), "0,23 milyon");
    assert.equal(format.bytes(1_115_394), "1,12 MB");
    assert.equal(format.percent(0.105), "%10,5");
    assert.equal(format.duration(95), "1 dk 35 sn");
    assert.equal(format.about(90), "yaklaşık 2 dakika");
    assert.equal(format.rate(0.00565685), "0,00566");
    const at = { step: 20, planned: 1000, growths: [{ step: 10, parameters: 2e6 }], loss: 2, validation: 1.5, best: { step: 20, loss: 1.5 }, uniform: 4 };
    assert.equal(
      texts.summary(at),
      "Adım 20 / 1.000: eğitim kaybı 2,000, doğrulama kaybı 1,500, en iyi 1,500 (adım 20), rastgele tahmin 4,000 (rastgele tahminden 12 kat iyi). Model, adım 10 sonrasında büyüdü (önceki boyut: 2,00 milyon parametre).",
    );
  } finally {
    await setLanguage("en");
  }
});

test("advice for the command line does not reach the page", () => {
  assert.equal(messageOf(new Error("x is not valid UTF-8. Save it as UTF-8, or accept replacement characters (--lossy)")), "x is not valid UTF-8. Save it as UTF-8, or accept replacement characters");
});

test("labels of marks meet neither each other nor a mark that is not theirs", () => {
  const widthOf = (times) => (times === 1 ? 30 : 44);
  const labels = (...xs) => labelsOf(xs, widthOf, 4, 500);
  assert.deepEqual(labels(), []);
  assert.deepEqual(labels(100), [{ start: 104, times: 1 }]);
  assert.deepEqual(labels(300, 100), [{ start: 104, times: 1 }, { start: 304, times: 1 }]);
  assert.deepEqual(labels(100, 110), [{ start: 114, times: 2 }], "near ones share a label beyond the last");
  assert.deepEqual(labels(100, 100, 150), [{ start: 154, times: 3 }], "a longer label reaches the next");
  assert.deepEqual(labels(100, 490), [{ start: 104, times: 1 }, { start: 456, times: 1 }], "at the end it stands at the left");
  assert.deepEqual(labels(430, 490), [{ start: 382, times: 2 }], "unless that meets the one before");
  for (let seed = 1; seed < 300; seed++) {
    const xs = Array.from({ length: 1 + (seed % 7) }, (_, at) => 100 + ((seed * 7919 * (at + 1)) % 400)).sort((a, b) => a - b);
    const found = labels(...xs);
    assert.equal(found.reduce((sum, { times }) => sum + times, 0), xs.length);
    found.forEach(({ start, times }, at) => {
      const end = start + widthOf(times);
      assert.ok(!xs.some((x) => x > start && x < end), `${xs}: a line through ${start}–${end}`);
      assert.ok(at === 0 || found[at - 1].start + widthOf(found[at - 1].times) <= start, `${xs}: ${JSON.stringify(found)}`);
    });
  }
});

test("a name that is taken gets a number that is free, however many have it", () => {
  const taken = new Set(["fern"]);
  for (let number = 2; number < 3000; number++) {
    let looks = 0;
    const free = unlike("fern", (name) => {
      looks++;
      return taken.has(name);
    });
    assert.equal(free, `fern ${number}`);
    assert.ok(looks < 30);
    taken.add(free);
  }
  assert.equal(unlike("owl", (name) => taken.has(name)), "owl");
});

test("runs differ in what they say, also where the page has no field for it, and not in what an earlier version did not say", () => {
  const run = (/** @type {object} */ more) => ({ settings: { ...settings, ...more } });
  const today = { accum: 1, weight_decay: 0.1, sample_tokens: 160 };
  assert.deepEqual(differingIn([run({}), run(today)]), []);
  const runs = [run({ ...today, accum: 2, lr: 0.02, sample_tokens: 9 }), run(today), run({})];
  assert.deepEqual(differingIn(runs), ["lr", "accum"]);
  assert.deepEqual(differingIn([run({ gpt: true }), run({})]), ["gpt"]);
  assert.deepEqual([nameOf("lr"), nameOf("accum")], [texts.runs.settings.lr, "accum"]);
  assert.deepEqual(runs.map((one) => valueOf(one, "accum")), ["2", "1", texts.none]);
});
