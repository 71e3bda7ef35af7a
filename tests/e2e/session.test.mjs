/** The page's session without a browser, with an engine that is played: which phase follows what, and what comes too late. */

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { setLanguage } from "../../web/i18n/index.js";
import { RunStore } from "../../web/storage/run-store.js";
import { memoryStore } from "../../web/storage/store.js";

const settings = { stage: "tiny", tokenizer: "char", context: 32, batch: 2, steps: 5, lr: 0.1, seed: 1, warmup: 0, eval_every: 1, sample_every: 0, sample_prompt: "", dropout: 0 };
const point = (step) => ({ step, train_loss: 5 - step / 10, lr: 0.1, tokens_per_s: 10, grad_norm: 1 });

/** A worker's client that answers at once; `refuses` makes it refuse a request. */
class PlayedEngine {
  device = "cpu";
  alive = true;
  warm = true;
  step = 0;
  refuses = "";
  asked = [];

  async ask({ type, ...request }) {
    this.asked.push(type);
    if (this.refuses === type) throw new Error("not this time");
    const info = { settings, stage: "tiny", grows_to: "mini", tokenizer: "char", parameters: 9, vocabulary: 8, growths: [], history: [] };
    switch (type) {
      case "read":
        return { bytes: 9, characters: 9, preview: "text", files: [] };
      case "prepare":
        return { fingerprint: "text" };
      case "describe":
        return { parameters: 9, uniform_loss: 2, memory: 1, grows_to: "mini" };
      case "start":
        this.step = 0;
        return null;
      case "checkpoint":
        return { step: this.step, bytes: new Uint8Array([this.step]) };
      case "resume":
        this.step = request.bytes[0];
        return { ...info, step: this.step };
      case "grow":
        return { ...info, stage: "mini", grows_to: null, settings: request.settings, step: this.step, growths: [{ step: this.step, parameters: 9 }] };
    }
    return null;
  }

  resetCompileCount() {}

  /** The worker takes steps. @param {number} last */
  steps(last) {
    const events = [];
    while (this.step < last) events.push({ type: "step", ...point(++this.step) });
    this.onNotice({ type: "events", events });
  }

  /** @param {string} reason @param {object} [failure] */
  stops(reason, failure) {
    this.onNotice({ type: "stopped", reason, failure });
  }
}

let Session;
before(async () => {
  // What a page has and Node.js has not.
  globalThis.self ??= globalThis;
  ({ Session } = await import("../../web/state/session.js"));
  await setLanguage("en");
});

/** A session with a text, ready to train. */
async function readySession() {
  const told = [];
  const hooks = { changed() {}, advanced() {}, tell: (kind, { what }) => told.push(what), trainingStarts() {}, workerDied: async () => {}, reviveWorker: async () => {} };
  const runStore = new RunStore(memoryStore());
  await runStore.recall();
  const session = new Session(runStore, hooks);
  const engine = new PlayedEngine();
  session.adopt(engine);
  session.draft.settings = { ...settings };
  await session.draft.reload();
  session.opened();
  return { session, engine, told, runStore };
}

/** Everything that was asked for is done. */
const done = (session) => session.unsavedAfterFlush();

test("a run is begun, paused, gone on with and over, and is kept on the way", async () => {
  const { session, engine, told } = await readySession();
  assert.equal(session.phase, "ready");
  await session.train();
  assert.deepEqual([session.phase, session.run.engineHasRun], ["running", true]);
  engine.steps(2);
  await session.pause();
  engine.stops("paused");
  await done(session);
  assert.deepEqual([session.phase, session.run.step, session.run.snapshot.step], ["paused", 2, 2]);
  await session.resume();
  assert.equal(session.phase, "running");
  engine.steps(5);
  engine.stops("finished");
  await done(session);
  assert.deepEqual([session.phase, session.run.endReason, session.run.snapshot.step], ["ended", "steps", 5]);
  await session.trainOn();
  assert.deepEqual([session.phase, session.run.endReason, session.run.planned], ["running", null, 10]);
  assert.deepEqual(told, []);
});

