/**
 * Messages above the page: each says what happened and what to do, may offer it, and goes when it is dismissed.
 *
 * @import { Complaint } from "../platform/errors.js"
 *
 * @typedef {{ label: string, run: () => void }} Action
 *
 * @typedef {object} Options
 * @property {string | undefined} [key] a later notice with the same key takes the place of the earlier
 * @property {Action[]} [actions]
 * @property {boolean} [passing] whether it goes by itself
 * @property {() => void} [gone] it went and none of its actions was taken
 */

import { texts } from "../i18n/index.js";
import { make } from "./dom.js";

/** Something worth knowing goes by itself after this long (milliseconds); an error stays. */
const PASSING = 15_000;

export class Toasts {
  #place;
  /** @type {Map<string, { notice: HTMLElement, gone: () => void }>} */ #keyed = new Map();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
  }

  /**
   * @param {"error" | "info"} kind
   * @param {Complaint} complaint
   * @param {Options} [options]
   */
  show(kind, { what, remedy }, { key = what, actions = [], passing = kind === "info" && actions.length === 0, gone = () => {} } = {}) {
    this.dismiss(key);
    const notice = make("div", { class: `notice ${kind}` }, make("p", { text: what }));
    notice.setAttribute("role", kind === "error" ? "alert" : "status");
    if (remedy) notice.append(make("p", { class: "remedy", text: remedy }));
    if (actions.length > 0) notice.append(this.#row(key, actions));
    notice.append(this.#closer(key));
    this.#place.append(notice);
    this.#keyed.set(key, { notice, gone });
    if (passing) this.#passLater(key, notice);
  }

  /**
   * Does something; what went wrong the last time is said no longer, and what goes wrong now is.
   * @param {string} key of the action
   * @param {(error: unknown) => Complaint} explain
   * @param {() => Promise<void>} task
   */
  async attempt(key, explain, task) {
    this.dismiss(key);
    try {
      await task();
    } catch (error) {
      this.show("error", explain(error), { key });
    }
  }

  /**
   * Loads a part of the page, and says where that fails.
   * @template T
   * @param {() => Promise<T>} load
   * @returns {Promise<T | null>}
   */
  async loadPart(load) {
    try {
      return await load();
    } catch (error) {
      this.show("error", texts.notLoaded(error), { key: "part" });
      return null;
    }
  }

  /** @param {string} key */
  dismiss(key) {
    this.#take(key)?.gone();
  }

  /** @param {string} key */
  #take(key) {
    const shown = this.#keyed.get(key);
    shown?.notice.remove();
    this.#keyed.delete(key);
    return shown;
  }

  /**
   * Not while the person is at it.
   * @param {string} key
   * @param {HTMLElement} notice
   */
  #passLater(key, notice) {
    setTimeout(() => {
      if (this.#keyed.get(key)?.notice !== notice) return;
      if (notice.matches(":hover, :focus-within")) this.#passLater(key, notice);
      else this.dismiss(key);
    }, PASSING);
  }

  /**
   * @param {string} key
   * @param {Action[]} actions
   */
  #row(key, actions) {
    const row = make("div", { class: "row" });
    for (const { label, run } of actions) {
      const button = make("button", { text: label });
      button.addEventListener("click", () => {
        this.#take(key);
        run();
      });
      row.append(button);
    }
    return row;
  }

  /** @param {string} key */
  #closer(key) {
    const button = make("button", { class: "dismiss", text: "×" });
    button.setAttribute("aria-label", texts.dismiss);
    button.addEventListener("click", () => this.dismiss(key));
    return button;
  }
}
