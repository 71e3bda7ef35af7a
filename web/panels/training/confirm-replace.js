/**
 * The question before another run takes the place of one that is kept nowhere.
 *
 * @import { Session } from "../../state/session.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 */

import { texts } from "../../i18n/index.js";
import { answerOf, element, need, setText } from "../../ui/dom.js";

/** Fewer steps than this are not worth a question. */
const WORTH_ASKING = 20;

/**
 * A run that cannot be had back is not replaced without a question; one that the browser keeps can be.
 * @param {Session} session
 * @param {RunLoader} runLoader
 */
export async function confirmReplace(session, runLoader) {
  const { run } = session;
  if (!run || (await session.unsavedAfterFlush()) < WORTH_ASKING) return true;
  const dialog = need("replace-dialog", HTMLDialogElement);
  setText(element("replace-text"), texts.replaceQuestion(run.step, run.loss));
  const answer = await answerOf(dialog);
  if (answer === "save") await runLoader.saveFile();
  return answer === "save" || answer === "replace";
}
