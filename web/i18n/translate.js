/**
 * The language of the page's markup, and the choice of another. index.html is in English; `data-text` names the text of an element
 * (its first words of its own), `data-text-…` that of an attribute, as keys of `texts.markup`.
 *
 * @import { Texts } from "./en/page.js"
 * @import { Language } from "./index.js"
 */

import { writeLocal } from "../platform/local-storage.js";
import { need, serial } from "../ui/dom.js";
import { setLanguage, texts } from "./index.js";

/** Attributes that hold words. */
const ATTRIBUTES = ["aria-label", "content", "placeholder", "title"];

/** Speaks the language that `initial-language.js` has chosen. */
export async function initLanguage() {
  const { documentElement: page } = document;
  try {
    await setLanguage(/** @type {Language} */ (page.lang));
    if (page.lang !== "en") translate();
  } catch {
    page.lang = "en";
    await setLanguage("en");
  }
  delete page.dataset["translating"];
}

/**
 * Lets the person choose another language.
 * @param {() => void} changed everything that scripts have written is to be written again
 * @param {(error: unknown) => void} failed
 */
export function offerLanguageChoice(changed, failed) {
  const choice = need("language", HTMLSelectElement);
  const turn = serial();
  choice.value = document.documentElement.lang;
  choice.addEventListener("change", () => {
    const language = /** @type {Language} */ (choice.value);
    const change = async () => {
      const before = texts;
      await setLanguage(language);
      translate(before);
      document.documentElement.lang = language;
      writeLocal("mmrec-language", language);
      changed();
    };
    turn(change).catch((error) => {
      choice.value = document.documentElement.lang;
      failed(error);
    });
  });
}

/**
 * Puts the words of the present language into the markup.
 * @param {Texts} [before] the language it is in; what a script has written meanwhile is left to that script
 */
function translate(before) {
  for (const element of document.querySelectorAll("[data-text]")) {
    const words = [...element.childNodes].find((node) => node instanceof Text && node.data.trim() !== "");
    if (!(words instanceof Text)) continue;
    const shown = words.data.trim();
    const next = replacement(element.getAttribute("data-text"), shown, before);
    if (next !== null) words.data = words.data.replace(shown, () => next);
  }
  for (const attribute of ATTRIBUTES) {
    for (const element of document.querySelectorAll(`[data-text-${attribute}]`)) {
      const next = replacement(element.getAttribute(`data-text-${attribute}`), element.getAttribute(attribute), before);
      if (next !== null) element.setAttribute(attribute, next);
    }
  }
}

/**
 * @param {string | null} name
 * @param {string | null} shown
 * @param {Texts} [before]
 * @returns {string | null} null where the words are not those of the markup any more
 */
function replacement(name, shown, before) {
  const key = /** @type {keyof Texts["markup"]} */ (name);
  return !before || before.markup[key] === shown ? texts.markup[key] : null;
}
