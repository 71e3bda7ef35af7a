/**
 * One worker is one engine: one wasm module on one device. All of the model's work happens here.
 *
 * A single loop does everything in turn, so that the engine is never entered twice: first the page's requests, then a piece of
 * writing, then a piece of training. Between pieces it gives the event loop a turn, which is when new requests arrive.
 *
 * @import { Engine, EngineEvent } from "./engine-types.js"
 * @import { Answers, Envelope, FromWorker, Notice, Opened, Read, Request, TextFile, TextSource, ThreadAnswer } from "./protocol.js"
 * @import { ThreadSetup } from "./threads.js"
 */

import { failureOf } from "./failure.js";
import { countCompiledPrograms } from "./gpu-compile-counter.js";
import { lifeline } from "./lifeline.js";
import { loadModule } from "./wasm-modules.js";

/** The state is saved at least this often while training (milliseconds) … */
const SAVE_AT_LEAST = 20_000;
/** … and more often where that is cheap: saving may take one part in this many of the time. */
const SAVE_SHARE = 40;
const SAVE_AT_MOST = 4_000;

/** Bytes of a file that are read at once. */
const PIECE = 1 << 22;

/** @type {Engine | undefined} */
let engine;
/** What the engine's module works in. @type {WebAssembly.Memory | undefined} */
let memory;
/** @type {Envelope[]} */
const requests = [];
/** @type {"no" | "run" | "step"} */
let training = "no";
let writing = false;
let awake = false;
let step = 0;
let savedAt = 0;
let savedStep = 0;
let saveEvery = SAVE_AT_MOST;

const channel = new MessageChannel();
/** The page learns by it when this worker ends. */
const held = lifeline.hold(self.name);

self.onmessage = (/** @type {MessageEvent<Envelope>} */ message) => {
  requests.push(message.data);
  if (!awake) void loop();
};
self.addEventListener("unhandledrejection", (event) => notify({ type: "failed", failure: failureOf(event.reason, { memory, fatal: true }) }));
self.addEventListener("error", (event) => {
  event.preventDefault();
  notify({ type: "failed", failure: failureOf(event.error ?? event.message, { memory, fatal: true }) });
});

async function loop() {
  awake = true;
  for (;;) {
    const envelope = requests.shift();
    if (envelope) await answer(envelope);
    else if (writing) await write();
    else if (training !== "no") await train();
    else break;
    await turn();
  }
  awake = false;
}

/** Lets the event loop take one turn (a timer would wait 4 ms, a promise none at all). */
function turn() {
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/** @param {Envelope} envelope */
async function answer({ id, request }) {
  try {
    await held;
    notify({ type: "begun" });
    const value = await respond(request);
    post({ type: "reply", id, ok: true, value });
  } catch (error) {
    post({ type: "reply", id, ok: false, failure: failureOf(error, { memory }) });
  }
}

/**
 * @param {Request} request
 * @returns {Promise<Answers[keyof Answers]>}
 */
async function respond(request) {
  if (request.type === "open") return open(request);
  const ready = opened();
  switch (request.type) {
    case "read":
      return read(ready, request.source);
    case "prepare":
      return ready.prepare(request.options, (share) => notify({ type: "preparing", share }));
    case "longest_context":
      return ready.longest_context() ?? null;
    case "text":
      return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (ready.text())]);
    case "describe":
      return ready.describe(request.settings);
    case "probe":
      return ready.probe(request.settings);
    case "find_rate":
      return ready.find_rate(request.settings);
    case "try_rate":
      return (await ready.try_rate()) ?? null;
    case "end_rate":
      ready.end_rate();
      return null;
    case "start":
      ready.start(request.settings);
      return begin(0);
    case "resume": {
      const info = ready.resume(request.bytes);
      begin(info.step);
      return info;
    }
    case "grow": {
      const info = ready.grow(request.bytes, request.settings);
      begin(info.step);
      return info;
    }
    case "load": {
      const info = ready.open(request.bytes);
      begin(info.step);
      return info;
    }
    case "inspect":
      return ready.inspect(request.bytes);
    case "run":
    case "step":
      training = request.type;
      return null;
    case "pause":
      training = "no";
      return null;
    case "checkpoint":
      return snapshot(ready);
    case "set_sample":
      ready.set_sample(request.prompt, request.every);
      return null;
    case "set_steps":
      ready.set_steps(request.steps);
      return null;
    case "generate":
      await ready.generate(request.prompt, request.options);
      writing = true;
      return null;
    case "stop_generation":
      endWriting(ready, true);
      return null;
    case "unknown":
      return ready.unknown_characters(request.prompt);
    case "logits":
      return ready.logits(request.prompt);
    case "yardsticks":
      return ready.yardsticks();
    case "evidence":
      return ready.evidence(request.written);
    case "inspect_text":
      return ready.inspect_text(request.text);
    case "gates":
      return ready.gates(request.layer);
    case "look":
      return ready.look(request.layer, request.token);
    case "ablate":
      return ready.ablate(request.part);
    case "end_inspection":
      ready.end_inspection();
      return null;
    case "pack":
      return { bytes: /** @type {Uint8Array<ArrayBuffer>} */ (ready.pack(request.bytes, request.packing)) };
    case "compare":
      return ready.compare();
    case "rehearse":
      return ready.rehearse();
    case "check":
      await ready.check(request.expected, (share) => notify({ type: "checking", share }));
      return null;
  }
}

