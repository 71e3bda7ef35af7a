/**
 * The list of all kept runs: found, renamed, opened, begun again, compared, deleted.
 *
 * @import { Charts } from "../../charts/charts.js"
 * @import { Axis } from "../../charts/x-axis.js"
 * @import { Session } from "../../state/session.js"
 * @import { Manifest } from "../../storage/manifest.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 * @import { RunStore } from "../../storage/run-store.js"
 * @import { Trash } from "../../storage/trash.js"
 * @import { Toasts } from "../../ui/toasts.js"
 *
 * @typedef {object} Context
 * @property {Session} session
 * @property {RunLoader} runLoader
 * @property {RunStore} runStore
 * @property {Toasts} toasts
 * @property {Charts} charts
 * @property {Trash} trash
 * @property {() => void} draftChanged
 */

import { Comparison } from "../../charts/comparison.js";
import { visibleRunsIn } from "../../charts/visible-runs.js";
import { texts } from "../../i18n/index.js";
import { nameOf } from "../../state/text-source.js";
import { modelOf } from "../../storage/run-names.js";
import { button, element, input, need, onPress, setText, setUsable, withEach } from "../../ui/dom.js";
import { listenForFiles } from "./files.js";
import { askToFreeSpace } from "./free-space.js";
import { Row } from "./row.js";
import { createStorage } from "./storage.js";
import { tableOf } from "./table.js";

/**
 * @param {Context} context
 * @returns {{ render(): void }}
 */
export function createList(context) {
  const { session, runStore, charts } = context;
  const search = input("runs-search");
  const comparison = new Comparison();
  const storage = createStorage(context);
  const axis = need("axis", HTMLSelectElement);
  /** @type {Map<string, Row>} */
  const rows = new Map();
  let rendered = "";
  /** What is said while files are read or written. */
  let working = "";

  const compare = async (/** @type {string} */ id, /** @type {boolean} */ wanted) => {
    const run = runStore.run(id);
    const curve = wanted && run ? await runStore.curve(id) : null;
    if (run && curve) comparison.add(run, curve);
    else comparison.drop(id);
    charts.compare(comparison.runs.length > 0 ? comparison : null);
    offerAxes();
    render();
  };

  /** A run alone is drawn along its steps. */
  const offerAxes = () => {
    const alone = comparison.runs.length === 0;
    element("axis-choice").hidden = alone;
    if (alone) axis.value = "steps";
    const chosen = /** @type {Axis} */ (axis.value);
    if (charts.axis !== chosen) charts.measureBy(chosen);
  };

  const render = () => {
    for (const { run } of comparison.runs) if (!runStore.run(run.id) || run.id === session.run?.id) void compare(run.id, false);
    // The run on the page moves on many times a second; the list does not.
    const now = JSON.stringify([runStore.changes, session.run?.id, session.phase, session.leaderPhase, texts.locale, search.value, comparison.runs.map(({ run }) => run.id)]);
    if (now !== rendered) renderRows();
    rendered = now;
    renderTable(context, comparison);
  };

  const renderRows = () => {
    const runs = runStore.runs.sort((one, other) => other.created - one.created);
    const found = search.value.trim() ? runs.filter((run) => matches(run, search.value)) : runs;
    withEach(runs, (run) => {
      let row = rows.get(run.id);
      if (!row) rows.set(run.id, (row = new Row(run.id, context, (wanted) => void compare(run.id, wanted))));
      row.render(run, comparison);
    });
    order(element("run-list"), found.map(({ id }) => /** @type {Row} */ (rows.get(id)).item));
    element("runs-empty").hidden = runs.length > 0;
    setText(element("runs-status"), working || (search.value && runs.length > 0 ? texts.runs.found(found.length) : ""));
    setUsable(button("runs-export"), runs.length > 0);
    setUsable(button("runs-clean"), runs.length > 0);
    // What this browser keeps is another tab's, or not known yet.
    setUsable(button("runs-import"), session.phase !== "starting", session.leaderPhase ? texts.following.idle : "");
    storage.render();
  };

  axis.addEventListener("change", () => {
    offerAxes();
    render();
  });
  search.addEventListener("input", render);
  onPress(button("runs-clean"), () => void askToFreeSpace(context));
  listenForFiles(context, (words) => {
    working = words;
    setText(element("runs-status"), words);
  });
  return { render };
}

/**
 * @param {Manifest} run
 * @param {string} wanted every word of it
 */
function matches({ name, text, textName, settings }, wanted) {
  const said = [name, nameOf({ ref: text, name: textName }), modelOf(settings)].join(" ").toLocaleLowerCase(texts.locale);
  return wanted.toLocaleLowerCase(texts.locale).split(/\s+/).every((word) => said.includes(word));
}

/**
 * Puts rows in their order, and moves none that is in its place: a field in it would lose the focus.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} wanted
 */
function order(list, wanted) {
  const staying = new Set(wanted);
  for (const item of [...list.children]) if (!staying.has(/** @type {HTMLElement} */ (item))) item.remove();
  let next = list.firstElementChild;
  for (const item of wanted) {
    if (item === next) next = item.nextElementSibling;
    else list.insertBefore(item, next);
  }
}

let drawn = "";

/**
 * Which line is which, under the chart.
 * @param {Context} context
 * @param {Comparison} comparison
 */
function renderTable({ session, runStore, charts: { axis } }, comparison) {
  const place = element("compared");
  place.hidden = comparison.runs.length === 0;
  if (place.hidden) return;
  const shown = visibleRunsIn(session, runStore, comparison);
  const now = JSON.stringify([texts.locale, axis, shown.map(({ curve, ...rest }) => rest)]);
  if (now === drawn) return;
  drawn = now;
  place.replaceChildren(...tableOf(shown, axis));
}
