/**
 * The menu of a chart: its data and its picture as files. What writes them is loaded when it is asked for.
 *
 * @import { Session } from "../state/session.js"
 * @import { RunStore } from "../storage/run-store.js"
 * @import { Toasts } from "../ui/toasts.js"
 * @import { Format } from "./chart-export.js"
 * @import { Charts } from "./charts.js"
 * @import { ChartKind } from "./recipes.js"
 */

import { texts } from "../i18n/index.js";
import { importAgain } from "../platform/import-again.js";
import { element } from "../ui/dom.js";
import { downloadFile } from "../ui/download-file.js";
import { opensMenu } from "../ui/menu.js";

/** @param {{ session: Session, runStore: RunStore, charts: Charts, toasts: Toasts }} context */
export function listenForCharts({ session, runStore, charts, toasts }) {
  const menu = element("chart-menu");
  /** @type {ChartKind} */
  let chart = "loss";
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-chart]"))) {
    button.addEventListener("click", () => (chart = /** @type {ChartKind} */ (button.dataset["chart"])));
    opensMenu(button, menu);
  }

  const save = (/** @type {Format} */ format) => toasts.attempt("chart", texts.notLoaded, async () => {
    const { chartFile } = await importAgain(() => import("./chart-export.js"));
    downloadFile(await chartFile(chart, format, { session, runStore, charts }), `mmrec-${chart}.${format}`);
  });
  menu.addEventListener("click", ({ target }) => {
    if (target instanceof HTMLButtonElement) void save(/** @type {Format} */ (target.value));
  });
}
