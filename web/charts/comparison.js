/**
 * Other runs in the charts. Each has a colour, a pattern of dashes and a letter at its end, so that no one has to tell colours
 * apart; in the loss chart the strong line with dots is the validation loss and the thin one the train loss.
 *
 * @import { Columns } from "../state/metrics-history.js"
 * @import { Manifest } from "../storage/manifest.js"
 * @import { Overlay } from "./charts.js"
 * @import { Axis } from "./x-axis.js"
 * @import uPlot from "uplot"
 *
 * @typedef {{ letter: string, colour: string, dash: number[] }} Look the colour is the name of a property of the style sheet
 * @typedef {{ run: Manifest, curve: Columns, look: Look }} Compared
 * @typedef {Pick<uPlot, "ctx" | "bbox" | "scales">} Sheet what is drawn on, with the chart's frame and scales
 */

import { along } from "./x-axis.js";

/** How many runs can be told apart. */
export const MAX_COMPARED = 6;

/** @type {Look[]} */
const LOOKS = [[7, 4], [2, 3], [12, 3, 2, 3], [14, 5], [5, 2, 1, 2, 1, 2], [1, 5]].map((dash, at) => ({
  letter: /** @type {string} */ ("ABCDEF"[at]),
  colour: `--run-${at + 1}`,
  dash,
}));

/** Points of a line are at least this far apart, in pixels of the canvas. */
const APART = 3;

/** A line of so many evaluations gets no dots: they would hide it. */
export const DOTS = 80;

/**
 * How a column of another run is drawn, in pixels.
 * @param {(keyof Columns)[]} columns that are compared, the one to be read first, first
 * @param {number} at
 */
export const strokeOf = (columns, at) => ({ width: at === 0 ? 2 : 1, dots: columns[at] === "val_loss" });

/** @implements {Overlay} */
export class Comparison {
  /** In the order in which they came. @type {Compared[]} */ runs = [];
  /** How often they changed. */ #revision = 0;
  /** What was drawn last: most often nothing of it has changed. @type {WeakMap<uPlot, { key: string, canvas: HTMLCanvasElement }>} */
  #sheets = new WeakMap();
  /** What was measured last, by chart. @type {WeakMap<(keyof Columns)[], { key: string, extent: [number, number] | null }>} */
  #extents = new WeakMap();

  /** @param {Axis} axis */
  last(axis) {
    return Math.max(0, ...this.runs.map(({ curve }) => along(curve, axis)?.at(-1) ?? 0));
  }

  get full() {
    return this.runs.length >= MAX_COMPARED;
  }

  /** @param {string} id */
  find(id) {
    return this.runs.find(({ run }) => run.id === id);
  }

  /**
   * @param {Manifest} run
   * @param {Columns} curve
   */
  add(run, curve) {
    const look = LOOKS.find((look) => this.runs.every((other) => other.look !== look));
    if (look && !this.find(run.id)) this.runs.push({ run, curve, look });
    this.#revision++;
  }

  /** @param {string} id */
  drop(id) {
    this.runs = this.runs.filter(({ run }) => run.id !== id);
    this.#revision++;
  }

