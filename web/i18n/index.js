/**
 * All words of the page: a folder per language, in it a file per namespace, of which only what is used is loaded. Another language is
 * a folder with files of the shapes of those in `en/`, its name in `initial-language.js`, and an option of the choice in index.html.
 *
 * @import { InspectTexts } from "./en/inspect.js"
 * @import { Texts } from "./en/page.js"
 * @import { ShareTexts } from "./en/share.js"
 *
 * The namespaces: what every visit needs, and what comes with the panel that says it. A file exports its words by that name.
 * @typedef {{ page: Texts, inspect: InspectTexts, share: ShareTexts }} Words
 * @typedef {string} Language the name of its folder
 */

import { importAgain } from "../platform/import-again.js";
import { setConventions } from "./format.js";

/** The words in use. Not to be kept: they change when the person chooses another language. @type {Texts} */
export let texts;
/** Those of “Look inside”, once they are loaded. @type {InspectTexts} */
export let inspect;
/** Those of “Share”, once they are loaded. @type {ShareTexts} */
export let share;

/** @type {Language} */
let chosen;
/** The namespaces in use. @type {Set<keyof Words>} */
const used = new Set(["page"]);

/** From now on the page writes in this language. @param {Language} language */
export async function setLanguage(language) {
  const words = await Promise.all([...used].map((namespace) => load(language, namespace)));
  chosen = language;
  for (const some of words) use(some);
}

/** Loads what a panel says, which then follows the language as well. @param {keyof Words} namespace */
export async function loadTexts(namespace) {
  const language = chosen;
  const words = await load(language, namespace);
  if (language !== chosen) return loadTexts(namespace);
  used.add(namespace);
  use(words);
}

/** @param {Language} language @param {keyof Words} namespace @returns {Promise<Partial<Words>>} */
const load = (language, namespace) => importAgain(() => import(`./${language}/${namespace}.js`));

/** @param {Partial<Words>} words */
function use(words) {
  if (words.page) setConventions((texts = words.page));
  inspect = words.inspect ?? inspect;
  share = words.share ?? share;
}
