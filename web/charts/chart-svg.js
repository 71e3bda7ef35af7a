/**
 * A chart as an SVG picture that needs nothing else: title, axes, lines and legend, in the colours of the page.
 *
 * @import { Shown } from "./visible-runs.js"
 * @import { Columns } from "../state/metrics-history.js"
 * @import { ChartKind } from "./recipes.js"
 * @import { Axis } from "./x-axis.js"
 */

import { texts } from "../i18n/index.js";
import { differingIn, nameOf, valueOf } from "./differing-settings.js";
import { colourOf, DOTS, strokeOf } from "./comparison.js";
import { palette, recipes } from "./recipes.js";
import { along, ticksOf } from "./x-axis.js";

/** In pixels; each run in the legend makes it higher. */
export const SIZE = { width: 960, height: 540 };

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 70;
const RIGHT = 24;
const TOP = 52;
const FOOT = 76;
const LINE = 20;

/** @typedef {{ column: keyof Columns, width: number, colour: string, dash: number[], dots: boolean }} Stroke */
/** @typedef {{ axis: Axis, from: number, to: number, low: number, high: number, bottom: number }} Frame */

/**
 * @param {ChartKind} chart
 * @param {Shown[]} all
 * @param {Axis} axis
 * @returns {SVGElement}
 */
export function picture(chart, all, axis) {
  const shown = all.filter(({ curve }) => along(curve, axis));
  const height = SIZE.height + shown.length * LINE;
  const frame = frameOf(chart, shown, axis);
  const svg = make("svg", { width: SIZE.width, height, viewBox: `0 0 ${SIZE.width} ${height}`, "font-family": "system-ui, sans-serif", "font-size": 13 });
  svg.append(make("rect", { width: SIZE.width, height, fill: colour("card") }), ...axes(chart, frame));
  for (const one of shown) {
    for (const stroke of strokesOf(chart, one)) svg.append(...line(one.curve, stroke, frame));
    svg.append(...letter(chart, one, frame));
  }
  svg.append(...legend(chart, shown));
  return svg;
}

/** @param {string} name */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * The lines of a run, as the charts on the page draw them.
 * @param {ChartKind} chart
 * @param {Shown} shown
 * @returns {Stroke[]}
 */
function strokesOf(chart, { look }) {
  const { columns, series, compared } = recipes[chart];
  if (look) return compared.map((column, at) => ({ column, ...strokeOf(compared, at), colour: colourOf(look), dash: look.dash }));
  const drawn = series(palette());
  return columns.map((column, at) => ({ column, width: drawn[at]?.width ?? 1, colour: String(drawn[at]?.stroke), dash: [], dots: drawn[at]?.points?.show === true }));
}

/**
 * @param {ChartKind} chart
 * @param {Shown[]} shown
 * @param {Axis} axis
 * @returns {Frame}
 */
function frameOf(chart, shown, axis) {
  let [low, high, to] = [Infinity, -Infinity, 0];
  for (const one of shown) {
    to = Math.max(to, one.curve[axis].at(-1) ?? 0);
    for (const { column } of strokesOf(chart, one)) {
      for (const value of one.curve[column]) if (value !== null) [low, high] = [Math.min(low, value), Math.max(high, value)];
    }
  }
  [low, high] = low > high ? recipes[chart].range(0, 1) : recipes[chart].range(low, high);
  return { axis, from: 0, to: to || 1, low, high, bottom: SIZE.height - FOOT };
}

/** @param {Frame} frame @param {number | null | undefined} place */
const across = ({ from, to }, place) => LEFT + ((Number(place) - from) / (to - from)) * (SIZE.width - LEFT - RIGHT);
/** @param {Frame} frame @param {number} value */
const up = ({ low, high, bottom }, value) => bottom - ((value - low) / (high - low)) * (bottom - TOP);

/**
 * @param {ChartKind} chart
 * @param {Frame} frame
 */
