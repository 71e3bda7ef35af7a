/**
 * The life of one worker: starts it, asks it, hears from it, and notices when it dies. The page and the npm package use the same.
 *
 * @import { DeviceKind } from "./engine-types.js"
 * @import { Answers, Failure, FromWorker, Notice, Opened, Request, ThreadAnswer } from "./protocol.js"
 * @import { ModuleName } from "./wasm-modules.js"
 *
 * What is said of a worker that says nothing itself.
 * @typedef {{ garbled: string, notLoaded: string, ended: string }} Words
 *
 * @typedef {object} Options
 * @property {AbortSignal} [signal] gives it up
 * @property {ModuleName} [build] this module and no other; the best for the device where it is left out
 * @property {MessagePort} [code] brings the module's code
 * @property {() => Words} [words] in the language of the moment
 */

import { lifeline } from "./lifeline.js";
import { Threads } from "./threads.js";

/** @type {Words} */
const ENGLISH = {
  garbled: "a message of the worker could not be read",
  notLoaded: "the worker could not be loaded: its files must come from the page's own origin",
  ended: "its worker has ended",
};

/** The engine said no. `fatal`: this worker must not be used again. */
export class EngineError extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message);
    this.name = "EngineError";
    this.fatal = failure.fatal;
    this.memory = failure.memory ?? false;
    this.fault = failure.fault ?? false;
  }
}

/** Requests after which the engine holds another model, which does not train yet. */
const MODELS = new Set(["start", "resume", "grow", "load"]);

export class EngineClient {
  /** @type {Worker} */ #worker;
  /** Of the engine, where it has several. */
  #threads = new Threads((failure) => {
    this.#lostThread = true;
    this.fail(failure);
  });
  #lostThread = false;
  /** @type {Map<number, { type: Request["type"], resolve: (value: any) => void, reject: (error: Error) => void }>} */ #pending = new Map();
  #name;
  #words;
  #nextId = 1;
  /** Why it is dead. @type {Failure | null} */ #failure = null;
  #watched = false;
  /** @type {Opened | undefined} */ opened;
  /** How many messages came. */ heard = 0;
  /** The request that it is at work on. @type {Request["type"] | null} */ answering = null;
  training = false;
  writing = false;
  /** How many models the engine has held. */ model = 0;
  /** Whether the present one has taken a step here. */ stepped = false;
  /** GPU programs compiled so far for the present model. */
  compiledPrograms = 0;
  /** Those compiled for models before it. */ #otherPrograms = 0;
  /** Whether it has trained: everything it needs is compiled then. */
  warm = false;
  /** What the worker tells of its own accord. @type {(notice: Notice) => void} */
  onNotice = () => {};
  /** The worker died, at most once; what was asked of it has been rejected. @type {(failure: Failure) => void} */
  onDeath = () => {};

  /** @param {DeviceKind} device @param {() => Words} words */
  constructor(device, words) {
    this.device = device;
    this.#words = words;
    this.#name = `mmrec-${device}-${crypto.randomUUID()}`;
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: this.#name });
    this.#worker.onmessage = (message) => this.#hear(message.data);
    this.#worker.onmessageerror = () => this.fail({ message: words().garbled, fatal: true });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.fail({ message: event.message || words().notLoaded, fatal: true });
    };
  }

  /**
   * A worker with its engine, ready to be asked. The worker is gone if this throws.
   * @param {DeviceKind} device
   * @param {Options} [options]
   * @returns {Promise<EngineClient>}
   */
  static async open(device, { signal, build, code, words = () => ENGLISH } = {}) {
    const client = new EngineClient(device, words);
    signal?.addEventListener("abort", () => client.fail({ message: "Given up.", fatal: true }));
    try {
      client.opened = await client.ask({ type: "open", device, build, code }, code && [code]);
      signal?.throwIfAborted();
      return client;
    } catch (error) {
      client.close();
      // The worker waited for a thread that ended while all of them were put to work.
      if (!client.#lostThread || build) throw error;
      console.warn("One thread is used, since one of several has ended:", error);
      return EngineClient.open(device, { signal, build: "cpu", words });
    }
  }

  get alive() {
    return !this.#failure;
  }

  /** Whether something is to be heard from it. */
  get working() {
    return this.training || this.writing || this.#pending.size > 0;
  }

  /**
   * @template {Request["type"]} Kind
   * @param {Extract<Request, { type: Kind }>} request
   * @param {Transferable[]} [transfer]
   * @returns {Promise<Answers[Kind]>}
   */
  ask(request, transfer = []) {
    if (this.#failure) return Promise.reject(new EngineError({ ...this.#failure, fatal: true }));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { type: request.type, resolve, reject });
      this.#worker.postMessage({ id, request }, transfer);
    });
  }

  /** A model of another size comes, whose first step compiles programs of its own. */
  resetCompileCount() {
    this.#otherPrograms += this.compiledPrograms;
    this.compiledPrograms = 0;
    this.warm = false;
  }

  /** Ends the worker; a death on purpose is not told. */
  close() {
    this.onDeath = () => {};
    this.fail({ message: "The worker was ended.", fatal: true });
  }

  /** @param {Failure} failure */
  fail(failure) {
    if (this.#failure) return;
    this.#failure = failure;
    this.#worker.terminate();
    this.#threads.end();
    for (const { reject } of this.#pending.values()) reject(new EngineError(failure));
    this.#pending.clear();
    this.onDeath(failure);
  }

  /** @param {FromWorker} message */
  #hear(message) {
    if (this.#failure) return;
    this.heard++;
    if (message.type === "failed") return this.fail(message.failure);
    if (message.type === "threads") return void this.#startThreads(message);
    if (message.type !== "reply") return this.#tell(message);
    const asked = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    this.answering = null;
    if (asked && message.ok) this.#follow(asked.type);
    if (message.ok) asked?.resolve(message.value);
    else asked?.reject(new EngineError(message.failure));
    if (!message.ok && message.failure.fatal) this.fail(message.failure);
  }

  /** @param {Extract<FromWorker, { type: "threads" }>} wish */
  async #startThreads({ setup, count, answer }) {
    const failure = await this.#threads.start(setup, count).then(() => null, String);
    answer.postMessage(/** @type {ThreadAnswer} */ ({ failure }));
  }

  /** What it does after a request. @param {Request["type"]} type */
  #follow(type) {
    if (type === "generate") this.writing = true;
    if (type === "run" || type === "step") this.training = true;
    if (type === "pause" || MODELS.has(type)) this.training = false;
    if (!MODELS.has(type)) return;
    this.model++;
    this.stepped = false;
  }

  /** @param {Notice} notice */
  #tell(notice) {
    if (notice.type === "begun") return this.#begin();
    if (notice.type === "compiled") this.compiledPrograms = notice.count - this.#otherPrograms;
    if (notice.type === "stopped") this.training = false;
    if (notice.type === "writing_ended") this.writing = false;
    if (notice.type === "events" && notice.events.some(({ type }) => type === "step")) this.warm = this.stepped = true;
    this.onNotice(notice);
    if ("failure" in notice && notice.failure?.fatal) this.fail(notice.failure);
  }

  /** From its first request on the worker holds its lifeline. */
  #begin() {
    // In the order in which they were asked.
    this.answering = this.#pending.values().next().value?.type ?? null;
    if (this.#watched) return;
    this.#watched = true;
    lifeline.watch(this.#name, () => this.fail({ message: this.#words().ended, fatal: true }));
  }
}
