/**
 * Names of runs that are easier to remember than numbers, two words put together by chance; and of their models.
 *
 * @import { Settings } from "./engine-types.js"
 */

import { texts } from "./texts/index.js";

/**
 * @param {Iterable<string>} taken
 * @returns {string} none of those
 */
export function newName(taken) {
  const names = new Set(taken);
  const { qualities, things } = texts.runs;
  const name = `${anyOf(qualities)} ${anyOf(things)}`;
  return unlike(name, names);
}

/**
 * @param {string} name
 * @param {Set<string>} taken
 * @returns {string} the name, with a number where it is taken
 */
export function unlike(name, taken) {
  let free = name;
  for (let number = 2; taken.has(free); number++) free = `${name} ${number}`;
  return free;
}

/** What kind of model it is: its size, and whether it is a GPT. @param {Pick<Settings, "stage" | "gpt">} settings */
export const modelOf = ({ stage, gpt }) => [stage, gpt ? "GPT" : null].filter(Boolean).join(" ");

/** @param {string[]} words */
const anyOf = (words) => /** @type {string} */ (words[Math.floor(Math.random() * words.length)]);
