/**
 * Upright lines across a chart where the model grew, with a label beside them. Those that are too near to each other for labels of
 * their own share one.
 *
 * @import { Box } from "./reference-lines.js"
 * @import uPlot from "uplot"
 *
 * Marks with one label, at the right of the last or at the left of the first.
 * @typedef {{ first: number, last: number, times: number }} Group
 */

import { texts } from "../i18n/index.js";
import { dash } from "./reference-lines.js";

/** Below the uniform guess and above the curve, most of the time: a part of the height. */
const HEIGHT = 0.28;

/**
 * @param {uPlot} plot
 * @param {number[]} places
 * @param {{ text: string, font: string }} style the font without its size
 * @param {boolean} labelled
 * @returns {Box[]} where labels stand
 */
export function drawMarks({ ctx, bbox, valToPos }, places, { text, font }, labelled) {
  const { left, top, width, height } = bbox;
  const right = left + width;
  const xs = places.map((place) => Math.round(valToPos(place, "x", true))).filter((x) => x >= left && x <= right);
  for (const x of xs) dash(ctx, text, 2, [x, top], [x, top + height]);
  if (!labelled) return [];
  ctx.save();
  ctx.fillStyle = text;
  ctx.font = `${11 * devicePixelRatio}px ${font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  const widthOf = (/** @type {number} */ times) => ctx.measureText(texts.grewMark(times)).width;
  const bottom = top + height * HEIGHT;
  const boxes = labelsOf(xs, widthOf, 4 * devicePixelRatio, right).map(({ start, times }) => {
    ctx.fillText(texts.grewMark(times), start, bottom);
    return { left: start, right: start + widthOf(times), top: bottom - 12 * devicePixelRatio, bottom };
  });
  ctx.restore();
  return boxes;
}

/**
 * @param {number[]} xs in any order
 * @param {(times: number) => number} widthOf the label of so many marks
 * @param {number} gap beside a label
 * @param {number} end of the room
 * @returns {{ start: number, times: number }[]} labels that meet neither each other nor a line that is not theirs
 */
export function labelsOf(xs, widthOf, gap, end) {
  /** @type {Group[]} */
  const groups = [];
  const reach = (/** @type {Group} */ { last, times }) => last + gap + widthOf(times);
  const startLeft = (/** @type {Group} */ { first, times }) => first - gap - widthOf(times);
  for (const x of [...xs].sort((one, other) => one - other)) {
    const near = groups.at(-1);
    if (near && reach(near) + gap > x) Object.assign(near, { last: x, times: near.times + 1 });
    else groups.push({ first: x, last: x, times: 1 });
  }
  // At the end of the room a label stands at the left, where it may meet the one before.
  for (let [before, last] = groups.slice(-2); before && last && reach(last) > end && reach(before) + gap > startLeft(last); [before, last] = groups.slice(-2)) {
    groups.splice(-2, 2, { first: before.first, last: last.last, times: before.times + last.times });
  }
  return groups.map((group) => ({ start: reach(group) > end ? startLeft(group) : group.last + gap, times: group.times }));
}
