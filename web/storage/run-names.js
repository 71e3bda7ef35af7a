/**
 * Names of runs that are easier to remember than numbers, two words put together by chance; and of their models.
 *
 * @import { Settings } from "../engine/engine-types.js"
 */

import { texts } from "../i18n/index.js";

/**
 * @param {(name: string) => boolean} taken
 * @returns {string} none of those
 */
export function newName(taken) {
  const { qualities, things } = texts.runs;
  return unlike(`${anyOf(qualities)} ${anyOf(things)}`, taken);
}

/**
 * @param {string} name
 * @param {(name: string) => boolean} taken
 * @returns {string} the name, with a number where it is taken
 */
export function unlike(name, taken) {
  const numbered = (/** @type {number} */ number) => (number === 1 ? name : `${name} ${number}`);
  // Of thousands of one name each would look at all before it, were the numbers tried one by one.
  let [high, low] = [1, 0];
  while (taken(numbered(high))) [high, low] = [2 * high, high];
  while (high - low > 1) {
    const middle = (high + low) >> 1;
    if (taken(numbered(middle))) low = middle;
    else high = middle;
  }
  return numbered(high);
}

/** What kind of model it is: its size, and whether it is a GPT. @param {Pick<Settings, "stage" | "gpt">} settings */
export const modelOf = ({ stage, gpt }) => [stage, gpt ? "GPT" : null].filter(Boolean).join(" ");

/** @param {string[]} words */
const anyOf = (words) => /** @type {string} */ (words[Math.floor(Math.random() * words.length)]);
