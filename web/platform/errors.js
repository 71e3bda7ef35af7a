/**
 * What an error says, and what the page says of it: what happened, where, and what to do.
 *
 * @typedef {{ what: string, remedy: string }} Complaint
 */

/** The words of an error. Advice for the command line, in brackets, means nothing here. @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error)).replace(/ \(--[a-z-]+\)/g, "").replace(/\s+/g, " ").trim();

/** The words of an error as a sentence. @param {unknown} error */
export function sentenceOf(error) {
  const text = messageOf(error);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** Those words inside a sentence. @param {unknown} error */
export const clauseOf = (error) => messageOf(error).replace(/\.$/, "");

/** Whether something could not be written for want of room. @param {unknown} error */
export const isFull = (error) => error instanceof DOMException && error.name === "QuotaExceededError";

/** Whether a text was refused only for what can be replaced. @param {unknown} error */
export const canBeReplaced = (error) => /accept replacement characters/i.test(messageOf(error));
