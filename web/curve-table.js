/**
 * The curve as a table, for whoever cannot see the chart or wants the numbers.
 *
 * @import { Growth } from "./engine-types.js"
 * @import { Curve } from "./curve.js"
 * @import { Run } from "./run.js"
 */

import { element, make, need } from "./dom.js";
import * as format from "./format.js";
import { texts } from "./texts/index.js";

/** More rows than this are thinned out. */
const ROWS = 1000;

/** @param {Run | null} run */
export function renderTable(run) {
  if (need("numbers", HTMLDetailsElement).open) element("numbers-body").replaceChildren(...(run ? rowsOf(run) : []));
}

/** @param {Run} run */
function rowsOf({ curve, growths }) {
  const stride = Math.ceil(curve.length / ROWS);
  const left = [...growths];
  const rows = [];
  for (let at = 0; at < curve.length; at++) {
    if (at % stride !== 0 && curve.validation[at] === null && at !== curve.length - 1) continue;
    while (left[0] && left[0].step < Number(curve.steps[at])) rows.push(mark(/** @type {Growth} */ (left.shift())));
    rows.push(row(curve, at));
  }
  return [...rows, ...left.map(mark)];
}

/** @param {Curve} curve @param {number} at */
function row(curve, at) {
  const cells = [
    format.count(curve.steps[at] ?? 0),
    ...[curve.train[at], curve.validation[at]].map((value) => (value == null ? "" : format.fixed(value, 5))),
    curve.lr[at] == null ? "" : format.rate(Number(curve.lr[at])),
    curve.speed[at] == null ? "" : format.count(Number(curve.speed[at])),
  ];
  return make("tr", {}, ...cells.map((text) => make("td", { text })));
}

/** @param {Growth} growth */
function mark(growth) {
  const cell = make("td", { text: texts.grewRow(growth) });
  cell.colSpan = 5;
  return make("tr", { class: "mark" }, cell);
}
