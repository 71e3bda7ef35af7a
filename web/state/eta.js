/** How long the rest of a run will take, from the steps of the last half minute (evaluations and saves included). */

const WINDOW = 30_000;

export class Eta {
  /** @type {{ at: number, step: number }[]} */ #marks = [];
  #since = 0;

  /**
   * Training stood still: what was measured before says nothing about what comes.
   * @param {number} [now] milliseconds
   */
  reset(now = performance.now()) {
    this.#marks = [];
    this.#since = now;
  }

  /**
   * How long training has been going on, in seconds.
   * @param {number} [now] milliseconds
   */
  elapsed(now = performance.now()) {
    return (now - this.#since) / 1000;
  }

  /**
   * @param {number} step
   * @param {number} [now] milliseconds
   */
  mark(step, now = performance.now()) {
    this.#marks.push({ at: now, step });
    while (this.#marks.length > 2 && now - /** @type {{ at: number }} */ (this.#marks[0]).at > WINDOW) this.#marks.shift();
  }

  /**
   * @param {number} steps still to do
   * @returns {number | null} seconds; null while too little is known
   */
  secondsFor(steps) {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (!first || !last || last.step - first.step < 2) return null;
    return ((last.at - first.at) / 1000 / (last.step - first.step)) * steps;
  }
}
