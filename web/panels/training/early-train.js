/** A press of “Train” before there is an engine: it waits at the root, where note-early-train.js put it, until it is carried out or taken back. */

import { button } from "../../ui/dom.js";

const WANTED = "data-train-wanted";
const { documentElement: page } = document;

export const earlyTrain = {
  get wanted() {
    return page.hasAttribute(WANTED);
  },

  /** @returns {boolean} whether it was wanted, which it is no longer */
  take() {
    const wanted = page.hasAttribute(WANTED);
    page.removeAttribute(WANTED);
    button("train").removeAttribute("aria-pressed");
    return wanted;
  },
};
