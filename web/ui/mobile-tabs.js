/**
 * On a phone one part of the page is shown at a time, and a bar at the bottom, where the thumb is, changes between them. Which is
 * shown stands at the root; style.css does the rest, and elsewhere shows them all.
 *
 * @typedef {"setup" | "training" | "words"} Part
 */

import { writeLocal } from "../platform/local-storage.js";
import { element } from "./dom.js";

const { documentElement: page } = document;
/** The person has said which part is to be shown. */
let chosen = false;

/** Lets the bar change the part. */
export function initMobileTabs() {
  mark();
  for (const button of buttons()) {
    button.addEventListener("click", () => {
      chosen = true;
      showTab(/** @type {Part} */ (button.dataset["part"]));
    });
  }
}

/** @param {Part} part */
export function showTab(part) {
  if (page.dataset["shown"] === part) return;
  page.dataset["shown"] = part;
  mark();
  if (getComputedStyle(element("parts")).display !== "none") scrollTo({ top: 0, behavior: "instant" });
}

/** Shows a part unless the person was faster. @param {Part} part */
export function showInitialTab(part) {
  if (!chosen) showTab(part);
}

/** The next visit begins with this part: `initial-tab.js` shows it before anything is known. @param {Part} part */
export function rememberInitialTab(part) {
  writeLocal("mmrec-first-part", part);
}

const buttons = () => element("parts").querySelectorAll("button");

/** Says which part is shown to whoever cannot see it. */
function mark() {
  for (const button of buttons()) button.setAttribute("aria-current", String(button.dataset["part"] === page.dataset["shown"]));
}
