/**
 * The curve as a table, for whoever cannot see the chart or wants the numbers.
 *
 * @import { Growth } from "./engine-types.js"
 * @import { Curve } from "./curve.js"
 * @import { Run } from "./run.js"
 * @import { Session } from "./session.js"
 */

import { element, make, need, throttle } from "./dom.js";
import * as format from "./format.js";
import { texts } from "./texts/index.js";

/** More rows than this are thinned out. */
const ROWS = 1000;
/** Rows are written this often at most (milliseconds). */
const EVERY = 1000;

/**
 * @param {Session} session
 * @returns {() => void} what has the table follow the run; until it does, the table is marked as being behind
 */
export function createCurveTable(session) {
  const details = need("numbers", HTMLDetailsElement);
  const render = createRows(details);
  const draw = throttle(() => {
    render(session.run);
    delete details.dataset.behind;
  }, EVERY);
  const follow = () => {
    details.dataset.behind = "";
    draw();
  };
  details.addEventListener("toggle", follow);
  return follow;
}

/** @param {HTMLDetailsElement} details @returns {(run: Run | null) => void} */
function createRows(details) {
  const body = element("numbers-body");
  /** What the rows that stand there are of. */
  let shown = { of: "", steps: /** @type {number[]} */ ([]), length: 0 };

  return (run) => {
    if (!run || !details.open) {
      shown = { of: "", steps: [], length: 0 };
      return body.replaceChildren();
    }
    const { curve, growths } = run;
    const { steps, length } = curve;
    const of = [strideOf(curve), growths.length, texts.locale].join(" ");
    const last = shown.length - 1;
    const same = shown.steps === steps && shown.of === of && last >= 0 && length > last;
    // While a run goes on, only its last row may have changed.
    if (same && growths.every(({ step }) => step < Number(steps[last]))) {
      body.lastElementChild?.remove();
      body.append(...rowsOf(curve, [], last));
    } else body.replaceChildren(...rowsOf(curve, growths, 0));
    shown = { of, steps, length };
  };
}

/** @param {Curve} curve */
const strideOf = ({ length }) => Math.ceil(length / ROWS);

/**
 * @param {Curve} curve
 * @param {Growth[]} growths to be marked
 * @param {number} from which row of the curve
 */
function rowsOf(curve, growths, from) {
  const stride = strideOf(curve);
  const left = [...growths];
  const rows = [];
  for (let at = from; at < curve.length; at++) {
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
