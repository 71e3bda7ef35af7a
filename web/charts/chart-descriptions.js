/**
 * What the two small charts show, in words for whoever cannot see them; the loss has a summary of its own.
 *
 * @import { Run } from "../state/run.js"
 */

import { texts } from "../i18n/index.js";
import { element, setText } from "../ui/dom.js";

/** @param {Run | null} run */
export function describeCharts(run) {
  for (const [id, column] of /** @type {const} */ ([["lr-summary", "lr"], ["speed-summary", "speed"]])) {
    const values = run ? run.metrics[column].filter((value) => value !== null) : [];
    const last = values.at(-1);
    const words = last === undefined ? texts.markup.noSteps : texts.chartInWords[column](last, ...extent(values));
    setText(element(id), words);
  }
}

/**
 * @param {number[]} values
 * @returns {[number, number]} the smallest and the largest
 */
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
