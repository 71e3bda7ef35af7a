/**
 * What the charts show now: the run on the page and those compared with it.
 *
 * @import { Comparison, Look } from "./comparison.js"
 * @import { Settings } from "../engine/engine-types.js"
 * @import { Columns } from "../state/metrics-history.js"
 * @import { Session } from "../state/session.js"
 * @import { Manifest } from "../storage/manifest.js"
 * @import { RunStore } from "../storage/run-store.js"
 *
 * @typedef {object} Shown
 * @property {string} name
 * @property {string} text its name
 * @property {Partial<Settings>} settings
 * @property {number} step
 * @property {number | null} best validation loss
 * @property {Columns} curve
 * @property {Look | null} look null for the run on the page
 */

import { texts } from "../i18n/index.js";
import { nameOf } from "../state/text-source.js";

/**
 * @param {Session} session
 * @param {RunStore} runStore
 * @param {Comparison | null} comparison
 * @returns {Shown[]}
 */
export function visibleRunsIn({ run }, runStore, comparison) {
  /** @type {Shown[]} */
  const shown = [];
  if (run && run.metrics.length > 0) {
    const { text, settings, step, metrics } = run;
    const name = runStore.run(run.id)?.name ?? texts.runs.present;
    shown.push({ name, text: text ? nameOf(text) : texts.none, settings: settings ?? {}, step, best: metrics.best?.loss ?? null, curve: metrics, look: null });
  }
  for (const { run: kept, curve, look } of comparison?.runs ?? []) shown.push({ ...describe(runStore.run(kept.id) ?? kept), curve, look });
  return shown;
}

/** @param {Manifest} run */
function describe({ name, text, textName, settings, step, best }) {
  return { name, text: nameOf({ ref: text, name: textName }), settings, step, best: best?.loss ?? null };
}
