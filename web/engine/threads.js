/**
 * The engine's threads: workers, each of which runs the same module in the same memory. The page makes them for the engine's worker:
 * Firefox (153) does not return from every `new Worker` in a worker, where it waits for a signal that now and then the new one takes.
 *
 * @import { Failure } from "./protocol.js"
 *
 * @typedef {{ code: WebAssembly.Module, memory: WebAssembly.Memory }} ThreadSetup
 * @typedef {{ type: "ready" } | { type: "failed", failure: Failure }} FromThread
 */

import { inTime } from "./in-time.js";

/** A browser that takes longer (milliseconds) to start threads never does. */
const STARTING = 20_000;

export class Threads {
  /** Held, since Firefox may end workers that nobody holds. @type {Worker[]} */ #workers = [];
  /** Of the first that ended. @type {Failure | null} */ #failure = null;
  #started = false;
  #onEnd;

  /** @param {(failure: Failure) => void} onEnd one has ended after the start, and the engine would wait for it for ever */
  constructor(onEnd) {
    this.#onEnd = onEnd;
  }

  /**
   * Done when all wait for work. Where one cannot, none is left.
   * @param {ThreadSetup} setup
   * @param {number} count
   */
  async start(setup, count) {
    try {
      // The script is named where it is used, so that bundlers find it.
      for (let at = 0; at < count; at++) this.#workers.push(new Worker(new URL("./thread.js", import.meta.url), { type: "module", name: "mmrec-thread" }));
      await inTime(Promise.all(this.#workers.map((worker) => this.#ready(worker, setup))), STARTING);
      if (this.#failure) throw new Error(this.#failure.message);
      this.#started = true;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  end() {
    for (const worker of this.#workers) worker.terminate();
  }

  /**
   * @param {Worker} worker
   * @param {ThreadSetup} setup
   * @returns {Promise<void>}
   */
  #ready(worker, setup) {
    return new Promise((resolve, reject) => {
      /** @param {Failure} failure */
      const fail = (failure) => {
        this.#failure ??= failure;
        reject(new Error(failure.message));
        if (this.#started) this.#onEnd(failure);
      };
      worker.onmessage = (/** @type {MessageEvent<FromThread>} */ { data }) => (data.type === "ready" ? resolve() : fail(data.failure));
      worker.onerror = (event) => {
        event.preventDefault();
        fail({ message: event.message || "a thread's script could not be loaded", fatal: true });
      };
      worker.postMessage(setup);
    });
  }
}
