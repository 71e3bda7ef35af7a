/**
 * What the small charts show, in words for whoever cannot see them; the loss has a summary of its own.
 *
 * @import { Run } from "../state/run.js"
 * @import { ChartKind } from "./recipes.js"
 */

import { texts } from "../i18n/index.js";
import { element, setText } from "../ui/dom.js";
import { recipes } from "./recipes.js";

const SMALL = /** @type {Exclude<ChartKind, "loss">[]} */ (Object.keys(recipes).filter((kind) => kind !== "loss"));

/** @param {Run | null} run */
export function describeCharts(run) {
  for (const kind of SMALL) {
    const [metric] = recipes[kind].columns;
    const values = run && metric ? run.metrics[metric].filter((value) => value !== null) : [];
    const last = values.at(-1);
    const words = last === undefined ? texts.markup.noSteps : texts.chartInWords[kind](last, ...extent(values));
    setText(element(`${kind}-summary`), words);
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
