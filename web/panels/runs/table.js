/**
 * What is shown in the charts, as a table: which line is which run, how far it came, and the settings in which the runs differ.
 *
 * @import { Axis } from "../../charts/x-axis.js"
 * @import { Shown } from "../../charts/visible-runs.js"
 */

import { differingIn, nameOf, valueOf } from "../../charts/differing-settings.js";
import { swatch } from "../../charts/swatch.js";
import { along } from "../../charts/x-axis.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { make } from "../../ui/dom.js";

/**
 * @param {Shown[]} shown
 * @param {Axis} axis of the charts
 * @returns {Node[]}
 */
export function tableOf(shown, axis) {
  const { keys, settings, lines, leftOut } = texts.runs;
  const differing = differingIn(shown);
  const withText = new Set(shown.map((one) => one.text)).size > 1;
  const heads = [keys.name, keys.best, keys.steps, ...(withText ? [settings.text] : []), ...differing.map(nameOf)];
  const head = make("tr", {}, ...heads.map((text) => headOf("col", text)));
  const rows = shown.map((one) => {
    const name = headOf("row", "");
    name.append(swatch(one.look), ` ${one.name}`);
    const cells = [one.best === null ? texts.none : format.loss(one.best), format.count(one.step), ...(withText ? [one.text] : []), ...differing.map((key) => valueOf(one, key))];
    return make("tr", {}, name, ...cells.map((text) => make("td", { text })));
  });
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
  const missing = shown.filter(({ curve }) => !along(curve, axis)).map(({ name }) => name);
  const hints = missing.length > 0 ? [lines, leftOut(missing)] : [lines];
  return [table, ...hints.map((text) => make("p", { class: "hint", text }))];
}

/** @param {"col" | "row"} scope @param {string} text */
function headOf(scope, text) {
  const cell = make("th", { text });
  cell.scope = scope;
  return cell;
}
