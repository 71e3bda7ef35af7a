/**
 * What each part of the model is worth in this text: the loss with the part switched off, measured on request.
 *
 * @import { Part, Reading } from "../../engine/engine-types.js"
 * @import { InspectClient } from "./client.js"
 * @import { View } from "./parts.js"
 */

import * as format from "../../i18n/format.js";
import { inspect } from "../../i18n/index.js";
import { make, onPress, setText, setUsable } from "../../ui/dom.js";
import { bar, section, table } from "./parts.js";

/**
 * @param {InspectClient} client
 * @param {Reading} reading
 * @returns {View}
 */
export function createAblation(client, reading) {
  const words = inspect.off;
  const measure = make("button");
  onPress(measure, () => void client.measure());
  const progress = make("progress");
  progress.setAttribute("aria-label", words.measure);
  const state = make("p", { class: "hint" });
  state.setAttribute("role", "status");
  const result = make("div", { class: "wide-table" });
  const all = reading.parts.length;
  /** @type {unknown} */
  let drawn;

  return {
    root: section(words, make("div", { class: "row" }, measure, state), progress, result),
    render() {
      const { losses, measuring } = client;
      setText(measure, losses.length === all && all > 0 ? words.again : words.measure);
      setUsable(measure, all > 0 && !measuring, all > 0 ? "" : words.oneToken);
      progress.hidden = !measuring;
      progress.max = all;
      progress.value = losses.length;
      setText(state, all === 0 ? words.oneToken : measuring || losses.length > 0 ? words.progress(losses.length, all) : "");
      if (losses === drawn) return;
      drawn = losses;
      result.replaceChildren(...(losses.length > 0 ? [lossTable(client, reading)] : []));
    },
  };
}

/**
 * @param {InspectClient} client
 * @param {Reading} reading
 */
function lossTable({ losses }, reading) {
  const { columns, nothing, difference: signed } = inspect.off;
  const most = Math.max(...losses.map(({ difference }) => Math.abs(difference)), Number.MIN_VALUE);
  const rows = losses.map(({ part, loss, difference }) => {
    const kind = difference < 0 ? "against" : "";
    return [name(part), format.fixed(loss, 4), make("span", { class: "difference" }, bar(Math.abs(difference) / most, kind), make("span", { text: signed(difference) }))];
  });
  return table(columns, [[nothing, format.fixed(reading.loss ?? 0, 4), ""], ...rows]);
}

/** @param {Part} part */
function name(part) {
  const { recurrence, ownLevel, level } = inspect.off;
  if (part.kind === "level") return level(part.level);
  return part.kind === "recurrence" ? recurrence : ownLevel;
}
