/**
 * What each chart is made of, on the page and in files. Another chart is a recipe here and a figure in index.html, whose elements'
 * ids begin with its kind (`lr-chart`, `lr-reading`, `lr-summary`), with their words.
 *
 * @import { Metric } from "../state/metrics-history.js"
 * @import uPlot from "uplot"
 *
 * @typedef {"loss" | "lr" | "speed" | "grad-norm"} ChartKind
 *
 * @typedef {object} Recipe
 * @property {() => string} title
 * @property {Metric[]} columns that are drawn of the page's own run
 * @property {(palette: Palette) => uPlot.Series[]} series how
 * @property {() => string[]} names of them, where the values under the pointer are shown
 * @property {Metric[]} compared of other runs, the one to be read first
 * @property {() => string[]} [legend] what those are called, where there are several
 * @property {Metric[]} saved in files
 * @property {(value: number) => string} write a value
 * @property {(low: number, high: number) => [number, number]} range
 * @property {boolean} [lossScale] whether losses to compare with are drawn, all across
 * @property {boolean} [labelled] whether the marks of growth are named
 *
 * @typedef {Record<"soft" | "grid" | "train" | "faint" | "validation" | "uniform", string>} Palette
 */

import * as format from "../i18n/format.js";
import { texts } from "../i18n/index.js";

/** @type {Recipe} */
const loss = {
  title: () => texts.markup.loss,
  columns: ["train_loss", "trend", "val_loss"],
  series: ({ faint, train, validation }) => [
    { stroke: faint, width: 1, points: { show: false } },
    { stroke: train, width: 2, points: { show: false } },
    { stroke: validation, width: 2, spanGaps: true, points: { show: true, size: 5, fill: validation } },
  ],
  names: () => [`${texts.readings.train} `, "", `${texts.readings.validation} `],
  legend: () => [texts.markup.keyValidation, texts.markup.keyTrain],
  compared: ["val_loss", "trend"],
  saved: ["train_loss", "val_loss"],
  write: (value) => (value >= 100 ? format.count(value) : format.brief(value)),
  range: (low, high) => [Math.max(0, low - (high - low) * 0.08), high + (high - low || 1) * 0.06],
  lossScale: true,
  labelled: true,
};

/**
 * One line, from 0 on.
 * @param {Metric} metric
 * @param {Pick<Recipe, "title" | "write">} words
 * @returns {Recipe}
 */
const single = (metric, words) => ({
  ...words,
  columns: [metric],
  series: ({ train }) => [{ stroke: train, width: 1.5, points: { show: false } }],
  names: () => [""],
  compared: [metric],
  saved: [metric],
  range: (_low, high) => [0, high * 1.15 || 1],
});

/** @type {Record<ChartKind, Recipe>} */
export const recipes = {
  loss,
  lr: single("lr", {
    title: () => texts.markup.learningRate,
    write: (value) => (value > 0 && value < 0.01 ? format.power(value) : format.rate(value)),
  }),
  speed: single("tokens_per_s", {
    title: () => texts.markup.tokensPerSecond,
    write: (value) => (value >= 10_000 ? `${Math.round(value / 1000)}k` : format.count(value)),
  }),
  "grad-norm": single("grad_norm", {
    title: () => texts.markup.gradNorm,
    write: (value) => format.rate(value),
  }),
};

/** @returns {Palette} */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    soft: colour("soft"),
    grid: colour("grid"),
    train: colour("train"),
    faint: colour("train-faint"),
    validation: colour("validation"),
    uniform: colour("uniform"),
  };
}
