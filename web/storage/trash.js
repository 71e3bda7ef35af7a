/**
 * Deleting kept runs: nothing is removed until the notice that offers to undo it is gone. A page that is left before offers it
 * again on the next visit.
 *
 * @import { Notices } from "../ui/toasts.js"
 * @import { Archive } from "./run-loader.js"
 * @import { Keeper } from "./run-store.js"
 */

import { texts } from "../i18n/index.js";

export class Trash {
  #archive;
  #keeper;
  #notices;

  /**
   * @param {Archive} archive
   * @param {Keeper} keeper
   * @param {Notices} notices
   */
  constructor(archive, keeper, notices) {
    this.#archive = archive;
    this.#keeper = keeper;
    this.#notices = notices;
  }

  /** @param {string[]} ids */
  async remove(ids) {
    const names = ids.flatMap((id) => this.#keeper.run(id)?.name ?? []);
    await this.#archive.remove(ids);
    this.#offer(ids, names);
  }

  /** What an earlier visit deleted and nobody has undone yet. */
  offerAgain() {
    const { deleted } = this.#keeper;
    if (deleted.length > 0) this.#offer(deleted.map(({ id }) => id), deleted.map(({ name }) => name));
  }

  /**
   * @param {string[]} ids
   * @param {string[]} names
   */
  #offer(ids, names) {
    const attempt = (/** @type {() => Promise<void>} */ task) => void this.#notices.attempt("runs", texts.runs.failed, task);
    this.#notices.show("info", texts.runs.deleted(names), {
      key: `deleted ${ids.join()}`,
      actions: [{ label: texts.runs.undo, run: () => attempt(() => this.#keeper.restore(ids)) }],
      passing: true,
      gone: () => attempt(() => this.#keeper.purge(ids)),
    });
  }
}
