/**
 * The question before another run takes the place of one that is kept nowhere.
 *
 * @import { Archive } from "./archive.js"
 * @import { Session } from "./session.js"
 */

import { answerOf, element, need, setText } from "./dom.js";
import { texts } from "./texts/index.js";

/** Fewer steps than this are not worth a question. */
const WORTH_ASKING = 20;

/**
 * A run that cannot be had back is not replaced without a question; one that the browser keeps can be.
 * @param {Session} session
 * @param {Archive} archive
 */
export async function mayReplace(session, archive) {
  const { run } = session;
  if (!run || (await session.unkept()) < WORTH_ASKING) return true;
  const dialog = need("replace-dialog", HTMLDialogElement);
  setText(element("replace-text"), texts.replaceQuestion(run.step, run.loss));
  const answer = await answerOf(dialog);
  if (answer === "save") await archive.saveFile();
  return answer === "save" || answer === "replace";
}
