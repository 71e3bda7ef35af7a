/**
 * What the views of “Look inside” are made of.
 *
 * @import { Reading, ReadToken } from "../../engine/engine-types.js"
 *
 * A view: its elements, and what brings them up to date.
 * @typedef {{ root: HTMLElement, render(): void }} View
 *
 * What a view says of itself, and its equation with the name that the model's definition has for it.
 * @typedef {{ heading: string, about: string, name: string, equation: string }} Words
 */

import * as format from "../../i18n/format.js";
import { inspect, texts } from "../../i18n/index.js";
import { make } from "../../ui/dom.js";

/**
 * A view's heading, explanation and equation, before its content.
 * @param {Words} words
 * @param {Node[]} content
 */
export function section({ heading, about, name, equation }, ...content) {
  const more = make("details", { class: "equation" }, make("summary", { text: `${inspect.equation}: ${name}` }), make("p", { class: "math", text: equation }));
  return make("section", { class: "view" }, make("h3", { text: heading }), make("p", { class: "hint", text: about }), more, ...content);
}

/** @param {string} heading @param {string} about @param {Node[]} content */
export const part = (heading, about, ...content) =>
  make("div", { class: "part" }, make("h4", { text: heading }), ...(about ? [make("p", { class: "hint", text: about })] : []), ...content);

/** A bar for the eye; the number beside it is for everybody. @param {number} share 0 to 1 @param {string} [kind] */
export function bar(share, kind = "") {
  const filled = make("span");
  filled.style.width = `${100 * Math.min(1, Math.max(0, share))}%`;
  const whole = make("span", { class: `meter ${kind}` }, filled);
  whole.setAttribute("aria-hidden", "true");
  return whole;
}

/**
 * @param {string[]} columns
 * @param {(string | Node)[][]} rows whose first cell heads the row
 */
export function table(columns, rows) {
  const head = columns.map((text) => {
    const cell = make("th", { text });
    cell.scope = "col";
    return cell;
  });
  const body = rows.map(([first = "", ...cells]) => {
    const heading = make("th", {}, first);
    heading.scope = "row";
    return make("tr", {}, heading, ...cells.map((cell) => make("td", {}, cell)));
  });
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}

/** To a tenth of a per cent, so that what is listed adds up. @param {number} share */
export const tenths = (share) => texts.units.percent(format.fixed(Math.round(share * 1000) / 10 || 0, 1));

/** A token's name. @param {{ label: string }} token */
export const nameOf = ({ label }) => inspect.quoted(inspect.names[label] ?? label);

/** What stands for a token in the text: something, also where it is a line's end or only the beginning of a character. @param {ReadToken} token */
export const visible = ({ text }) => (text === "" ? "·" : text.replace(/\r?\n/g, "⏎\n"));

/** The part of the strongest below which a weight is not told apart. */
const FAINT = 0.05;

/** The text for the eye, token by token, to be shaded; what it shows is also said in words beside it. */
export class Passage {
  root;
  #spans;

  /** @param {Reading} reading */
  constructor({ tokens }) {
    this.#spans = tokens.map((token) => make("span", { text: visible(token) }));
    this.root = make("div", { class: "passage" }, ...this.#spans);
    this.root.setAttribute("aria-hidden", "true");
    this.root.translate = false;
  }

  /**
   * @param {number} chosen
   * @param {(number | undefined)[]} weights of the tokens; the strongest gets the full colour
   */
  shade(chosen, weights) {
    const most = Math.max(...weights.map((weight) => Math.abs(weight ?? 0)), Number.MIN_VALUE);
    this.#spans.forEach((span, token) => {
      const weight = weights[token] ?? 0;
      span.style.setProperty("--shade", String(Math.abs(weight) / most));
      span.className = weight < -FAINT * most ? "against" : "";
      span.classList.toggle("chosen", token === chosen);
      span.classList.toggle("after", token > chosen);
    });
  }

  /** @param {{ from: number, to: number } | null} passage */
  mark(passage) {
    this.#spans.forEach((span, token) => span.classList.toggle("marked", passage !== null && token >= passage.from && token < passage.to));
  }
}
