/**
 * Notices a worker that lives and hangs (one that ended is noticed by its lifeline): it is silent for much longer than its pieces of
 * work take. Only time in which the page was awake counts, so that a machine that slept, a frozen tab or a debugger is no silence.
 *
 * @import { EngineClient } from "./engine-client.js"
 * @import { Request } from "./protocol.js"
 *
 * What a worker was doing when it was last looked at, and how many messages it had sent.
 * @typedef {Pick<EngineClient, "device" | "model" | "heard" | "answering" | "training" | "writing" | "stepped" | "working">} Seen
 */

/** How often it is looked at (milliseconds). */
export const LOOK = 1000;

/** The shortest silence that is too long. On a GPU programs are compiled later, too, for the first check and the first sample. */
const SILENCE = { cpu: 10_000, webgpu: 90_000 };
/** Before the first step of a model nobody knows what a piece takes, and a GPU compiles its programs. */
const FIRST = { cpu: 60_000, webgpu: 240_000 };
/** An answer may take going through a text of 100 MB. */
const ANSWER = 240_000;
/** Save those that take no longer than a piece of training. @type {Set<Request["type"] | null>} */
const BRIEF = new Set(["run", "step", "pause", "checkpoint", "set_sample", "set_steps", "stop_generation"]);
/** So many times the longest piece is too long. */
const PIECES = 6;
/** Floating-point operations that the slowest of devices does in a millisecond; a large model's first step is many of them. */
const SLOWEST = 2e5;

export class Watchdog {
  /** @type {Seen | null} */ #seen = null;
  #looked = 0;
  /** Milliseconds of the present silence, and of the longest one between two pieces of work on this model. */
  #silent = 0;
  #longest = 0;

  /**
   * Looks at a worker.
   * @param {Seen} worker
   * @param {number} work of a step, in floating-point operations
   * @param {number} [now] milliseconds
   * @returns {number | null} seconds of a silence that is too long
   */
  look(worker, work, now = performance.now()) {
    const passed = Math.min(now - this.#looked, 2 * LOOK);
    const { device, model, heard, answering, training, writing, stepped, working } = worker;
    const before = this.#seen;
    this.#looked = now;
    this.#seen = { device, model, heard, answering, training, writing, stepped, working };
    if (device !== before?.device || model !== before.model) this.#longest = 0;
    else if (heard !== before.heard && !before.answering) this.#longest = Math.max(this.#longest, this.#silent);
    this.#silent = heard === before?.heard && working ? this.#silent + passed : 0;
    return this.#silent > this.#limit(worker, work) ? Math.round(this.#silent / 1000) : null;
  }

  /**
   * @param {Seen} worker
   * @param {number} work
   */
  #limit({ device, answering, training, writing, stepped }, work) {
    if (answering && !BRIEF.has(answering)) return ANSWER;
    // It has nothing else to do than to answer.
    if (!answering && !training && !writing) return SILENCE.cpu;
    const usual = stepped ? SILENCE[device] : Math.max(FIRST[device], work / SLOWEST);
    return Math.max(usual, PIECES * this.#longest);
  }
}
