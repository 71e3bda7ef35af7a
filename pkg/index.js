/**
 * MM-Rec for your own page: `Model` trains and writes in a Worker of its own; `load` gives the engine itself, for a Worker of yours.
 */

/**
 * The builds of the engine. "threads" is the CPU on all cores, in a page that is cross-origin isolated.
 * @typedef {"cpu" | "threads" | "webgpu"} Build
 *
 * How a model is made and trained; what is left out has a sensible value.
 * @typedef {object} Options
 * @property {Build} [build] "cpu" where it is left out
 * @property {"tiny" | "mini" | "small"} [stage] size: 0.23, 1.96 or 10.2 million parameters
 * @property {"char" | "byte"} [tokenizer] what the text is cut into
 * @property {number} [steps] of training
 * @property {number} [context] tokens that are looked at together
 * @property {number} [batch] pieces of text in a step
 * @property {number} [lr] peak of the learning rate
 * @property {number} [warmup] steps until that peak
 * @property {boolean} [gpt] a GPT of this size instead, to compare with
 * @property {number} [dropout] 0 to 0.9
 * @property {number} [seed] the same one gives the same model
 * @property {number} [eval_every] steps between evaluations on what is held back of the text
 * @property {boolean} [recompute] less memory for a third more work
 * @property {number} [validation] fraction of the text that is held back; chosen from its size where it is left out
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

/** The builds by name; each is fetched when it is first asked for. */
export const modules = {
  cpu: () => import("./cpu/mmrec_wasm.js"),
  threads: () => import("./threads/mmrec_wasm.js"),
  webgpu: () => import("./webgpu/mmrec_wasm.js"),
};

/**
 * Loads a build, initialises it and returns its exports, `Engine` among them. Only for a Worker: every call of an engine computes
 * until its piece of work is done.
 * @template {Build} [Name="cpu"]
 * @param {Name} [build]
 * @returns {Promise<Awaited<ReturnType<typeof modules[Name]>>>}
 */
export async function load(build = /** @type {Name} */ ("cpu")) {
  const find = modules[build];
  if (!find) throw new Error(`unknown build "${build}": use "cpu", "threads" or "webgpu"`);
  const module = await find();
  await module.default();
  if ("initThreadPool" in module) await module.initThreadPool(navigator.hardwareConcurrency);
  return /** @type {Awaited<ReturnType<typeof modules[Name]>>} */ (module);
}

/** A language model in a Worker of its own. Every method that can fail rejects with an `Error` that says what to do. */
export class Model {
  #worker;
  #last = 0;
  /** Why nothing can be asked any more. @type {string | null} */
  #over = null;
  /** What was asked and not yet answered. @type {Map<number, { resolve(value: any): void, reject(error: Error): void, hear(event: any): void }>} */
  #asked = new Map();

  /** Use `create`, `train` or `load`. */
  constructor() {
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "mmrec" });
    this.#worker.onmessage = ({ data: { id, event, value, error } }) => {
      const asked = this.#asked.get(id);
      if (event !== undefined) return asked?.hear(event);
      this.#asked.delete(id);
      if (error === undefined) asked?.resolve(value);
      else asked?.reject(new Error(error));
    };
    this.#worker.onerror = (event) => this.#end(event.message || "the worker could not be loaded: serve the package from your own origin");
  }

  /**
   * A new model for this text, which has not learned anything yet.
   * @param {string} text
   * @param {Options} [options]
   * @returns {Promise<Model>}
   */
  static create(text, options = {}) {
    return Model.#open("create", { text, options });
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
  static load(file, options = {}) {
    return Model.#open("load", { file: new Uint8Array(file), options });
  }

  /**
   * Trains until all steps are done.
   * @param {(step: Step) => void} [onStep]
   * @param {{ signal?: AbortSignal }} [options] the signal stops it, and it can go on later
   * @returns {Promise<Ending>}
   */
  train(onStep = () => {}, { signal } = {}) {
    return this.#ask("train", {}, onStep, signal);
  }

  /**
   * One step of training.
   * @returns {Promise<Step>}
   */
  step() {
    return this.#ask("step", {});
  }

  /**
   * Writes on after a prompt; a training under way waits meanwhile.
   * @param {string} prompt
   * @param {Writing} [options]
   * @param {(piece: string) => void} [onText] hears each piece as it comes
   * @returns {Promise<string>} what was written, without the prompt
   */
  async generate(prompt, { signal, ...options } = {}, onText = () => {}) {
    let text = "";
    const hear = (/** @type {string} */ piece) => {
      text += piece;
      onText(piece);
    };
    await this.#ask("generate", { prompt, options }, hear, signal);
    return text;
  }

  /**
   * The model as a safetensors file, with all that its training needs to go on.
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  save() {
    return this.#ask("save", {});
  }

  /** Ends the Worker and frees its memory; what was asked of it is rejected. */
  close() {
    this.#end("the model was closed");
  }

  /** @param {string} reason */
  #end(reason) {
    this.#over ??= reason;
    this.#worker.terminate();
    for (const { reject } of this.#asked.values()) reject(new Error(reason));
    this.#asked.clear();
  }

  /**
   * @param {string} kind
   * @param {object} request
   */
  static async #open(kind, request) {
    const model = new Model();
    try {
      await model.#ask(kind, request);
      return model;
    } catch (error) {
      model.close();
      throw error;
    }
  }

  /**
   * @param {string} kind
   * @param {object} request
   * @param {(event: any) => void} [hear]
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>}
   */
  #ask(kind, request, hear = () => {}, signal) {
    if (this.#over !== null) return Promise.reject(new Error(this.#over));
    const id = ++this.#last;
    const stop = () => this.#worker.postMessage({ id, kind: "stop" });
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject, hear });
      this.#worker.postMessage({ id, kind, ...request });
      if (signal?.aborted) stop();
      signal?.addEventListener("abort", stop, { once: true });
    });
  }
}