test("what a worker says after the run was stopped, left or lost changes no phase", async () => {
  const { session, engine } = await readySession();
  await session.train();
  engine.steps(1);
  await session.stop();
  assert.deepEqual([session.phase, session.run.endReason], ["ended", "stopped"]);
  engine.stops("paused");
  assert.equal(session.phase, "ended");
  session.closeRun();
  engine.stops("finished");
  assert.deepEqual([session.phase, session.run], ["ready", null]);
  session.died();
  for (const action of ["train", "step", "resume", "pause", "stop"]) await session[action]();
  engine.stops("finished");
  assert.deepEqual([session.phase, session.run], ["dead", null]);
});

test("where the engine refuses to begin a run, the one before is still there", async () => {
  const { session, engine, told } = await readySession();
  engine.refuses = "start";
  await session.train();
  assert.deepEqual([session.phase, session.run, told.length], ["ready", null, 1]);
  engine.refuses = "";
  await session.train();
  engine.steps(1);
  await session.stop();
  const { run } = session;
  engine.refuses = "start";
  await session.train();
  assert.deepEqual([session.phase, session.run === run, run.endReason], ["ended", true, "stopped"]);
});

test("a run that grew waits to be trained on, under its own name", async () => {
  const { session, engine } = await readySession();
  await session.train();
  engine.steps(1);
  await session.pause();
  const { id } = session.run;
  await session.grow({ steps: 9, lr: 0.1, warmup: 0 });
  assert.deepEqual([session.phase, session.run.id, session.run.stage, session.run.began, session.run.engineHasRun], ["paused", id, "mini", 1, true]);
});

test("another text or other settings take the run out of the engine, which gets it back before it trains on", async () => {
  const { session, engine } = await readySession();
  await session.train();
  engine.steps(2);
  await session.stop();
  await session.changeSettings({ lr: 0.2, steps: 7 });
  assert.equal(session.run.engineHasRun, false);
  engine.asked = [];
  await session.resume();
  assert.deepEqual([engine.asked, session.phase, session.run.engineHasRun, session.run.planned], [["resume", "set_steps", "run"], "running", true, 7]);
});

test("what is changed while a run is paused is kept with it", async () => {
  const { session, engine, runStore } = await readySession();
  await session.train();
  engine.steps(2);
  await session.pause();
  await session.changeSettings({ steps: 4321 });
  await done(session);
  assert.deepEqual([session.phase, runStore.run(session.run.id).settings.steps], ["paused", 4321]);
});

test("a page stays where it would lose steps, or leave work half done, and says why", async () => {
  const { session, engine, told } = await readySession();
  await session.train();
  engine.steps(2);
  // In memory alone nothing is kept.
  assert.equal(await session.reasonToStay(), "unkept");
  assert.equal(session.phase, "running");
  await session.stop();
  session.closeRun();
  assert.deepEqual([await session.reasonToStay(), session.askBeforeLeaving], [null, false]);
  let finish = () => {};
  const work = session.finishing(new Promise((resolve) => (finish = resolve)));
  assert.deepEqual([await session.reasonToStay(), session.askBeforeLeaving], ["busy", true]);
  finish();
  await work;
  assert.deepEqual([await session.reasonToStay(), session.askBeforeLeaving], [null, false]);
  assert.match(told.join(), /could not be kept in this browser.*in the middle of reading or writing/);
});

test("a tab that follows shows the other one's run and gives it up again; its own phase is that of the beginning", async () => {
  const { session } = await readySession();
  const follower = (await readySession()).session;
  await session.train();
  const other = new Session(new RunStore(memoryStore()), { changed() {} });
  other.follow();
  assert.deepEqual([other.phase, other.leaderPhase, other.run], ["starting", "starting", null]);
  other.follow("running", session.run, { settings, info: null, text: follower.draft.text });
  assert.deepEqual([other.phase, other.leaderPhase, other.run, other.draft.settings], ["starting", "running", session.run, settings]);
  other.draft.info = { fingerprint: "x" };
  assert.equal(other.draft.ready, false, "its engine knows nothing of it");
  other.unfollow();
  assert.deepEqual([other.phase, other.leaderPhase, other.run, other.draft.settings], ["starting", null, null, null]);
});
