/**
 * Making room: the person chooses runs whose states, or which altogether, are no longer wanted.
 *
 * @import { Context } from "./list.js"
 */

import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { answerOf, element, make, need } from "../../ui/dom.js";
import { sizeOf } from "../../storage/manifest.js";

/** @param {Context} context */
export async function askToFreeSpace({ session, runStore, toasts, trash }) {
  const here = session.run?.id;
  // The run on the page goes on writing states.
  const runs = runStore.runs.filter(({ id }) => id !== here || !session.active);
  const boxes = runs.map((run) => box(run.name, [format.bytes(sizeOf(run)), run.phase === "ended" ? texts.phases.ended : texts.phases.paused].join(" · ")));
  const all = box(texts.runs.allEnded, "");
  all.input.addEventListener("change", () => {
    runs.forEach((run, at) => {
      const other = boxes[at]?.input;
      if (other && run.phase === "ended" && run.id !== here) other.checked = all.input.checked;
    });
  });
  element("room-list").replaceChildren(all.item, ...boxes.map(({ item }) => item));
  const answer = await answerOf(need("room-dialog", HTMLDialogElement));
  const chosen = runs.filter((_, at) => boxes[at]?.input.checked);
  if (answer === "cancel" || chosen.length === 0) return;
  const ids = chosen.map(({ id }) => id);
  await toasts.attempt("runs", texts.runs.failed, async () => {
    if (answer === "delete") return trash.remove(ids);
    const freed = chosen.reduce((sum, run) => sum + sizeOf(run), 0);
    await runStore.dropStates(ids);
    toasts.show("info", texts.runs.roomMade(freed));
  });
}

/** @param {string} name @param {string} facts */
function box(name, facts) {
  const input = make("input");
  input.type = "checkbox";
  return { input, item: make("li", {}, make("label", {}, input, make("span", { text: name }), make("small", { text: facts }))) };
}
