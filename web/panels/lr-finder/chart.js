/**
 * The loss at every rate that was tried, over a logarithmic axis, with the suggestion marked.
 *
 * @import { TriedRate } from "../../engine/engine-types.js"
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

  /** @param {TriedRate[]} trials @param {number | null} suggestion */
  draw(trials, suggestion) {
    this.#trials = trials;
    this.#suggestion = suggestion;
    this.#plot?.setData([trials.map(({ rate }) => rate), trials.map(({ loss }) => loss)]);
  }

  async #build() {
    const Plot = await loadPlot();
    if (this.#abandon.signal.aborted) return;
    this.#plot?.destroy();
    this.#plot = new Plot(this.#options(), [[], []], this.#place);
    this.draw(this.#trials, this.#suggestion);
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
      scales: { x: { time: false, distr: 3, range: () => [LOWEST, HIGHEST] }, y: { range: (_plot, low, high) => this.#height(low, high) } },
      axes: [
        { ...axis, size: 24, gap: 2, space: 0, splits: () => DECADES, filter: (_plot, ticks) => ticks, values: (_plot, ticks) => ticks.map((tick) => format.rate(tick)) },
        { ...axis, size: 34, gap: 4, space: 26, values: (_plot, ticks) => ticks.map((tick) => format.brief(tick)) },
      ],
      series: [{}, { stroke: colours.train, width: 2, points: { show: false } }],
      hooks: { draw: [(plot) => this.#mark(plot, colours.validation)] },
    };
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

/** What the engine tries. */
const LOWEST = 1e-5;
const HIGHEST = 1;
const DECADES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];
