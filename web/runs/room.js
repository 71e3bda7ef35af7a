/**
 * Making room: the person chooses runs whose states, or which altogether, are no longer wanted.
 *
 * @import { Manifest } from "../manifest.js"
 * @import { Context } from "./list.js"
 */

import { answerOf, element, make, need } from "../dom.js";
import * as format from "../format.js";
import { texts } from "../texts/index.js";
import { sizeOf } from "./sizes.js";

/** @param {Context} context */
export async function askForRoom({ session, keeper, notices, trash }) {
  const here = session.run?.id;
  // The run on the page goes on writing states.
  const runs = keeper.runs.filter(({ id }) => id !== here || !session.active);
  const boxes = runs.map(box);
  element("room-list").replaceChildren(...boxes.map(({ item }) => item));
  const answer = await answerOf(need("room-dialog", HTMLDialogElement));
  const chosen = runs.filter((_, at) => boxes[at]?.input.checked);
  if (answer === "cancel" || chosen.length === 0) return;
  const ids = chosen.map(({ id }) => id);
  try {
    if (answer === "delete") return await trash.remove(ids);
    const freed = chosen.reduce((sum, run) => sum + sizeOf(run), 0);
    await keeper.dropStates(ids);
    notices.show("info", texts.runs.roomMade(freed));
  } catch (error) {
    notices.show("error", texts.runs.failed(error));
  }
}

/** Ended runs are the first of which the states can go. @param {Manifest} run */
function box(run) {
  const input = make("input");
  input.type = "checkbox";
  input.checked = run.phase === "ended" && run.states.length > 0;
  const facts = [format.bytes(sizeOf(run)), run.phase === "ended" ? texts.phases.ended : texts.phases.paused].join(" · ");
  return { input, item: make("li", {}, make("label", {}, input, make("span", { text: run.name }), make("small", { text: facts }))) };
}
