/**
 * Keeps a run's states in the store as they come. Where they come faster than they can be written, the newest one counts.
 *
 * @import { Keeper, Manifest } from "./keeper.js"
 * @import { Snapshot } from "./protocol.js"
 * @import { Run } from "./run.js"
 * @import { Phase } from "./session.js"
 */

export class RunKeeper {
  #keeper;
  #complain;
  #writing = false;
  /** @type {Promise<void>} */ #work = Promise.resolve();
  /** It is said once, not with every state that follows. */ #complained = false;
  /** @type {(() => Promise<void>) | null} */ #next = null;

  /**
   * @param {Keeper} keeper
   * @param {(error: unknown) => void} complain
   */
  constructor(keeper, complain) {
    this.#keeper = keeper;
    this.#complain = complain;
  }

  /**
   * @param {{ run: Run | null, phase: Phase }} session
   * @param {Snapshot} snapshot
   */
  keep({ run, phase }, snapshot) {
    const manifest = run && describe(run, phase, snapshot.step);
    if (!run || !manifest) return;
    this.#next = async () => {
      await this.#keeper.keepState(snapshot, manifest, run.kept);
      run.kept = true;
    };
    if (!this.#writing) this.#work = this.#write();
  }

  /** Done when all that was to be kept is in the store. */
  settled() {
    return this.#work;
  }

  async #write() {
    this.#writing = true;
    for (let task = this.#next; task; task = this.#next) {
      this.#next = null;
      await task().then(() => (this.#complained = false), (error) => this.#failed(error));
    }
    this.#writing = false;
  }

  /** @param {unknown} error */
  #failed(error) {
    if (!this.#complained) this.#complain(error);
    this.#complained = true;
  }
}

/**
 * @param {Run} run
 * @param {Phase} phase
 * @param {number} step
 * @returns {Omit<Manifest, "states" | "version"> | null} null for a model that is open for writing only: its file is elsewhere
 */
function describe({ settings, text, verdict, loss, samples }, phase, step) {
  if (!settings || !text) return null;
  const { ref, name, options } = text;
  const kept = phase === "running" || phase === "paused" ? phase : "ended";
  return { text: ref, name, options, settings, phase: kept, verdict, step, loss, samples: samples.slice(0, 50) };
}
