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
  /** Held, since Firefox may end workers that nobody holds. @type {Worker[]} */ #workers;
  /** All wait for work. @type {Promise<unknown>} */ ready;
  /** One is gone after that, and the engine would wait for it for ever. @type {(failure: Failure) => void} */ onFailure = () => {};

  /** @param {ThreadSetup} setup @param {number} count */
  constructor(setup, count) {
    // Written out where it is used, so that bundlers find the script.
    this.#workers = Array.from({ length: count }, () => new Worker(new URL("./thread.js", import.meta.url), { type: "module", name: "mmrec-thread" }));
    this.ready = inTime(Promise.all(this.#workers.map((worker) => this.#start(worker, setup))), STARTING);
  }

  end() {
    for (const worker of this.#workers) worker.terminate();
  }

  /**
   * @param {Worker} worker
   * @param {ThreadSetup} setup
   * @returns {Promise<void>}
   */
  #start(worker, setup) {
    return new Promise((resolve, reject) => {
      /** @param {Failure} failure */
      const fail = (failure) => {
        reject(new Error(failure.message));
        this.onFailure(failure);
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
