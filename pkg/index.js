/**
 * MM-Rec for your own page: `Model` trains and writes in a Worker of its own; `load` gives the engine itself, for a Worker of yours.
 * The Worker and its client are those of the page that mmrec comes with.
 *
 * @import { EngineEvent, GenerateOptions, Settings, Stage } from "./engine/engine-types.js"
 * @import { Notice } from "./engine/protocol.js"
 */

import { EngineClient } from "./engine/engine-client.js";
import { Threads } from "./engine/threads.js";
import { loadModule } from "./engine/wasm-modules.js";

/**
 * The builds of the engine. "threads" is the CPU on all cores, in a page that is cross-origin isolated.
 * @typedef {"cpu" | "threads" | "webgpu"} Build
 *
 * How a model is made and trained, by the names of the program's settings files; what is left out has a sensible value.
 * @typedef {Partial<Omit<Settings, "stage" | "sizes">> & { build?: Build, stage?: Stage }} Options `build`: "cpu" where it is left out;
 * `stage`: the size, 0.23, 1.96 or 10.2 million parameters
 *
 * One step of training. Losses are in nats per token.
 * @typedef {object} Step
 * @property {number} step from 1 on
 * @property {number} train_loss
 * @property {number | null} val_loss of the newest evaluation; null before the first
 * @property {number} lr
 * @property {number} tokens_per_s
 *
 * How a training ended; null where it was stopped.
 * @typedef {{ reason: "steps" | "plateau" | "not_finite", message: string } | null} Ending
 *
 * How a text is written.
 * @typedef {object} Writing
 * @property {number} [tokens] at most; 200 where it is left out
 * @property {number} [temperature] 0 always takes the likeliest; 0.8 where it is left out
 * @property {number} [top_k] draw from so many tokens only; 0, from all, where it is left out
 * @property {number} [top_p] draw from the fewest tokens of this probability; 0.95 where it is left out
 * @property {number} [seed] the same one gives the same text; 1 where it is left out
 * @property {string[]} [stop] texts before which it stops
 * @property {AbortSignal} [signal] stops it
 */

/** How a text is written where nobody says. */
const WRITING = { tokens: 200, temperature: 0.8, top_k: 0, top_p: 0.95, seed: 1, stop: [] };

/** The builds by name; each is fetched when it is first asked for. */
export const modules = {
  cpu: () => import("./wasm/cpu/mmrec_wasm.js"),
  threads: () => import("./wasm/threads/mmrec_wasm.js"),
  webgpu: () => import("./wasm/webgpu/mmrec_wasm.js"),
};

/**
 * Loads a build, initialises it and returns its exports, `Engine` among them. Only for a Worker: every call of an engine computes
 * until its piece of work is done.
 * @template {Build} [Name="cpu"]
 * @param {Name} [build]
 * @returns {Promise<Awaited<ReturnType<typeof modules[Name]>>>}
 */
export async function load(build = /** @type {Name} */ ("cpu")) {
  checkBuild(build);
  const { module } = await loadModule(build === "webgpu" ? "webgpu" : "cpu", { build, startThreads: (setup, count) => threads.start(setup, count) });
  return /** @type {Awaited<ReturnType<typeof modules[Name]>>} */ (/** @type {unknown} */ (module));
}

/** Of the build on all cores. Its engine waits for one that ends, so this is heard between its calls only. */
const threads = new Threads(({ message }) => reportError(new Error(`a thread of the engine has ended: ${message}`)));

/** @param {string} build */
function checkBuild(build) {
  if (!Object.hasOwn(modules, build)) throw new Error(`unknown build "${build}": use "cpu", "threads" or "webgpu"`);
}

