/** Whether a training is slower while its tab is hidden, from the times between steps. */

/** So many of the last steps count, on either side … */
const STEPS = 50;
/** … and fewer than this many say nothing. */
const ENOUGH = 8;
/** A part of the speed that is no chance any more. */
const SLOWER = 0.75;

export class BackgroundThrottling {
  /** Milliseconds for a step. @type {number[]} */ #visible = [];
  /** @type {number[]} */ #hidden = [];
  /** @type {{ step: number, at: number } | null} */ #last = null;

  /** Training stood still, or another model trains. */
  reset() {
    this.#visible = [];
    this.#hidden = [];
    this.#last = null;
  }

  /** The tab was hidden or shown; only one time of hiding counts. */
  turn() {
    this.#hidden = [];
    this.#last = null;
  }

  /**
   * @param {number} step
   * @param {boolean} hidden
   * @param {number} [now] milliseconds
   */
  mark(step, hidden, now = performance.now()) {
    const last = this.#last;
    if (last && step === last.step) return;
    this.#last = { step, at: now };
    if (!last || step < last.step) return;
    const times = hidden ? this.#hidden : this.#visible;
    times.push((now - last.at) / (step - last.step));
    if (times.length > STEPS) times.shift();
  }

  /** The part of the speed that is left while hidden; null where it is all of it, or too little is known. */
  get share() {
    if (this.#visible.length < ENOUGH || this.#hidden.length < ENOUGH) return null;
    const share = middle(this.#visible) / middle(this.#hidden);
    return share < SLOWER ? share : null;
  }
}

/** @param {number[]} values */
function middle(values) {
  return /** @type {number} */ ([...values].sort((a, b) => a - b)[values.length >> 1]);
}
