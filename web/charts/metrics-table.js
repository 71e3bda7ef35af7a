/**
 * The curve as a table, for whoever cannot see the chart or wants the numbers.
 *
 * @import { Growth } from "../engine/engine-types.js"
 * @import { MetricsHistory } from "../state/metrics-history.js"
 * @import { Run } from "../state/run.js"
 * @import { Session } from "../state/session.js"
 */

import * as format from "../i18n/format.js";
import { texts } from "../i18n/index.js";
import { element, make, need, throttle } from "../ui/dom.js";

/** More rows than this are thinned out. */
const ROWS = 1000;
/** Rows are written this often at most (milliseconds). */
const EVERY = 1000;

/**
 * @param {Session} session
 * @returns {() => void} what has the table follow the run; until it does, the table is marked as being behind
 */
export function createMetricsTable(session) {
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
    const { metrics, growths } = run;
    const { steps, length } = metrics;
    const of = [strideOf(metrics), growths.length, texts.locale].join(" ");
    const last = shown.length - 1;
    const same = shown.steps === steps && shown.of === of && last >= 0 && length > last;
    // While a run goes on, only its last row may have changed.
    if (same && growths.every(({ step }) => step < Number(steps[last]))) {
      body.lastElementChild?.remove();
      body.append(...rowsOf(metrics, [], last));
    } else body.replaceChildren(...rowsOf(metrics, growths, 0));
    shown = { of, steps, length };
  };
}

/** @param {MetricsHistory} metrics */
const strideOf = ({ length }) => Math.ceil(length / ROWS);

/**
 * @param {MetricsHistory} metrics
 * @param {Growth[]} growths to be marked
 * @param {number} from which row of the curve
 */
function rowsOf(metrics, growths, from) {
  const stride = strideOf(metrics);
  const left = [...growths];
  const rows = [];
  for (let at = from; at < metrics.length; at++) {
    if (at % stride !== 0 && metrics.val_loss[at] === null && at !== metrics.length - 1) continue;
    while (left[0] && left[0].step < Number(metrics.steps[at])) rows.push(mark(/** @type {Growth} */ (left.shift())));
    rows.push(row(metrics, at));
  }
  return [...rows, ...left.map(mark)];
}

/** @param {MetricsHistory} metrics @param {number} at */
function row(metrics, at) {
  const cells = [
    format.count(metrics.steps[at] ?? 0),
    ...[metrics.train_loss[at], metrics.val_loss[at]].map((value) => (value == null ? "" : format.fixed(value, 5))),
    metrics.lr[at] == null ? "" : format.rate(Number(metrics.lr[at])),
    metrics.tokens_per_s[at] == null ? "" : format.count(Number(metrics.tokens_per_s[at])),
  ];
  return make("tr", {}, ...cells.map((text) => make("td", { text })));
}

/** @param {Growth} growth */
function mark(growth) {
  const cell = make("td", { text: texts.grewRow(growth) });
  cell.colSpan = 5;
  return make("tr", { class: "mark" }, cell);
}
