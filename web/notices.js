/**
 * Messages above the page: each says what happened and what to do, may offer it, and goes when it is dismissed.
 *
 * @import { Complaint } from "./errors.js"
 *
 * @typedef {{ label: string, run: () => void }} Action
 */

import { make } from "./dom.js";
import { texts } from "./texts/index.js";

/** Something worth knowing goes by itself after this long (milliseconds); an error stays. */
const PASSING = 15_000;

export class Notices {
  #place;
  /** @type {Map<string, HTMLElement>} */ #keyed = new Map();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /**
   * @param {"error" | "info"} kind
   * @param {Complaint} complaint
   * @param {{ key?: string | undefined, actions?: Action[] }} [options] a later notice with the same key takes the place of the earlier
   */
  show(kind, { what, remedy }, { key = what, actions = [] } = {}) {
    this.dismiss(key);
    const notice = make("div", { class: `notice ${kind}` }, make("p", { text: what }));
    notice.setAttribute("role", kind === "error" ? "alert" : "status");
    if (remedy) notice.append(make("p", { class: "remedy", text: remedy }));
    if (actions.length > 0) notice.append(this.#row(key, actions));
    notice.append(this.#closer(key));
    this.#place.append(notice);
    this.#keyed.set(key, notice);
    if (kind === "info" && actions.length === 0) setTimeout(() => this.#keyed.get(key) === notice && this.dismiss(key), PASSING);
  }

  /** @param {string} key */
  dismiss(key) {
    this.#keyed.get(key)?.remove();
    this.#keyed.delete(key);
  }

  /**
   * @param {string} key
   * @param {Action[]} actions
   */
  #row(key, actions) {
    const row = make("div", { class: "row" });
    for (const { label, run } of actions) {
      const button = make("button", { text: label });
      button.type = "button";
      button.addEventListener("click", () => {
        this.dismiss(key);
        run();
      });
      row.append(button);
    }
    return row;
  }

  /** @param {string} key */
  #closer(key) {
    const button = make("button", { class: "dismiss", text: "×" });
    button.type = "button";
    button.setAttribute("aria-label", texts.dismiss);
    button.addEventListener("click", () => this.dismiss(key));
    return button;
  }
}
