/**
 * All runs as one file, and runs from such a file.
 *
 * @import { Context } from "./list.js"
 */

import { texts } from "../../i18n/index.js";
import { importAgain } from "../../platform/import-again.js";
import { button, input, onPress } from "../../ui/dom.js";
import { downloadFile } from "../../ui/download-file.js";

/** Problems beyond these are counted. */
const NAMED = 10;

/**
 * @param {Context} context
 * @param {(words: string) => void} say what goes on while it takes a while
 */
export function listenForFiles({ session, runStore, toasts }, say) {
  const chooser = input("runs-file");
  const during = async (/** @type {string} */ words, /** @type {() => Promise<void>} */ task) => {
    say(words);
    await session.finishing(task()).finally(() => say(""));
  };

  const exportAll = () => toasts.attempt("export", texts.runs.exportFailed, async () => {
    const { pack, sizeOfAll, LIMIT } = await importAgain(() => import("../../storage/archive-file.js"));
    const size = sizeOfAll(runStore.runs);
    if (size > LIMIT) return toasts.show("error", texts.runs.tooLarge(size, LIMIT), { key: "export" });
    downloadFile(await pack(runStore), `mmrec-runs-${new Date().toISOString().slice(0, 10)}.zip`);
  });

  const importFrom = (/** @type {File} */ file) => toasts.attempt("import", (error) => texts.runs.importFailed(file.name, error), async () => {
    const { unpackInto } = await importAgain(() => import("../../storage/archive-file.js"));
    const report = (/** @type {number} */ done, /** @type {number} */ total) => {
      say(texts.runs.takingIn(done, total));
      session.changed();
    };
    const { taken, known, problems } = await unpackInto(runStore, file, report).finally(() => session.changed());
    if (taken + known > 0) toasts.show("info", texts.runs.imported(taken, known), { key: "imported" });
    if (problems.length > 0) toasts.show("error", texts.runs.partly(file.name, problems.slice(0, NAMED), Math.max(0, problems.length - NAMED), taken > 0), { key: "import" });
  });

  onPress(button("runs-export"), () => void during(texts.runs.exporting, exportAll));
  onPress(button("runs-import"), () => chooser.click());
  chooser.addEventListener("change", () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file) void during(texts.runs.importing, () => importFrom(file));
  });
}
