/**
 * What a chart shows, as a file: all numbers as CSV or JSON, the picture as SVG or PNG. The columns have the names of `metrics.jsonl`.
 *
 * @import { Shown } from "./visible-runs.js"
 * @import { Metric } from "../state/metrics-history.js"
 * @import { Session } from "../state/session.js"
 * @import { RunStore } from "../storage/run-store.js"
 * @import { Charts } from "./charts.js"
 * @import { Comparison } from "./comparison.js"
 * @import { ChartKind } from "./recipes.js"
 * @import { Axis } from "./x-axis.js"
 *
 * @typedef {"csv" | "json" | "svg" | "png"} Format
 */

import { visibleRunsIn } from "./visible-runs.js";
import { picture, SIZE } from "./chart-svg.js";
import { recipes } from "./recipes.js";

/** What each step had cost by then, where that was noted; seconds are those of training alone. @type {Metric[]} */
const COSTS = ["tokens", "seconds", "flops"];

/** Pixels of a PNG for each of the picture. */
const SHARPNESS = 2;

/**
 * @param {ChartKind} chart
 * @param {Format} format
 * @param {{ session: Session, runStore: RunStore, charts: Charts }} page
 * @returns {Promise<Blob>}
 */
export async function chartFile(chart, format, { session, runStore, charts }) {
  const shown = visibleRunsIn(session, runStore, /** @type {Comparison | null} */ (charts.overlay));
  switch (format) {
    case "csv":
      return new Blob([csvOf(chart, shown)], { type: "text/csv" });
    case "json":
      return new Blob([JSON.stringify(jsonOf(chart, shown), null, 1)], { type: "application/json" });
    case "svg":
      return svgOf(chart, shown, charts.axis);
    case "png":
      return pngOf(await svgOf(chart, shown, charts.axis));
  }
}

/**
 * @param {ChartKind} chart
 * @param {Shown[]} shown
 */
function csvOf(chart, shown) {
  const { saved } = recipes[chart];
  const lines = [["run", "step", ...COSTS, ...saved].join(",")];
  for (const { name, curve } of shown) {
    curve.steps.forEach((step, row) => {
      const values = saved.map((column) => curve[column][row] ?? "");
      const costs = COSTS.map((column) => curve[column][row] ?? "");
      if (values.some((value) => value !== "")) lines.push([quoted(name), step, ...costs, ...values].join(","));
    });
  }
  return `${lines.join("\n")}\n`;
}

/** @param {string} text */
const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * @param {ChartKind} chart
 * @param {Shown[]} shown
 */
function jsonOf(chart, shown) {
  const runs = shown.map(({ name, text, settings, curve }) => {
    const columns = [...COSTS, ...recipes[chart].saved].map((column) => [column, curve[column]]);
    return { name, text, settings, step: curve.steps, ...Object.fromEntries(columns) };
  });
  return { chart, runs };
}

/**
 * @param {ChartKind} chart
 * @param {Shown[]} shown
 * @param {Axis} axis
 */
async function svgOf(chart, shown, axis) {
  const text = new XMLSerializer().serializeToString(picture(chart, shown, axis));
  return new Blob([text], { type: "image/svg+xml" });
}

/** @param {Blob} svg @returns {Promise<Blob>} */
async function pngOf(svg) {
  const address = URL.createObjectURL(svg);
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth * SHARPNESS || SIZE.width, image.naturalHeight * SHARPNESS || SIZE.height];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}