function axes(chart, frame) {
  const soft = { fill: colour("soft") };
  const parts = [make("text", { x: LEFT, y: 30, "font-size": 17, "font-weight": 600, fill: colour("ink") }, recipes[chart].title())];
  for (const value of ticks(frame.low, frame.high, 6)) {
    const y = up(frame, value).toFixed(1);
    parts.push(make("path", { d: `M${LEFT} ${y}H${SIZE.width - RIGHT}`, stroke: colour("grid") }));
    parts.push(make("text", { ...soft, x: LEFT - 8, y: Number(y) + 4, "text-anchor": "end" }, recipes[chart].write(value)));
  }
  const whole = (/** @type {number} */ place) => frame.axis === "seconds" || Number.isInteger(place);
  for (const place of ticks(frame.from, frame.to, 8).filter(whole)) {
    const x = across(frame, place).toFixed(1);
    parts.push(make("path", { d: `M${x} ${TOP}V${frame.bottom}`, stroke: colour("grid") }));
    parts.push(make("text", { ...soft, x, y: frame.bottom + 18, "text-anchor": "middle" }, ticksOf[frame.axis](place)));
  }
  parts.push(make("text", { ...soft, x: (LEFT + SIZE.width - RIGHT) / 2, y: frame.bottom + 38, "text-anchor": "middle" }, texts.axes[frame.axis]));
  return parts;
}

/**
 * Round numbers.
 * @param {number} low
 * @param {number} high
 * @param {number} about how many
 */
function ticks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (/** @type {number} */ ([1, 2, 5, 10].find((digit) => digit * power >= rough)));
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/**
 * @param {Columns} curve
 * @param {Stroke} stroke
 * @param {Frame} frame
 */
function line(curve, { column, width, colour, dash, dots }, frame) {
  const points = curve[column].flatMap((value, row) => (value === null ? [] : [[across(frame, curve[frame.axis][row]).toFixed(1), up(frame, value).toFixed(1)]]));
  if (points.length === 0) return [];
  const path = make("polyline", { points: points.map((point) => point.join()).join(" "), fill: "none", stroke: colour, "stroke-width": width, "stroke-linejoin": "round", "stroke-dasharray": dash.join(" ") || "none" });
  return [path, ...(dots && points.length <= DOTS ? points.map(([cx, cy]) => make("circle", { cx: cx ?? 0, cy: cy ?? 0, r: 2.5, fill: colour })) : [])];
}

/**
 * At the end of the line, as on the page.
 * @param {ChartKind} chart
 * @param {Shown} shown
 * @param {Frame} frame
 */
function letter(chart, { curve, look }, frame) {
  const column = recipes[chart].compared.find((column) => curve[column].some((value) => value !== null));
  if (!look || !column) return [];
  const row = curve[column].findLastIndex((value) => value !== null);
  const place = { x: across(frame, curve[frame.axis][row]) + 5, y: up(frame, Number(curve[column][row])) - 4 };
  return [make("text", { ...place, "font-weight": 700, fill: colourOf(look) }, look.letter)];
}

/**
 * Each run's lines with its name and what sets it apart.
 * @param {ChartKind} chart
 * @param {Shown[]} shown
 */
function legend(chart, shown) {
  const { compared, legend } = recipes[chart];
  const differing = differingIn(shown);
  return shown.flatMap((one, at) => {
    const y = SIZE.height + at * LINE;
    const strokes = strokesOf(chart, one);
    const keys = compared.flatMap((column) => strokes.filter((stroke) => stroke.column === column)).map(({ colour, width, dash }, place) =>
      make("path", { d: `M${LEFT + place * 44} ${y - 4}h36`, stroke: colour, "stroke-width": width, "stroke-dasharray": dash.join(" ") || "none" }),
    );
    const apart = differing.map((key) => `${nameOf(key)} ${valueOf(one, key)}`);
    const kinds = legend ? ` (${legend().join(", ")})` : "";
    const words = [`${one.look ? `${one.look.letter}  ` : ""}${one.name}${kinds}`, one.text, ...apart].join(" · ");
    return [...keys, make("text", { x: LEFT + 96, y, fill: colour("ink") }, words)];
  });
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function make(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  // What XML cannot hold would make the whole file unreadable.
  if (text !== undefined) element.textContent = text.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, "");
  return element;
}