/**
 * @param {Extract<Request, { type: "open" }>} request
 * @returns {Promise<Opened>}
 */
async function open({ device, build, code }) {
  if (device === "webgpu") countCompiledPrograms((count) => notify({ type: "compiled", count }));
  const loaded = await loadModule(device, { startThreads, build, compiled: code && received(code) });
  memory = loaded.memory;
  const { name, module } = loaded;
  // At any time: what the GPU computes from then on is not to be trusted.
  engine = await module.Engine.create(device, (message) => notify({ type: "failed", failure: { message, fatal: true, fault: true } }));
  const stages = engine.stages();
  const defaults = /** @type {Opened["defaults"]} */ ({});
  for (const { stage } of stages) defaults[stage] = engine.defaults(stage);
  return { name: engine.device_name(), module: name, stages, defaults, fields: engine.fields() };
}

/**
 * The page starts the engine's threads.
 * @param {ThreadSetup} setup
 * @param {number} count
 * @returns {Promise<void>}
 */
function startThreads(setup, count) {
  const { port1, port2 } = new MessageChannel();
  post({ type: "threads", setup, count, answer: port2 });
  return new Promise((resolve, reject) => {
    port1.onmessage = (/** @type {MessageEvent<ThreadAnswer>} */ { data: { failure } }) => (failure ? reject(new Error(failure)) : resolve());
  });
}

/**
 * The module's code, which the page downloads and compiles meanwhile.
 * @param {MessagePort} port
 * @returns {Promise<WebAssembly.Module | null>}
 */
function received(port) {
  return new Promise((resolve) => {
    port.onmessage = ({ data }) => resolve(data);
    port.onmessageerror = () => resolve(null);
  });
}

function opened() {
  if (!engine) throw new Error("The engine is not open yet.");
  return engine;
}

/**
 * @param {Engine} ready
 * @param {TextSource} source
 */
async function read(ready, source) {
  ready.clear_text();
  if (source.kind === "sample") {
    ready.sample_text();
    return null;
  }
  if (source.kind === "kept") return { ...ready.restore_text(await bytesOf(source.name, source.blob), source.name), files: [], leftOut: [] };
  let info = null;
  /** @type {Pick<Read, "files" | "leftOut">} */
  const { files, leftOut } = { files: [], leftOut: [] };
  const given = source.files;
  for (const place of ready.in_order(given.map(({ name }) => name))) {
    try {
      info = await readFile(ready, /** @type {TextFile} */ (given[place]), source.lossy);
      files.push({ ...info.file, place });
    } catch (error) {
      // Of several files one that is no text does not refuse the others.
      if (error instanceof WebAssembly.RuntimeError || given.length === 1) throw error;
      leftOut.push({ place, why: failureOf(error, { memory }).message });
    }
  }
  if (!info) throw new Error(leftOut[0]?.why);
  return { ...info, files, leftOut };
}

/**
 * In pieces, so that a large file never lies in memory twice.
 * @param {Engine} ready
 * @param {TextFile} file
 * @param {boolean} lossy
 */
