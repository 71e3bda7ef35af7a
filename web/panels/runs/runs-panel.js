/**
 * The kept runs unfold where the person asks for them; what the list needs is loaded then.
 *
 * @import { Context } from "./list.js"
 */

import { listenForCharts } from "../../charts/chart-menu.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { importAgain } from "../../platform/import-again.js";
import { need, setText } from "../../ui/dom.js";

/**
 * @param {Context} context
 * @returns {{ render(): void }}
 */
export function createRunsPanel(context) {
  const { session, runStore, toasts } = context;
  const details = need("runs", HTMLDetailsElement);
  const counter = need("runs-count", HTMLSpanElement);
  /** @type {{ render(): void } | null} */
  let list = null;

  const unfold = async () => {
    try {
      const { createList } = await importAgain(() => import("./list.js"));
      list ??= createList(context);
      list.render();
    } catch (error) {
      details.open = false;
      throw error;
    }
  };
  details.addEventListener("toggle", () => details.open && void toasts.attempt("unfold", texts.notLoaded, unfold));
  runStore.onChange = () => session.changed();
  listenForCharts(context);

  return {
    render() {
      const { length } = runStore.runs;
      setText(counter, length > 0 ? format.count(length) : "");
      if (details.open) list?.render();
    },
  };
}

/** Unfolds the list, for whoever is told to look there. */
export function showRuns() {
  const details = need("runs", HTMLDetailsElement);
  details.open = true;
  details.scrollIntoView({ block: "start" });
  details.querySelector("summary")?.focus({ preventScroll: true });
}
