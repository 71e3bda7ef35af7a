/**
 * On a phone one part of the page is shown at a time, and a bar at the bottom, where the thumb is, changes between them. Which is
 * shown stands at the body; style.css does the rest, and elsewhere shows them all.
 *
 * @typedef {"setup" | "training" | "words"} Part
 */

import { element } from "./dom.js";

/** Lets the bar change the part. */
export function offerParts() {
  for (const button of element("parts").querySelectorAll("button")) {
    button.addEventListener("click", () => showPart(/** @type {Part} */ (button.dataset["part"])));
  }
}

/** @param {Part} part */
export function showPart(part) {
  if (document.body.dataset["shown"] === part) return;
  document.body.dataset["shown"] = part;
  for (const button of element("parts").querySelectorAll("button")) {
    button.setAttribute("aria-current", String(button.dataset["part"] === part));
  }
  if (getComputedStyle(element("parts")).display !== "none") scrollTo({ top: 0, behavior: "instant" });
}
