/**
 * The life of one worker: starts it, asks it, hears from it, and notices when it dies.
 *
 * @import { DeviceKind } from "./engine-types.js"
 * @import { Answers, Failure, FromWorker, Notice, Opened, Request } from "./protocol.js"
 */

import { codeFor } from "./engine-ahead.js";
import { texts } from "./texts/index.js";

/** The engine said no. `fatal`: this worker must not be used again. */
export class EngineError extends Error {
  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message);
    this.name = "EngineError";
    this.fatal = failure.fatal;
    this.memory = failure.memory ?? false;
  }
}

export class EngineClient {
  /** @type {Worker} */ #worker;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */ #pending = new Map();
  #nextId = 1;
  #dead = false;
  /** @type {Opened | undefined} */ opened;
  /** Milliseconds (`performance.now`) of the last sign of life. */
  heardAt = performance.now();
  /** The longest time between two such signs while it trains, in milliseconds. */
  longestPiece = 0;
  /** GPU programs compiled so far for the present model. */
  programs = 0;
  /** Those compiled for models before it. */ #otherPrograms = 0;
  /** Whether it has trained: everything it needs is compiled then. */
  warm = false;
  /** What the worker tells of its own accord. @type {(notice: Notice) => void} */
  onNotice = () => {};
  /** The worker died, at most once; what was asked of it has been rejected. @type {(failure: Failure) => void} */
  onDeath = () => {};

  /** @param {DeviceKind} device */
  constructor(device) {
    this.device = device;
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: `mmrec-${device}` });
    this.#worker.onmessage = (message) => this.#hear(message.data);
    this.#worker.onmessageerror = () => this.fail({ message: texts.worker.garbled, fatal: true });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.fail({ message: event.message || texts.worker.notLoaded, fatal: true });
    };
  }

  /**
   * A worker with its engine, ready to be asked. The worker is gone if this throws.
   * @param {DeviceKind} device
   * @param {AbortSignal} [signal]
   */
  static async open(device, signal) {
    const client = new EngineClient(device);
    signal?.addEventListener("abort", () => client.fail({ message: "Given up.", fatal: true }));
    try {
      const code = codeFor(device);
      client.opened = await client.ask({ type: "open", device, code }, code && [code]);
      signal?.throwIfAborted();
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  get alive() {
    return !this.#dead;
  }

  /**
   * @template {Request["type"]} Kind
   * @param {Extract<Request, { type: Kind }>} request
   * @param {Transferable[]} [transfer]
   * @returns {Promise<Answers[Kind]>}
   */
  ask(request, transfer = []) {
    if (this.#dead) return Promise.reject(new EngineError({ message: "The worker has ended.", fatal: true }));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.postMessage({ id, request }, transfer);
    });
  }

  /** A model of another size comes, whose first step compiles programs of its own. */
  cool() {
    this.#otherPrograms += this.programs;
    this.programs = 0;
    this.warm = false;
  }

  /** Ends the worker; a death on purpose is not told. */
  close() {
    this.onDeath = () => {};
    this.fail({ message: "The worker was ended.", fatal: true });
  }

  /** @param {Failure} failure */
  fail(failure) {
    if (this.#dead) return;
    this.#dead = true;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new EngineError(failure));
    this.#pending.clear();
    this.onDeath(failure);
  }

  /** @param {FromWorker} message */
  #hear(message) {
    if (this.#dead) return;
    const now = performance.now();
    if (message.type === "events") this.longestPiece = Math.max(this.longestPiece, now - this.heardAt);
    this.heardAt = now;
    if (message.type === "compiled") this.programs = message.count - this.#otherPrograms;
    if (message.type === "events") this.warm ||= message.events.some(({ type }) => type === "step");
    if (message.type === "failed") return this.fail(message.failure);
    if (message.type !== "reply") return this.#tell(message);
    const asked = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.ok) asked?.resolve(message.value);
    else asked?.reject(new EngineError(message.failure));
    if (!message.ok && message.failure.fatal) this.fail(message.failure);
  }

  /** @param {Notice} notice */
  #tell(notice) {
    this.onNotice(notice);
    if ("failure" in notice && notice.failure?.fatal) this.fail(notice.failure);
  }
}
