/**
 * Labelled lines across a chart, for values to compare a curve with. A label stands where the curve leaves room for it.
 *
 * @import uPlot from "uplot"
 *
 * @typedef {{ value: number, label: string }} ReferenceLine
 * @typedef {{ left: number, right: number, top: number, bottom: number }} Box
 */

/** Where a label may end, as parts of the width, the best first. */
const PLACES = [1, 0.8, 0.6, 0.45];

/**
 * @param {uPlot} plot
 * @param {ReferenceLine[]} levels
 * @param {{ line: string, text: string, font: string }} style the font without its size
 * @param {Box[]} written where other words stand
 */
export function drawReferenceLines(plot, levels, { line, text, font }, written) {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const taken = [...written];
  ctx.save();
  ctx.font = `${11 * devicePixelRatio}px ${font}`;
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  const lines = levels.map(({ value, label }) => ({ label, y: Math.round(plot.valToPos(value, "y", true)) }));
  for (const { label, y } of lines) {
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    dash(ctx, line, 2, [bbox.left, y], [right, y]);
    const others = lines.filter((other) => other.y !== y).map((other) => ({ left: bbox.left, right, top: other.y, bottom: other.y }));
    const box = boxFor(plot, label, y, [...taken, ...others]);
    if (!box) continue;
    taken.push(box);
    ctx.fillStyle = text;
    ctx.fillText(label, box.right, box.bottom);
  }
  ctx.restore();
}

/**
 * @param {uPlot} plot
 * @param {string} label
 * @param {number} y of its line, above or below which it stands
 * @param {Box[]} taken by other labels and lines
 */
function boxFor(plot, label, y, taken) {
  const { ctx, bbox } = plot;
  const gap = 2 * devicePixelRatio;
  const height = 12 * devicePixelRatio;
  const width = ctx.measureText(label).width;
  const boxes = [y - gap, y + gap + height].flatMap((bottom) =>
    PLACES.map((place) => {
      const right = bbox.left + bbox.width * place - gap;
      return { left: right - width, right, top: bottom - height, bottom };
    }),
  );
  const inside = (/** @type {Box} */ { left, top, bottom }) => left >= bbox.left && top >= bbox.top && bottom <= bbox.top + bbox.height;
  return boxes.find((box) => inside(box) && !taken.some((other) => meet(box, other)) && !covers(plot, box)) ?? null;
}

/**
 * Whether a series runs through a box.
 * @param {uPlot} plot
 * @param {Box} box
 */
function covers(plot, { left, right, top, bottom }) {
  const [steps, ...columns] = plot.data;
  const at = (/** @type {number} */ x) => plot.valToIdx(plot.posToVal(x, "x", true));
  const first = Math.max(0, at(left) - 1);
  const last = Math.min(steps.length - 1, at(right) + 1);
  return columns.some((column) => {
    /** The last point before. @type {{ x: number, y: number } | null} */
    let before = null;
    for (let row = first; row <= last; row++) {
      const value = column[row];
      if (value == null) continue;
      const here = { x: plot.valToPos(Number(steps[row]), "x", true), y: plot.valToPos(value, "y", true) };
      const from = before ?? here;
      const beside = here.x < left || from.x > right;
      if (!beside && Math.min(here.y, from.y) < bottom && Math.max(here.y, from.y) > top) return true;
      before = here;
    }
    return false;
  });
}

/** @param {Box} one @param {Box} other */
const meet = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} colour
 * @param {number} length of a dash
 * @param {[number, number]} from
 * @param {[number, number]} to
 */
export function dash(ctx, colour, length, from, to) {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([length * devicePixelRatio, length * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
  ctx.restore();
}