async function readFile(ready, { name, blob }, lossy) {
  ready.begin_file(name, lossy);
  for (let at = 0; at < blob.size; at += PIECE) ready.read_part(await bytesOf(name, blob.slice(at, at + PIECE)));
  return ready.end_file();
}

/**
 * @param {string} name
 * @param {Blob} blob
 */
async function bytesOf(name, blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw new Error(`${name} could not be read: ${failureOf(error, { memory }).message}`, { cause: error });
  }
}

/** @param {number} at the step of the model that is now in the engine */
function begin(at) {
  training = "no";
  // The model that was writing is gone.
  if (writing) notify({ type: "writing_ended", stopped: true });
  writing = false;
  step = at;
  savedStep = at;
  savedAt = performance.now();
  return null;
}

/** One piece of training, and what follows from it. */
async function train() {
  const ready = opened();
  try {
    const events = await ready.advance();
    const stopped = await follow(ready, events);
    if (stopped) notify({ type: "stopped", reason: stopped });
    else if (performance.now() - savedAt > saveEvery && step > savedStep) await save(ready);
  } catch (error) {
    training = "no";
    notify({ type: "stopped", reason: "error", failure: failureOf(error, { memory }) });
  }
}

/**
 * @param {Engine} ready
 * @param {EngineEvent[]} events
 * @returns {Promise<"step" | "finished" | null>} why training stops here, if it does
 */
async function follow(ready, events) {
  /** @type {"step" | "finished" | null} */
  let stopped = null;
  for (const event of events) {
    if (event.type === "step") step = event.step;
    if (event.type === "step" && training === "step") stopped = "step";
    if (event.type === "finished") stopped = "finished";
  }
  notify({ type: "events", events });
  const saves = events.filter((event) => event.type === "save");
  if (saves.length > 0) await save(ready, saves.some(({ kind }) => kind === "best"));
  if (stopped) training = "no";
  return stopped;
}

/**
 * @param {Engine} ready
 * @param {boolean} [best] whether its validation loss is the lowest so far
 */
async function save(ready, best = false) {
  const started = performance.now();
  const taken = await snapshot(ready);
  savedAt = performance.now();
  savedStep = step;
  saveEvery = Math.min(SAVE_AT_LEAST, Math.max(SAVE_AT_MOST, (savedAt - started) * SAVE_SHARE));
  notify({ type: "snapshot", snapshot: taken, best });
}

/** @param {Engine} ready */
async function snapshot(ready) {
  const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (await ready.checkpoint());
  return { bytes, step };
}

/** One piece of writing. */
async function write() {
  const ready = opened();
  try {
    const text = await ready.next_text();
    const share = ready.reading();
    if (text === undefined) endWriting(ready, false);
    else if (share !== undefined) notify({ type: "reading", share });
    else notify({ type: "written", text });
  } catch (error) {
    writing = false;
    notify({ type: "writing_ended", stopped: true, failure: failureOf(error, { memory }) });
  }
}

/**
 * @param {Engine} ready
 * @param {boolean} stopped by the person
 */
function endWriting(ready, stopped) {
  if (!writing) return;
  writing = false;
  if (stopped) ready.stop_generation();
  notify({ type: "writing_ended", stopped });
}

/** @param {Notice} notice */
function notify(notice) {
  post(notice);
}

/** @param {FromWorker} message */
function post(message) {
  /** @type {Transferable[]} */
  const transfer = [];
  const bytes = message.type === "snapshot" ? message.snapshot.bytes : replyBytes(message);
  if (bytes) transfer.push(bytes.buffer);
  if (message.type === "threads") transfer.push(message.answer);
  /** @type {{ postMessage(message: unknown, transfer: Transferable[]): void }} */ (self).postMessage(message, transfer);
}

/**
 * @param {FromWorker} message
 * @returns {Uint8Array<ArrayBuffer> | null} of a file, which is moved and not copied
 */
function replyBytes(message) {
  if (message.type !== "reply" || !message.ok) return null;
  const value = /** @type {Partial<Answers["checkpoint"]> | null} */ (message.value);
  return value && value.bytes instanceof Uint8Array ? value.bytes : null;
}