/** A language model in a Worker of its own. Every method that can fail rejects with an `Error` that says what to do. */
export class Model {
  #client;
  /** Whether all steps are done. */
  #done = false;
  /** The validation loss of the newest evaluation. @type {number | null} */
  #evaluated = null;
  /** The training under way. @type {{ type: "run" | "step", last: Step | null, onStep(step: Step): void, resolve(outcome: any): void, reject(error: Error): void } | null} */
  #training = null;
  /** The writing under way. @type {{ onText(piece: string): void, resolve(): void, reject(error: Error): void } | null} */
  #writing = null;
  /** One text is written after the other. @type {Promise<unknown>} */
  #written = Promise.resolve();

  /** Use `create`, `train` or `load`. @param {EngineClient} client */
  constructor(client) {
    this.#client = client;
    client.onNotice = (notice) => this.#hear(notice);
    client.onDeath = (failure) => this.#end(new Error(failure.message));
  }

  /**
   * A new model for this text, which has not learned anything yet.
   * @param {string} text
   * @param {Options} [options]
   * @returns {Promise<Model>}
   */
  static create(text, { build, stage = "tiny", ...options } = {}) {
    return Model.#open(build, async (client) => {
      const settings = { ...defaultsOf(client, stage), ...options };
      await read(client, text, settings);
      await client.ask({ type: "start", settings });
    });
  }

  /**
   * A new model that has learned this text.
   * @param {string} text
   * @param {Options} [options]
   * @param {(step: Step) => void} [onStep]
   * @returns {Promise<Model>}
   */
  static async train(text, options = {}, onStep) {
    const model = await Model.create(text, options);
    try {
      await model.train(onStep);
      return model;
    } catch (error) {
      model.close();
      throw error;
    }
  }

  /**
   * The model of a file that `save`, the page or the program wrote. With the text that it was trained on, its training can go on.
   * @param {Uint8Array | ArrayBuffer} file
   * @param {{ build?: Build, text?: string }} [options]
   * @returns {Promise<Model>}
   */
  static load(file, { build, text } = {}) {
    const bytes = new Uint8Array(file);
    return Model.#open(build, async (client) => {
      const { settings } = await client.ask({ type: "inspect", bytes });
      if (text === undefined || !settings) return void (await client.ask({ type: "load", bytes }));
      await read(client, text, settings);
      await client.ask({ type: "resume", bytes });
    });
  }

  /**
   * Trains until all steps are done.
   * @param {(step: Step) => void} [onStep]
   * @param {{ signal?: AbortSignal }} [options] the signal stops it, and it can go on later
   * @returns {Promise<Ending>}
   */
  async train(onStep = () => {}, { signal } = {}) {
    if (signal?.aborted) return null;
    const stop = () => void this.#client.ask({ type: "pause" }).then(() => this.#trained(null), () => {});
    signal?.addEventListener("abort", stop, { once: true });
    try {
      return await this.#advance("run", onStep);
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * One step of training.
   * @returns {Promise<Step>}
   */
  step() {
    return this.#advance("step", () => {});
  }

  /**
   * Writes on after a prompt; a training under way waits meanwhile, and so does what is to be written after it.
   * @param {string} prompt
   * @param {Writing} [options]
   * @param {(piece: string) => void} [onText] hears each piece as it comes
   * @returns {Promise<string>} what was written, without the prompt
   */
  generate(prompt, { signal, ...options } = {}, onText = () => {}) {
    const written = this.#written.then(() => this.#write(prompt, { ...WRITING, ...options }, onText, signal));
    this.#written = written.catch(() => {});
    return written;
  }

  /**
   * The model as a safetensors file, with all that its training needs to go on.
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async save() {
    return (await this.#client.ask({ type: "checkpoint" })).bytes;
  }

  /** Ends the Worker and frees its memory; what was asked of it is rejected. */
  close() {
    this.#client.fail({ message: "the model was closed", fatal: true });
  }

  /**
   * @param {Build} [build]
   * @param {(client: EngineClient) => Promise<void>} [begin]
   */
  static async #open(build = "cpu", begin = async () => {}) {
    checkBuild(build);
    const client = await EngineClient.open(build === "webgpu" ? "webgpu" : "cpu", { build });
    try {
      await begin(client);
      return new Model(client);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /**
   * @param {"run" | "step"} type
   * @param {(step: Step) => void} onStep
   * @returns {Promise<any>}
   */
  async #advance(type, onStep) {
    if (this.#done) throw new Error("all steps are done: make the model with more of them");
    if (this.#training) throw new Error("the model is being trained: wait for that, or stop it by its signal");
    return new Promise((resolve, reject) => {
      this.#training = { type, last: null, onStep, resolve, reject };
      this.#client.ask({ type }).catch((error) => this.#failed(error));
    });
  }

  /**
   * @param {string} prompt
   * @param {GenerateOptions} options
   * @param {(piece: string) => void} onText
   * @param {AbortSignal} [signal]
   */
  async #write(prompt, options, onText, signal) {
    let text = "";
    if (signal?.aborted) return text;
    const ended = new Promise((resolve, reject) => {
      const hear = (/** @type {string} */ piece) => {
        text += piece;
        onText(piece);
      };
      this.#writing = { onText: hear, resolve: () => resolve(null), reject };
    });
    // Where it does not even begin, nobody waits for its end.
    ended.catch(() => {});
    const stop = () => void this.#client.ask({ type: "stop_generation" }).catch(() => {});
    try {
      await this.#client.ask({ type: "generate", prompt, options });
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop);
      await ended;
      return text;
    } finally {
      this.#writing = null;
      signal?.removeEventListener("abort", stop);
    }
  }

  /** @param {Notice} notice */
  #hear(notice) {
    if (notice.type === "events") for (const event of notice.events) this.#advanced(event);
    if (notice.type === "stopped") {
      if (notice.failure) this.#failed(new Error(notice.failure.message));
      else if (notice.reason === "step") this.#trained(this.#training?.last);
    }
    if (notice.type === "written") this.#writing?.onText(notice.text);
    if (notice.type === "writing_ended") {
      if (notice.failure) this.#writing?.reject(new Error(notice.failure.message));
      else this.#writing?.resolve();
    }
  }

  /** @param {EngineEvent} event */
  #advanced(event) {
    if (event.type === "eval") this.#evaluated = event.val_loss;
    if (event.type === "step" && this.#training) {
      const { step, train_loss, lr, tokens_per_s } = event;
      this.#training.last = { step, train_loss, val_loss: this.#evaluated, lr, tokens_per_s };
      this.#training.onStep(this.#training.last);
    }
    if (event.type === "finished") {
      this.#done = true;
      const { type, last } = this.#training ?? {};
      this.#trained(type === "step" ? last : { reason: event.reason, message: event.message });
    }
  }

  /** @param {unknown} outcome */
  #trained(outcome) {
    this.#training?.resolve(outcome);
    this.#training = null;
  }

  /** @param {Error} error */
  #failed(error) {
    this.#training?.reject(error);
    this.#training = null;
  }

  /** @param {Error} error why nothing can be asked any more */
  #end(error) {
    this.#failed(error);
    this.#writing?.reject(error);
  }
}

/** @param {EngineClient} client @param {Stage} stage @returns {Settings} */
function defaultsOf({ opened }, stage) {
  const settings = opened?.defaults[stage];
  if (!settings) throw new Error(`unknown stage "${stage}": use "tiny", "mini" or "small"`);
  return { ...settings, sample_every: 0 };
}

/**
 * @param {EngineClient} client
 * @param {string} text
 * @param {Settings} settings
 */
async function read(client, text, { tokenizer, vocab, validation, context, batch }) {
  await client.ask({ type: "read", source: { kind: "files", files: [{ name: "text", blob: new Blob([text]) }], lossy: false } });
  await client.ask({ type: "prepare", options: { tokenizer, vocab, ...(validation === undefined ? {} : { validation }), context, batch } });
}
