/**
 * What the course of a run can be drawn along: steps, or what those have cost. Runs whose steps differ in size are compared by
 * that.
 *
 * @import { Columns } from "../state/metrics-history.js"
 *
 * `seconds` are those of training steps alone, checks and samples left out; `flops` count the operations of all steps.
 * @typedef {"steps" | "tokens" | "seconds" | "flops"} Axis
 */

import * as format from "../i18n/format.js";

/** How a place on an axis is written at its ticks. @type {Record<Axis, (value: number) => string>} */
export const ticksOf = { steps: format.count, tokens: format.compact, seconds: format.clock, flops: format.power };

/** How far the ticks may be apart. */
const ROUND = Array.from({ length: 24 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();
const TIMES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3000].map((minutes) => 60 * minutes)];

/** @param {Axis} axis */
export const incrementsOf = (axis) => (axis === "seconds" ? TIMES : ROUND);

/**
 * Where the rows of a curve lie on an axis.
 * @param {Pick<Columns, Axis>} curve
 * @param {Axis} axis
 * @returns {number[] | null} null where that was not noted for every row
 */
export function along(curve, axis) {
  const places = curve[axis];
  if (axis === "steps") return /** @type {number[]} */ (places);
  const rises = places.every((place, row) => place !== null && place >= (places[row - 1] ?? 0));
  return rises ? /** @type {number[]} */ (places) : null;
}
