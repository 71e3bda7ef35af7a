/**
 * Which text is looked at unless the person chooses one.
 *
 * @import { Session } from "../../state/session.js"
 */

import { element, need } from "../../ui/dom.js";

/** Bytes of a text that is offered: below what the engine takes, whatever the tokenizer, and enough for several levels of memory. */
const MAX_BYTES = 400;

/** Whether the model has written something. */
export const hasWritten = () => element("written").querySelector(".given") !== null;

/** The beginning of what it wrote last, its prompt included. */
export const writtenText = () => beginning(element("written").textContent ?? "");

/** Whether the text that the model learns from is here, and with it what is kept for validation. @param {Session} session */
export const hasValidation = ({ resumable, draft }) => resumable && (draft.info?.val_tokens ?? 0) > 0;

/** The beginning of the validation text. @param {Session} session */
export async function validationText({ draft, engine }) {
  const { train_bytes: from } = /** @type {NonNullable<typeof draft.info>} */ (draft.info);
  const whole = await engine.ask({ type: "text" });
  return beginning(await whole.slice(from, from + 2 * MAX_BYTES).text());
}

/** What is looked at first. @param {Session} session */
export async function firstText(session) {
  if (hasWritten()) return writtenText();
  return hasValidation(session) ? validationText(session) : beginning(need("prompt", HTMLTextAreaElement).value);
}

/** @param {string} text */
function beginning(text) {
  const bytes = new TextEncoder().encode(text.slice(0, MAX_BYTES)).subarray(0, MAX_BYTES);
  // As a stream: a character that is cut at the end is waited for, and left out.
  return new TextDecoder().decode(bytes, { stream: true });
}
