/**
 * All runs as one file, and runs from such a file.
 *
 * @import { Context } from "./list.js"
 */

import { button, element, input, onPress, setText, setUsable } from "../dom.js";
import { offer } from "../offer.js";
import { texts } from "../texts/index.js";

/** @param {Context} context */
export function listenForFiles({ keeper, notices }) {
  const chooser = input("runs-file");
  const status = element("runs-status");
  /** What is said while it takes a while. */
  const during = async (/** @type {string} */ words, /** @type {() => Promise<void>} */ task) => {
    setText(status, words);
    await task().finally(() => setText(status, ""));
  };

  const exportAll = async () => {
    try {
      const { pack, sizeOfAll, LIMIT } = await import("./zip.js");
      const size = sizeOfAll(keeper.runs);
      if (size > LIMIT) return notices.show("error", texts.runs.tooLarge(size, LIMIT));
      offer(await pack(keeper), `mmrec-runs-${new Date().toISOString().slice(0, 10)}.zip`);
    } catch (error) {
      notices.show("error", texts.runs.exportFailed(error));
    }
  };

  const importFrom = async (/** @type {File} */ file) => {
    try {
      const { unpackInto } = await import("./zip.js");
      const { taken, known, problems } = await unpackInto(keeper, file);
      if (taken + known > 0) notices.show("info", texts.runs.imported(taken, known));
      if (problems.length > 0) notices.show("error", texts.runs.partly(file.name, problems, taken));
    } catch (error) {
      notices.show("error", texts.runs.importFailed(file.name, error));
    }
  };

  onPress(button("runs-export"), () => void during(texts.runs.exporting, exportAll));
  setUsable(button("runs-import"), true);
  onPress(button("runs-import"), () => chooser.click());
  chooser.addEventListener("change", () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file) void during(texts.runs.importing, () => importFrom(file));
  });
}
