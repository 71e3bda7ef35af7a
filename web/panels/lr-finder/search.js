/**
 * A search for a learning rate: the engine tries one rate after another on a model of its own, and the page may stop it between two.
 *
 * @import { TrialPlan, TriedRate } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 */

export class LrSearch {
  /** @type {"running" | "done" | "stopped" | "failed"} */ state = "running";
  /** @type {TriedRate[]} */ trials = [];
  /** What is tried at most. @type {TrialPlan | null} */ plan = null;
  /** Why it failed. @type {unknown} */ error = null;
  #session;
  #changed;

  /**
   * @param {Session} session
   * @param {() => void} changed
   */
  constructor(session, changed) {
    this.#session = session;
    this.#changed = changed;
    void this.#run();
  }

  /** The rate to take, once all were tried. */
  get suggestion() {
    const exact = this.state === "done" ? this.trials.at(-1)?.suggestion : null;
    // More digits would say more than is known.
    return exact ? Number(exact.toPrecision(2)) : null;
  }

  stop() {
    if (this.state === "running") this.state = "stopped";
  }

  async #run() {
    const { client, draft } = this.#session;
    const { settings } = draft;
    // A run needs the engine for itself, and other settings want another search.
    const goesOn = () => this.state === "running" && this.#session.phase !== "running" && draft.settings === settings;
    try {
      if (!settings || !client) return this.stop();
      this.plan = await client.ask({ type: "find_rate", settings });
      while (goesOn()) {
        const tried = await client.ask({ type: "try_rate" });
        if (tried) this.trials.push(tried);
        else this.state = "done";
        this.#changed();
      }
      this.stop();
    } catch (error) {
      this.state = "failed";
      this.error = error;
    } finally {
      if (client?.alive) void client.ask({ type: "end_rate" }).catch(() => {});
      this.#changed();
    }
  }
}
