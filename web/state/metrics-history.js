/**
 * The course of a run as columns, the form in which charts want it: one row per logged step, steps rising. A metric is called here,
 * in charts and in their files what `metrics.jsonl` of the command line calls it.
 *
 * @import { EvalEvent, Point, StepEvent } from "../engine/engine-types.js"
 */

/** @typedef {"train_loss" | "trend" | "val_loss" | "lr" | "tokens_per_s" | "tokens" | "seconds" | "flops" | "grad_norm"} Metric */
/** @typedef {Record<"steps" | Metric, (number | null)[]>} Columns all of one length */

/** A kept curve has no more rows than this; a longer one is thinned out. */
const KEPT_ROWS = 3000;

/** Those that were kept from the first version on, and those that came later. */
const FIRST = /** @type {const} */ (["steps", "train_loss", "trend", "val_loss", "lr", "tokens_per_s"]);
const LATER = /** @type {const} */ (["tokens", "seconds", "flops", "grad_norm"]);
const COLUMNS = [...FIRST, ...LATER];

/** What columns have been called from the first version on in kept files and between tabs, where that is not their name. */
const STORED = /** @type {Partial<Record<string, string>>} */ ({ train_loss: "train", val_loss: "validation", tokens_per_s: "speed" });
const storedName = (/** @type {string} */ name) => STORED[name] ?? name;

/** How much of the trend one new step moves; about the last ten steps count. */
const TREND = 0.2;
/** So many checks in a row without a better one are no accident. */
const RISING = 4;

export class MetricsHistory {
  /** @type {number[]} */ steps = [];
  /** @type {(number | null)[]} */ train_loss = [];
  /** Train loss smoothed. @type {(number | null)[]} */ trend = [];
  /** @type {(number | null)[]} */ val_loss = [];
  /** @type {(number | null)[]} */ lr = [];
  /** @type {(number | null)[]} */ tokens_per_s = [];
  /** Of the gradient, before it was clipped. @type {(number | null)[]} */ grad_norm = [];
  /** What training has cost up to each step. @type {(number | null)[]} */ tokens = [];
  /** @type {(number | null)[]} */ seconds = [];
  /** @type {(number | null)[]} */ flops = [];
  /** @type {{ step: number, loss: number } | null} */ best = null;
  #sum = 0;
  #weight = 0;

  get length() {
    return this.steps.length;
  }

  /** The last logged train loss. */
  get loss() {
    return lastOf(this.train_loss);
  }

  /** The last validation loss. */
  get validationLoss() {
    return lastOf(this.val_loss);
  }

  /**
   * Takes the place of everything so far.
   * @param {Point[]} history
   */
  reset(history) {
    Object.assign(this, new MetricsHistory());
    this.#sum = 0;
    this.#weight = 0;
    for (const point of history) {
      this.addStep(point);
      if (typeof point.val_loss === "number") this.addEvaluation({ step: point.step, val_loss: point.val_loss });
    }
  }

  /** @param {Point | StepEvent} event */
  addStep(event) {
    const row = this.#row(event.step);
    this.train_loss[row] = event.train_loss;
    this.lr[row] = event.lr;
    this.tokens_per_s[row] = event.tokens_per_s > 0 ? event.tokens_per_s : null;
    this.trend[row] = this.#follow(event.train_loss);
    for (const name of LATER) this[name][row] = Number.isFinite(event[name]) ? event[name] || null : null;
  }

  /** @param {Pick<EvalEvent, "step" | "val_loss">} event */
  addEvaluation({ step, val_loss: loss }) {
    this.val_loss[this.#row(step)] = loss;
    if (!this.best || loss < this.best.loss) this.best = { step, loss };
  }

  /** What another tab is told of it. */
  toMessage() {
    return { ...toStored(this), best: this.best };
  }

  /** @param {ReturnType<MetricsHistory["toMessage"]>} message of another tab, which may be of another version */
  static fromMessage({ best, ...columns }) {
    return Object.assign(new MetricsHistory(), named(columns), { best });
  }

  /** What is kept of it: every row that was evaluated, and as many of the others as there is room for. @returns {Columns} */
  columns() {
    const stride = Math.ceil(this.length / KEPT_ROWS);
    const rows = [...this.steps.keys()].filter((row) => row % stride === 0 || this.val_loss[row] !== null || row === this.length - 1);
    const columns = /** @type {Columns} */ ({});
    for (const name of COLUMNS) columns[name] = rows.map((row) => this[name][row] ?? null);
    return columns;
  }

  /**
   * Whether the last checks have all been worse than the best one while the loss of the training text went on falling: what is
   * learned now does not carry over to the text that was held back.
   */
  get overfits() {
    const { best, trend, val_loss: losses } = this;
    if (!best) return false;
    const from = this.steps.indexOf(best.step);
    const checks = losses.slice(from + 1).filter((value) => value !== null).length;
    const [before, now] = [trend[from], lastOf(trend)];
    return checks >= RISING && before != null && now !== null && now < before;
  }

  /** @param {number} step */
  #row(step) {
    const last = this.steps.length - 1;
    for (let row = last; row >= 0 && /** @type {number} */ (this.steps[row]) >= step; row--) {
      if (this.steps[row] === step) return row;
    }
    this.steps.push(step);
    for (const name of COLUMNS) if (name !== "steps") this[name].push(null);
    return last + 1;
  }

  /** @param {number} loss */
  #follow(loss) {
    if (!Number.isFinite(loss)) return null;
    this.#sum = (1 - TREND) * this.#sum + TREND * loss;
    this.#weight = (1 - TREND) * this.#weight + TREND;
    return this.#sum / this.#weight;
  }
}

/** Columns under the names by which they are kept. @param {Columns} columns @returns {Record<string, (number | null)[]>} */
export const toStored = (columns) => Object.fromEntries(COLUMNS.map((name) => [storedName(name), columns[name]]));

/** @param {Record<string, any>} stored @returns {Columns} those that an earlier version did not have without a value */
function named(stored) {
  const empty = stored["steps"].map(() => null);
  return /** @type {Columns} */ (Object.fromEntries(COLUMNS.map((name) => [name, stored[storedName(name)] ?? empty.slice()])));
}

/**
 * @param {any} value from a file, as `toStored` gave it
 * @returns {Columns}
 * @throws where it is no curve
 */
export function columnsOf(value) {
  const length = value?.steps?.length;
  const whole = (/** @type {unknown} */ column) => Array.isArray(column) && column.length === length && length <= 1e6 && column.every((entry) => entry === null || Number.isFinite(entry));
  for (const name of FIRST) if (!whole(value?.[storedName(name)])) throw new Error(`no curve: ${name}`);
  if (value.steps.some((/** @type {any} */ step, /** @type {number} */ row) => step === null || step <= (value.steps[row - 1] ?? -1))) throw new Error("no curve: steps");
  // A curve is worth having without them.
  for (const name of LATER) if (!whole(value[name])) delete value[name];
  return named(value);
}

/** @param {(number | null)[]} column */
function lastOf(column) {
  for (let row = column.length - 1; row >= 0; row--) {
    const value = column[row];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}
