/**
 * Keeps the states of runs in the store as they come. Where they come faster than they can be written, the newest of a run counts.
 *
 * @import { Snapshot } from "../engine/protocol.js"
 * @import { Run } from "../state/run.js"
 * @import { Phase } from "../state/phase.js"
 * @import { About } from "./manifest.js"
 * @import { RunStore } from "./run-store.js"
 */

export class Autosave {
  #runStore;
  #complain;
  /** The last state could not be kept. It is said once, not with every one that follows. */ failing = false;
  /** By run. @type {Map<string, () => Promise<void>>} */ #waiting = new Map();
  /** @type {Promise<void> | null} */ #writing = null;

  /**
   * @param {RunStore} runStore
   * @param {(error: unknown) => void} complain
   */
  constructor(runStore, complain) {
    this.#runStore = runStore;
    this.#complain = complain;
  }

  /**
   * @param {{ run: Run | null, phase: Phase }} session
   * @param {Snapshot} snapshot
   */
  save({ run, phase }, snapshot) {
    const about = run && describe(run, phase, snapshot.step);
    if (!run || !about) return;
    const curve = run.metrics.columns();
    this.#waiting.set(run.id, () => this.#runStore.saveState(snapshot, about, curve));
    this.#writing ??= this.#write();
  }

  /** Everything that came so far is written, or could not be. */
  async flushed() {
    await this.#writing;
  }

  async #write() {
    for (let [next] = this.#waiting; next; [next] = this.#waiting) {
      const [id, task] = next;
      this.#waiting.delete(id);
      await task().then(() => (this.failing = false), (error) => this.#failed(error));
    }
    this.#writing = null;
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!this.failing) this.#complain(error);
    this.failing = true;
  }
}

/**
 * @param {Run} run
 * @param {Phase} phase
 * @param {number} step
 * @returns {About | null} null for a model that is open for writing only: its file is elsewhere
 */
function describe({ id, settings, text, parameters, uniform, endReason, loss, metrics, growths, samples }, phase, step) {
  if (!settings || !text) return null;
  const { ref, name, options } = text;
  const kept = phase === "running" || phase === "paused" ? phase : "ended";
  const { best } = metrics;
  return { id, text: ref, textName: name, options, settings: { ...settings }, parameters, uniform, phase: kept, verdict: endReason, step, loss, best, growths, samples: samples.slice(0, 50) };
}
