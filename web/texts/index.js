/**
 * All words of the page, in one file per language, of which only the chosen one is loaded. Another language: a file of the shape of
 * `en.js`, a line below, one in `language.js`, and an option of the choice in index.html.
 *
 * @import { Texts } from "./en.js"
 *
 * @typedef {keyof typeof files} Language
 */

const files = {
  en: async () => (await import("./en.js")).en,
  tr: async () => (await import("./tr.js")).tr,
};

/** What is spoken now. Not to be kept: it changes when the person chooses another language. @type {Texts} */
export let texts;

/** From now on the page writes in this language. @param {Language} language */
export async function speak(language) {
  texts = await files[language]();
}
