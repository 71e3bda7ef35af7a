/**
 * Single keys for what is done again and again, and the list of them. They leave alone who types, holds another key down or answers
 * a dialog; who is understood letter by letter (by speech, say) can switch them off.
 */

import { readLocal, writeLocal } from "../platform/local-storage.js";
import { button, element, input, need, usable } from "./dom.js";
import { showTab } from "./mobile-tabs.js";

/** The button that a key presses. */
const KEYS = /** @type {Record<string, string>} */ ({ t: "train", p: "pause", s: "step", g: "generate", "?": "shortcuts" });
const MEMORY = "mmrec-shortcuts";
/** Where keys have a meaning of their own. */
const OWN = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable], dialog, [popover]";

export function offerShortcuts() {
  const dialog = need("shortcuts-dialog", HTMLDialogElement);
  const choice = input("shortcuts-on");
  choice.checked = readLocal(MEMORY) !== "off";
  tellOf(choice.checked);
  button("shortcuts").addEventListener("click", () => dialog.showModal());
  choice.addEventListener("change", () => {
    writeLocal(MEMORY, choice.checked ? "on" : "off");
    tellOf(choice.checked);
  });
  document.addEventListener("keydown", (event) => {
    if (!choice.checked || busy(event)) return;
    const id = KEYS[event.key.toLowerCase()];
    if (!id) return;
    event.preventDefault();
    pressFor(button(id));
  });
}

/** @param {KeyboardEvent} event */
function busy({ target, ctrlKey, altKey, metaKey, repeat, isComposing, defaultPrevented }) {
  if (ctrlKey || altKey || metaKey || repeat || isComposing || defaultPrevented) return true;
  return document.querySelector("dialog[open]") !== null || (target instanceof Element && target.closest(OWN) !== null);
}

/** @param {HTMLButtonElement} target */
function pressFor(target) {
  // On a small screen it may be on another part of the page, and what it writes far below.
  if (target.id === "generate" && usable(target)) {
    showTab("words");
    element("written").scrollIntoView({ block: "nearest" });
  }
  target.click();
}

/** Screen readers name the keys with the buttons. @param {boolean} on */
function tellOf(on) {
  for (const [key, id] of Object.entries(KEYS)) {
    if (on) button(id).setAttribute("aria-keyshortcuts", key.toUpperCase());
    else button(id).removeAttribute("aria-keyshortcuts");
  }
}
