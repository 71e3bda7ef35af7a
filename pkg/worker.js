/**
 * The Worker of a `Model`: an engine, and what is asked of it. One piece of work at a time; training goes on where nothing else is
 * asked for. Between pieces the event loop gets a turn, which is when requests arrive.
 */

import { load } from "./index.js";

/** @typedef {AsyncGenerator<unknown, unknown, void>} Work yields what is told meanwhile, and returns the answer */

/** @type {any} */
let engine;
/** The validation loss of the newest evaluation. @type {number | null} */
let evaluated = null;
let ended = false;
/** @type {{ id: number, kind: string, work: Work, stopped: boolean }[]} */
const jobs = [];
let awake = false;
const channel = new MessageChannel();

/** @type {Record<string, (request: any) => Work>} */
const kinds = {
  async *create({ text, options: { build, stage = "tiny", ...options } }) {
    await open(build);
    const settings = { ...engine.defaults(stage), sample_every: 0, ...options };
    read(text, settings);
    engine.start(settings);
  },

  async *load({ file, options: { build, text } }) {
    await open(build);
    const { settings } = engine.inspect(file);
    if (text === undefined || !settings) return void engine.open(file);
    read(text, settings);
    engine.resume(file);
  },

  async *train() {
    for (;;) {
      for (const event of await advance()) {
        const step = stepOf(event);
        if (step) yield step;
        if (event.type === "finished") return { reason: event.reason, message: event.message };
      }
      yield;
    }
  },

  async *step() {
    for (;;) {
      const step = (await advance()).map(stepOf).find(Boolean);
      if (step) return step;
      yield;
    }
  },

  async *generate({ prompt, options }) {
    await engine.generate(prompt, { tokens: 200, temperature: 0.8, top_k: 0, top_p: 0.95, seed: 1, stop: [], ...options });
    try {
      for (;;) {
        const text = await engine.next_text();
        if (text === undefined) return;
        yield text;
      }
    } finally {
      engine.stop_generation();
    }
  },

  async *save() {
    return engine.checkpoint();
  },
};

self.onmessage = ({ data: { id, kind, ...request } }) => {
  const job = jobs.find((job) => job.id === id);
  if (kind === "stop") return void (job && (job.stopped = true));
  jobs.push({ id, kind, work: /** @type {(request: any) => Work} */ (kinds[kind])(request), stopped: false });
  if (!awake) void loop();
};

async function loop() {
  awake = true;
  for (;;) {
    const job = jobs.find(({ kind }) => kind !== "train") ?? jobs[0];
    if (!job) break;
    const { id, work, stopped } = job;
    try {
      const { done, value } = await (stopped ? work.return(null) : work.next());
      if (done) settle(job, { id, value });
      else if (value !== undefined) self.postMessage({ id, event: value });
    } catch (error) {
      settle(job, { id, error: error instanceof Error ? error.message : String(error) });
    }
    await turn();
  }
  awake = false;
}

/**
 * @param {typeof jobs[number]} job
 * @param {object} answer
 */
function settle(job, answer) {
  jobs.splice(jobs.indexOf(job), 1);
  self.postMessage(answer);
}

/** Lets the event loop take one turn. */
function turn() {
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/** @param {import("./index.js").Build} [build] */
async function open(build = "cpu") {
  const { Engine } = await load(build);
  engine = await Engine.create(build === "webgpu" ? "webgpu" : "cpu");
}

/**
 * @param {string} text
 * @param {{ tokenizer: string, validation?: number, context: number, batch: number }} settings
 */
function read(text, { tokenizer, validation, context, batch }) {
  engine.read_text(new TextEncoder().encode(text), "text", false);
  engine.prepare({ tokenizer, ...(validation === undefined ? {} : { validation }), context, batch });
}

/** One piece of training. @returns {Promise<any[]>} */
async function advance() {
  if (ended) throw new Error("all steps are done: make the model with more of them");
  const events = await engine.advance();
  ended = events.some((/** @type {{ type: string }} */ { type }) => type === "finished");
  return events;
}

/** @param {any} event */
function stepOf(event) {
  if (event.type === "eval") evaluated = event.val_loss;
  if (event.type !== "step") return null;
  const { step, train_loss, lr, tokens_per_s } = event;
  return { step, train_loss, val_loss: evaluated, lr, tokens_per_s };
}
