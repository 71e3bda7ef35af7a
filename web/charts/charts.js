/**
 * The charts, drawn with uPlot on canvas in the colours of the style sheet. Along steps they span those that are planned;
 * a dragged selection zooms in, a double click goes back.
 *
 * @import { Growth } from "../engine/engine-types.js"
 * @import { Columns, MetricsHistory } from "../state/metrics-history.js"
 * @import { ChartKind, Palette } from "./recipes.js"
 * @import { ReferenceLine } from "./reference-lines.js"
 * @import { Axis } from "./x-axis.js"
 * @import uPlot from "uplot"
 *
 * Other runs in the same charts; see `comparison.js`.
 * @typedef {object} Overlay
 * @property {(axis: Axis) => number} last how far they go
 * @property {(plot: uPlot, columns: (keyof Columns)[], axis: Axis) => void} draw
 * @property {(columns: (keyof Columns)[], axis: Axis, from: number, to: number) => [number, number] | null} extent of the values between two places
 * @property {(column: keyof Columns, axis: Axis, place: number, write: (value: number) => string) => string} read
 */

import { texts } from "../i18n/index.js";
import { importAgain } from "../platform/import-again.js";
import { element, setText } from "../ui/dom.js";
import { drawMarks } from "./growth-marks.js";
import { palette, recipes } from "./recipes.js";
import { dash, drawReferenceLines } from "./reference-lines.js";
import { along, incrementsOf, ticksOf } from "./x-axis.js";

/** @typedef {{ metrics: MetricsHistory, planned: number, uniform: number, referenceLines: ReferenceLine[], growths: Growth[] }} ChartData */

const FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif';

/** Loads uPlot; its types come from the package, the code from what the build copied beside us. @returns {Promise<typeof uPlot>} */
export async function loadPlot() {
  const address = new URL("../vendor/uPlot.esm.js", import.meta.url).href;
  return (await importAgain(() => import(address))).default;
}

/** The size of a chart that fills its place. @param {HTMLElement} place */
export const sizeOf = ({ clientWidth, clientHeight }) => ({ width: Math.max(100, clientWidth), height: Math.max(60, clientHeight) });

/** What the axes of all charts have in common. @param {Palette} palette @returns {uPlot.Axis} */
export const axisIn = ({ soft, grid }) => ({ stroke: soft, font: `11px ${FONT}`, grid: { stroke: grid, width: 1 }, ticks: { show: false } });

export class Charts {
  /** @type {typeof uPlot | null} */ #Plot = null;
  /** @type {Chart[]} */ #charts = [];
  /** @type {ChartData | null} */ #data = null;
  /** @type {Overlay | null} */ overlay = null;
  /** @type {Axis} */ axis = "steps";

  async open() {
    this.#Plot = await loadPlot();
    this.#build();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#build());
  }

