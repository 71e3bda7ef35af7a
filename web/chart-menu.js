/**
 * The menu of a chart: its data and its picture as files. What writes them is loaded when it is asked for.
 *
 * @import { Context } from "./runs/list.js"
 * @import { ChartKind, Format } from "./runs/chart-file.js"
 */

import { element } from "./dom.js";
import { opensMenu } from "./menu.js";
import { offer } from "./offer.js";
import { texts } from "./texts/index.js";

/** @param {Context} context */
export function listenForCharts({ session, keeper, charts, notices }) {
  const menu = element("chart-menu");
  /** @type {ChartKind} */
  let chart = "loss";
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-chart]"))) {
    button.addEventListener("click", () => (chart = /** @type {ChartKind} */ (button.dataset["chart"])));
    opensMenu(button, menu);
  }

  const save = (/** @type {Format} */ format) => notices.attempt("chart", texts.notLoaded, async () => {
    const { chartFile } = await import("./runs/chart-file.js");
    offer(await chartFile(chart, format, { session, keeper, charts }), `mmrec-${chart}.${format}`);
  });
  menu.addEventListener("click", ({ target }) => {
    if (target instanceof HTMLButtonElement) void save(/** @type {Format} */ (target.value));
  });
}