  /**
   * @param {uPlot} plot
   * @param {(keyof Columns)[]} columns
   * @param {Axis} axis
   */
  draw(plot, columns, axis) {
    const { ctx, bbox, scales } = plot;
    const { x, y } = scales;
    const key = JSON.stringify([axis, x?.min, x?.max, y?.min, y?.max, bbox, devicePixelRatio, this.#revision]);
    let sheet = this.#sheets.get(plot);
    if (sheet?.key !== key) {
      sheet = { key, canvas: this.#paint(plot, columns, axis) };
      this.#sheets.set(plot, sheet);
    }
    ctx.drawImage(sheet.canvas, 0, 0);
  }

  /**
   * @param {uPlot} plot
   * @param {(keyof Columns)[]} columns
   * @param {Axis} axis
   */
  #paint({ ctx: { canvas: under }, bbox, scales }, columns, axis) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [under.width, under.height];
    const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const sheet = { ctx, bbox, scales };
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { curve, look } of this.runs) {
      const places = along(curve, axis);
      if (!places) continue;
      const lines = columns.map((column) => pointsOf(sheet, places, curve[column]));
      lines.forEach((points, at) => drawLine(ctx, points, look, strokeOf(columns, at)));
      drawLetter(sheet, lines, look);
    }
    return canvas;
  }

  /**
   * @param {(keyof Columns)[]} columns
   * @param {Axis} axis
   * @param {number} from
   * @param {number} to
   * @returns {[number, number] | null}
   */
  extent(columns, axis, from, to) {
    const key = JSON.stringify([axis, from, to, this.#revision]);
    const known = this.#extents.get(columns);
    if (known?.key === key) return known.extent;
    const extent = this.#measure(columns, axis, from, to);
    this.#extents.set(columns, { key, extent });
    return extent;
  }

  /**
   * @param {(keyof Columns)[]} columns
   * @param {Axis} axis
   * @param {number} from
   * @param {number} to
   * @returns {[number, number] | null}
   */
  #measure(columns, axis, from, to) {
    let [low, high] = [Infinity, -Infinity];
    for (const { curve } of this.runs) {
      const places = along(curve, axis);
      if (!places) continue;
      for (const column of columns) {
        curve[column].forEach((value, row) => {
          const place = Number(places[row]);
          if (value === null || place < from || place > to) return;
          low = Math.min(low, value);
          high = Math.max(high, value);
        });
      }
    }
    return low <= high ? [low, high] : null;
  }

  /**
   * What the runs were at, there or shortly before.
   * @param {keyof Columns} column
   * @param {Axis} axis
   * @param {number} place
   * @param {(value: number) => string} write
   */
  read(column, axis, place, write) {
    return this.runs
      .map(({ curve, look }) => {
        const places = along(curve, axis) ?? [];
        const row = curve[column].findLastIndex((value, at) => value !== null && Number(places[at]) <= place);
        const value = place > Number(places.at(-1)) ? null : curve[column][row];
        return value == null ? "" : ` · ${look.letter} ${write(value)}`;
      })
      .join("");
  }
}

/** The colour as the style sheet has it now. @param {Look} look */
export const colourOf = ({ colour }) => getComputedStyle(document.documentElement).getPropertyValue(colour).trim();

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {[number, number][]} points
 * @param {Look} look
 * @param {{ width: number, dots: boolean }} style
 */
function drawLine(ctx, points, look, { width, dots }) {
  ctx.strokeStyle = ctx.fillStyle = colourOf(look);
  ctx.lineWidth = width * devicePixelRatio;
  ctx.setLineDash(look.dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.stroke();
  if (!dots || points.length > DOTS) return;
  ctx.beginPath();
  for (const [x, y] of points) {
    ctx.moveTo(x, y);
    ctx.arc(x, y, 2.5 * devicePixelRatio, 0, 2 * Math.PI);
  }
  ctx.fill();
}

/**
 * At the end of the run's first line that has one, in its own colour on the chart's ground.
 * @param {Sheet} sheet
 * @param {[number, number][][]} lines
 * @param {Look} look
 */
function drawLetter({ ctx, bbox }, lines, look) {
  const end = lines.map((points) => points.findLast(([x]) => x <= bbox.left + bbox.width)).find(Boolean);
  if (!end) return;
  const size = 12 * devicePixelRatio;
  const x = Math.min(end[0] + size * 0.35, bbox.left + bbox.width - size * 0.8);
  const y = Math.max(end[1] - size * 0.3, bbox.top + size);
  ctx.setLineDash([]);
  ctx.font = `bold ${size}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.lineWidth = 3 * devicePixelRatio;
  ctx.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--card").trim();
  ctx.strokeText(look.letter, x, y);
  ctx.fillStyle = colourOf(look);
  ctx.fillText(look.letter, x, y);
}

/**
 * The charts are drawn ten times a second: no more points than can be told apart.
 * @param {Sheet} sheet
 * @param {number[]} places of the curve's rows
 * @param {(number | null)[]} values
 * @returns {[number, number][]} in pixels of the canvas
 */
function pointsOf({ bbox, scales }, places, values) {
  const { min: left = 0, max: right = 1 } = /** @type {uPlot.Scale} */ (scales["x"]);
  const { min: low = 0, max: high = 1 } = /** @type {uPlot.Scale} */ (scales["y"]);
  const across = bbox.width / (Number(right) - Number(left));
  const up = bbox.height / (Number(high) - Number(low));
  /** @type {[number, number][]} */
  const points = [];
  let last = -Infinity;
  values.forEach((value, row) => {
    if (value === null) return;
    const x = bbox.left + (Number(places[row]) - Number(left)) * across;
    if (x - last < APART && row < places.length - 1) return;
    last = x;
    points.push([x, bbox.top + bbox.height - (value - Number(low)) * up]);
  });
  return points;
}
