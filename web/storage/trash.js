/**
 * Deleting kept runs: nothing is removed until the notice that offers to undo it is gone. A page that is left before offers it
 * again on the next visit.
 *
 * @import { Toasts } from "../ui/toasts.js"
 * @import { RunLoader } from "./run-loader.js"
 * @import { RunStore } from "./run-store.js"
 */

import { texts } from "../i18n/index.js";

export class Trash {
  #runLoader;
  #runStore;
  #toasts;

  /**
   * @param {RunLoader} runLoader
   * @param {RunStore} runStore
   * @param {Toasts} toasts
   */
  constructor(runLoader, runStore, toasts) {
    this.#runLoader = runLoader;
    this.#runStore = runStore;
    this.#toasts = toasts;
  }

  /** @param {string[]} ids */
  async remove(ids) {
    const names = ids.flatMap((id) => this.#runStore.run(id)?.name ?? []);
    await this.#runLoader.remove(ids);
    this.#offer(ids, names);
  }

  /** What an earlier visit deleted and nobody has undone yet. */
  offerAgain() {
    const { deleted } = this.#runStore;
    if (deleted.length > 0) this.#offer(deleted.map(({ id }) => id), deleted.map(({ name }) => name));
  }

  /**
   * @param {string[]} ids
   * @param {string[]} names
   */
  #offer(ids, names) {
    const attempt = (/** @type {() => Promise<void>} */ task) => void this.#toasts.attempt("runs", texts.runs.failed, task);
    this.#toasts.show("info", texts.runs.deleted(names), {
      key: `deleted ${ids.join()}`,
      actions: [{ label: texts.runs.undo, run: () => attempt(() => this.#runStore.restore(ids)) }],
      passing: true,
      gone: () => attempt(() => this.#runStore.purge(ids)),
    });
  }
}