  /** @param {ChartData | null} data */
  draw(data) {
    this.#data = data;
    for (const chart of this.#charts) chart.draw(data, this.overlay, this.axis);
  }

  /** @param {Overlay | null} overlay drawn from now on */
  compare(overlay) {
    this.overlay = overlay;
    this.draw(this.#data);
  }

  /** @param {Axis} axis along which they are drawn from now on */
  measureBy(axis) {
    this.axis = axis;
    this.draw(this.#data);
    this.relocalize();
  }

  /** Another language is spoken, which has other numbers. */
  relocalize() {
    for (const chart of this.#charts) chart.relocalize();
  }

  #build() {
    if (!this.#Plot) return;
    for (const chart of this.#charts) chart.close();
    const Plot = this.#Plot;
    const colours = palette();
    const kinds = /** @type {ChartKind[]} */ (Object.keys(recipes));
    this.#charts = kinds.map((kind) => new Chart(Plot, kind, colours));
    this.draw(this.#data);
  }
}

class Chart {
  #plot;
  #place;
  #reading;
  #recipe;
  #palette;
  #sizes;
  /** @type {Axis} */ #axis = "steps";
  /** How far there is something to be seen. */ #end = 1;
  /** The loss of guessing uniformly. */ #uniform = 0;
  /** Others below it. @type {ReferenceLine[]} */ #referenceLines = [];
  /** Where the model grew. @type {number[]} */ #marks = [];
  /** @type {Overlay | null} */ #overlay = null;
  #empty = true;
  #zoomed = false;

  /**
   * @param {typeof uPlot} Plot
   * @param {ChartKind} kind
   * @param {Palette} palette
   */
  constructor(Plot, kind, palette) {
    this.#recipe = recipes[kind];
    this.#palette = palette;
    this.#place = element(`${kind}-chart`);
    this.#reading = element(`${kind}-reading`);
    this.#plot = new Plot(this.#options(), [[], ...this.#recipe.columns.map(() => [])], this.#place);
    this.#sizes = new ResizeObserver(() => this.#plot.setSize(sizeOf(this.#place)));
    this.#sizes.observe(this.#place);
  }

  close() {
    this.#sizes.disconnect();
    this.#plot.destroy();
  }

  /**
   * @param {ChartData | null} data
   * @param {Overlay | null} overlay
   * @param {Axis} axis
   */
  draw(data, overlay, axis) {
    const places = data && along(data.metrics, axis);
    const columns = this.#recipe.columns.map((name) => (places ? data.metrics[name] : []));
    if (axis !== this.#axis) this.#zoomed = false;
    this.#axis = axis;
    this.#overlay = overlay;
    const planned = axis === "steps" ? (data?.planned ?? 0) : 0;
    this.#end = Math.max(planned, places?.at(-1) ?? 0, overlay?.last(axis) ?? 0) || 1;
    this.#uniform = (this.#recipe.lossScale && data?.uniform) || 0;
    this.#referenceLines = (this.#recipe.lossScale && data?.referenceLines) || [];
    this.#marks = data && places ? marksOf(data, places) : [];
    this.#empty = !overlay && (!data || data.metrics.length === 0);
    if (this.#empty) this.#zoomed = false;
    this.#plot.setData([places ?? [], ...columns], false);
    const { min, max } = /** @type {uPlot.Scale} */ (this.#plot.scales["x"]);
    this.#plot.setScale("x", this.#zoomed ? { min: min ?? 0, max: max ?? 1 } : { min: 0, max: this.#end });
  }

  relocalize() {
    this.#place.setAttribute("aria-label", texts.over(this.#recipe.title(), this.#axis));
    this.#plot.redraw(false, true);
  }

  /** @returns {uPlot.Options} */
  #options() {
    const { series, write } = this.#recipe;
    const axis = axisIn(this.#palette);
    return {
      ...sizeOf(this.#place),
      padding: [8, 22, 0, 0],
      legend: { show: false },
      cursor: { points: { size: 6 }, drag: { x: true, y: false }, bind: { dblclick: () => () => this.#unzoom() } },
      scales: {
        x: { time: false },
        y: { range: (plot, low, high) => this.#height(...this.#widened(plot, low, high)) },
      },
      axes: [
        { ...axis, size: 24, gap: 2, space: 60, incrs: () => incrementsOf(this.#axis), values: (_plot, ticks) => ticks.map((tick) => ticksOf[this.#axis](tick)) },
        { ...axis, size: 48, gap: 4, space: 30, values: (_plot, ticks) => ticks.map((tick) => (tick === null || (this.#empty && !this.#uniform) ? "" : write(tick))) },
      ],
      series: [{}, ...series(this.#palette)],
      hooks: {
        draw: [
          (plot) => this.#drawUniform(plot),
          (plot) => drawReferenceLines(plot, this.#referenceLines, this.#style, drawMarks(plot, this.#marks, this.#style, this.#recipe.labelled === true)),
          (plot) => this.#overlay?.draw(plot, this.#recipe.compared, this.#axis),
        ],
        setCursor: [(plot) => this.#read(plot)],
        setSelect: [(plot) => (this.#zoomed ||= plot.select.width > 0)],
      },
    };
  }

  /**
   * With room for other runs.
   * @param {uPlot} plot
   * @param {number | null} low
   * @param {number | null} high
   * @returns {[number | null, number | null]}
   */
  #widened(plot, low, high) {
    const { min, max } = /** @type {uPlot.Scale} */ (plot.scales["x"]);
    const other = this.#overlay?.extent(this.#recipe.compared, this.#axis, min ?? 0, max ?? Infinity);
    if (!other) return [low, high];
    return [Math.min(low ?? Infinity, other[0]), Math.max(high ?? -Infinity, other[1])];
  }

  /**
   * @param {number | null} low
   * @param {number | null} high
   * @returns {[number, number]}
   */
  #height(low, high) {
    const { range } = this.#recipe;
    if (low === null || high === null || !Number.isFinite(low + high)) return range(0, this.#uniform || 1);
    if (this.#zoomed) return range(low, high);
    return range(Math.min(low, ...this.#referenceLines.map(({ value }) => value)), Math.max(high, this.#uniform));
  }

  get #style() {
    const { uniform, soft } = this.#palette;
    return { line: uniform, text: soft, font: FONT };
  }

  /** @param {uPlot} plot */
  #drawUniform({ ctx, bbox, valToPos }) {
    if (!this.#uniform) return;
    const y = Math.round(valToPos(this.#uniform, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) return;
    dash(ctx, this.#palette.uniform, 5, [bbox.left, y], [bbox.left + bbox.width, y]);
  }

  #unzoom() {
    this.#zoomed = false;
    this.#plot.setScale("x", { min: 0, max: this.#end });
    return null;
  }

  /** The place under the pointer; all but seconds come whole. @param {uPlot} plot */
  #pointed({ cursor, posToVal }) {
    const place = posToVal(cursor.left ?? 0, "x");
    return this.#axis === "seconds" ? place : Math.round(place);
  }

  /**
   * Shows the values under the pointer.
   * @param {uPlot} plot
   */
  #read(plot) {
    const { idx } = plot.cursor;
    const own = typeof idx === "number" ? plot.data[0][idx] : undefined;
    const place = own ?? (this.#overlay && plot.cursor.left !== undefined && plot.cursor.left >= 0 ? this.#pointed(plot) : undefined);
    if (place === undefined) return setText(this.#reading, "");
    const values = this.#recipe.names().map((name, at) => {
      const value = own === undefined ? null : plot.data[at + 1]?.[Number(idx)];
      return typeof value === "number" ? ` · ${name}${this.#recipe.write(value)}` : "";
    });
    const [column] = this.#recipe.compared;
    const others = (column && this.#overlay?.read(column, this.#axis, place, this.#recipe.write)) ?? "";
    setText(this.#reading, `${texts.at[this.#axis](place)}${values.join("")}${others}`);
  }
}

/**
 * Where on an axis the model grew.
 * @param {ChartData} data
 * @param {number[]} places of the curve's rows
 */
function marksOf({ metrics: { steps }, growths }, places) {
  if (places === steps) return growths.map(({ step }) => step);
  return growths.flatMap((growth) => places[steps.findLastIndex((step) => step <= growth.step)] ?? []);
}
