/**
 * The phase of a session, a state machine: the methods are its transitions. One that does not lead on from the present phase changes
 * nothing, which its result says: what asks for it may come late, such as a worker's last notice after the person has ended the run.
 *
 * - starting: there is no engine yet; also while this tab follows another one.
 * - ready: there is no run.
 * - running, paused, ended: there is one; it trains, waits to be trained on, or is over (or can only write).
 * - dead: no engine can be had any more.
 *
 * @typedef {"starting" | "ready" | "running" | "paused" | "ended" | "dead"} Phase
 */

/** There is an engine. @type {readonly Phase[]} */
const UP = ["ready", "running", "paused", "ended"];
/** There is a run. @type {readonly Phase[]} */
const HOLDING = ["running", "paused", "ended"];

export class PhaseMachine {
  /** @type {Phase} */ #now = "starting";
  /** Where training began the last time. @type {Phase} */ #before = "starting";

  get now() {
    return this.#now;
  }

  /** The first engine answers. */
  open() {
    return this.#go(["starting"], "ready");
  }

  /** The run trains, a new one or the one that is here. */
  train() {
    const before = this.#now;
    if (!this.#go(UP, "running")) return false;
    this.#before = before;
    return true;
  }

  /** The engine has refused to train, and holds what it held before. */
  refuse() {
    return this.#go(["running"], this.#before);
  }

  /** The run waits to be trained on. */
  pause() {
    return this.#go(["running"], "paused");
  }

  /** The run is over. */
  end() {
    return this.#go(HOLDING, "ended");
  }

  /** Another run is in the engine. @param {boolean} over whether there is nothing left to train */
  load(over) {
    return this.#go(UP, over ? "ended" : "paused");
  }

  /** There is no run any more. */
  close() {
    return this.#go(UP, "ready");
  }

  /** No engine can be had any more. */
  die() {
    return this.#go(["starting", ...UP, "dead"], "dead");
  }

  /** @param {readonly Phase[]} from @param {Phase} to */
  #go(from, to) {
    if (!from.includes(this.#now)) return false;
    this.#now = to;
    return true;
  }
}
