/**
 * All words of the page, in one folder per language, of which only the chosen one is loaded. Another language: a folder with files of
 * the shapes of those in `en/`, a line in each table below, one in `initial-language.js`, and an option of the choice in index.html.
 * What “Look inside” and “Share” say lies in files of their own, loaded with them.
 *
 * @import { InspectTexts } from "./en/inspect.js"
 * @import { Texts } from "./en/page.js"
 * @import { ShareTexts } from "./en/share.js"
 *
 * @typedef {keyof typeof files} Language
 */

const files = {
  en: async () => (await import("./en/page.js")).en,
  tr: async () => (await import("./tr/page.js")).tr,
};

const inspectFiles = {
  en: async () => (await import("./en/inspect.js")).inspect,
  tr: async () => (await import("./tr/inspect.js")).inspect,
};

const shareFiles = {
  en: async () => (await import("./en/share.js")).share,
  tr: async () => (await import("./tr/share.js")).share,
};

/** @type {Language} */
let spoken;

/** What is spoken now. Not to be kept: it changes when the person chooses another language. @type {Texts} */
export let texts;

/** The same for “Look inside”, from `loadInspectTexts` on. @type {InspectTexts} */
export let inspect;

/** The same for “Share”, from `loadShareTexts` on. @type {ShareTexts} */
export let share;

/** From now on the page writes in this language. @param {Language} language */
export async function setLanguage(language) {
  const [words, more, shared] = await Promise.all([files[language](), inspect && inspectFiles[language](), share && shareFiles[language]()]);
  spoken = language;
  texts = words;
  inspect = more;
  share = shared;
}

/** “Look inside” has been asked for. */
export async function loadInspectTexts() {
  const language = spoken;
  const words = await inspectFiles[language]();
  if (language !== spoken) return loadInspectTexts();
  inspect = words;
}

/** “Share” has been asked for. */
export async function loadShareTexts() {
  const language = spoken;
  const words = await shareFiles[language]();
  if (language !== spoken) return loadShareTexts();
  share = words;
}
