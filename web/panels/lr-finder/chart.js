/**
 * The loss at every rate that was tried, over a logarithmic axis, with the suggestion marked.
 *
 * @import { TrialPlan, TriedRate } from "../../engine/engine-types.js"
 * @import uPlot from "uplot"
 */

import { axisIn, loadPlot, sizeOf } from "../../charts/charts.js";
import { palette } from "../../charts/recipes.js";
import { dash } from "../../charts/reference-lines.js";
import * as format from "../../i18n/format.js";

export class LrChart {
  /** @type {uPlot | null} */ #plot = null;
  #place;
  /** @type {TriedRate[]} */ #trials = [];
  /** @type {TrialPlan | null} */ #plan = null;
  /** @type {number | null} */ #suggestion = null;
  #abandon = new AbortController();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    const { signal } = this.#abandon;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => void this.#build(), { signal });
    const sizes = new ResizeObserver(() => this.#plot?.setSize(sizeOf(place)));
    sizes.observe(place);
    signal.addEventListener("abort", () => sizes.disconnect());
    void this.#build();
  }

  close() {
    this.#abandon.abort();
    this.#plot?.destroy();
  }

  /** @param {{ trials: TriedRate[], plan: TrialPlan | null }} search @param {number | null} suggestion */
  draw({ trials, plan }, suggestion) {
    this.#trials = trials;
    this.#plan = plan;
    this.#suggestion = suggestion;
    this.#plot?.setData([trials.map(({ rate }) => rate), trials.map(({ loss }) => loss)]);
  }

  async #build() {
    const Plot = await loadPlot();
    if (this.#abandon.signal.aborted) return;
    this.#plot?.destroy();
    this.#plot = new Plot(this.#options(), [[], []], this.#place);
    this.draw({ trials: this.#trials, plan: this.#plan }, this.#suggestion);
  }

  /** @returns {uPlot.Options} */
  #options() {
    const colours = palette();
    const axis = axisIn(colours);
    return {
      ...sizeOf(this.#place),
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, distr: 3, range: () => this.#rates() }, y: { range: (_plot, low, high) => this.#height(low, high) } },
      axes: [
        { ...axis, size: 24, gap: 2, space: 0, splits: () => decades(this.#rates()), filter: (_plot, ticks) => ticks, values: (_plot, ticks) => ticks.map((tick) => format.rate(tick)) },
        { ...axis, size: 34, gap: 4, space: 26, values: (_plot, ticks) => ticks.map((tick) => format.brief(tick)) },
      ],
      series: [{}, { stroke: colours.train, width: 2, points: { show: false } }],
      hooks: { draw: [(plot) => this.#mark(plot, colours.validation)] },
    };
  }

  /** From the lowest rate that is tried to the highest. @returns {[number, number]} */
  #rates() {
    return this.#plan ? [this.#plan.lowest, this.#plan.highest] : UNKNOWN;
  }

  /**
   * Where the loss breaks away says enough; how high it goes does not.
   * @param {number | null} low
   * @param {number | null} high
   * @returns {[number, number]}
   */
  #height(low, high) {
    const first = this.#trials[0]?.loss;
    if (low === null || high === null || first === undefined) return [0, 1];
    return [Math.max(0, low - 0.1 * (first - low)), Math.min(high, first * 1.15) + 0.05];
  }

  /** @param {uPlot} plot @param {string} colour */
  #mark({ ctx, bbox, valToPos }, colour) {
    if (this.#suggestion === null) return;
    const x = Math.round(valToPos(this.#suggestion, "x", true));
    dash(ctx, colour, 4, [x, bbox.top], [x, bbox.top + bbox.height]);
  }
}

/** The axis before the engine has said what it tries. @type {[number, number]} */
const UNKNOWN = [0.001, 1];

/** The powers of ten from one rate to another. @param {[number, number]} rates */
function decades([lowest, highest]) {
  // The logarithm of a power of ten may be a little off.
  const [first, last] = [Math.ceil(Math.log10(lowest) - 1e-9), Math.floor(Math.log10(highest) + 1e-9)];
  return Array.from({ length: last - first + 1 }, (_, index) => Number(`1e${first + index}`));
}
