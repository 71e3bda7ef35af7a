/**
 * The settings in which runs differ, as a person reads them.
 *
 * @import { Shown } from "./visible-runs.js"
 */

import * as format from "../i18n/format.js";
import { texts } from "../i18n/index.js";

/** The settings that a person sets here come first, in this order; those of the program's runs follow. */
const FIRST = ["stage", "gpt", "lr", "batch", "context", "steps", "tokenizer", "vocab", "seed", "warmup", "dropout", "eval_every", "recompute", "validation"];
/** Settings that change nothing of the model. */
const BESIDE = new Set(["sizes", "save_every", "log_every", "sample_every", "sample_prompt", "sample_tokens"]);

/** The settings that are not the same in all of them. Runs of earlier versions say nothing of the later ones. @param {Shown[]} shown */
export function differingIn(shown) {
  const later = shown.flatMap((one) => Object.keys(one.settings)).filter((key) => !FIRST.includes(key) && !BESIDE.has(key));
  const valuesOf = (/** @type {string} */ key) => {
    const said = shown.map((one) => settingOf(one, key));
    return new Set((FIRST.includes(key) ? said : said.filter((value) => value !== undefined)).map((value) => JSON.stringify(value || null)));
  };
  return [...new Set([...FIRST, ...later])].filter((key) => valuesOf(key).size > 1);
}

/** @param {Shown} one @param {string} key */
const settingOf = (one, key) => /** @type {Record<string, unknown>} */ (one.settings)[key];

/** What a setting is called; those that the page has no field for go by their names in settings files. @param {string} key */
export const nameOf = (key) => /** @type {Record<string, string>} */ (texts.runs.settings)[key] ?? key;

/** What it is in a run. @param {Shown} one @param {string} key */
export const valueOf = (one, key) => write(settingOf(one, key));

/** A setting as a person reads it. @param {unknown} value */
function write(value) {
  if (typeof value === "number") return value >= 1000 ? format.count(value) : format.rate(value);
  if (typeof value === "boolean") return value ? "✓" : texts.none;
  return value == null ? texts.none : String(value);
}
