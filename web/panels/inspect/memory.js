/**
 * The recurrent memory: how long its heads remember, their gates, what it gives back at the chosen token, and what that token writes.
 *
 * @import { Decay, Reading, Write } from "../../engine/engine-types.js"
 * @import { InspectClient, Sight } from "./client.js"
 * @import { View } from "./parts.js"
 */

import * as format from "../../i18n/format.js";
import { inspect } from "../../i18n/index.js";
import { make, setText } from "../../ui/dom.js";
import { bar, nameOf, part, Passage, section, table, tenths } from "./parts.js";

/** The right end of the bars, in tokens: powers of ten, from one on. */
const POWERS = 5;
/** How many of the largest shares are listed. */
const LISTED = 6;

/**
 * @param {InspectClient} client
 * @param {Reading} reading
 * @returns {View}
 */
export function createMemory(client, reading) {
  const words = inspect.memory;
  const decays = reading.decays.map((heads, layer) => layerDecays(heads, layer));
  const [write, keep] = [new Line(words.write), new Line(words.keep)];
  const passage = new Passage(reading);
  const shares = make("div");
  const written = make("div", { class: "wide-table" });
  let drawn = "";

  /** @param {Sight} sight */
  const draw = ({ gates, look: { recall }, token, layer }) => {
    if (!gates || !recall) return;
    decays.forEach((figure, at) => figure.classList.toggle("current", at === layer));
    write.draw(ofHead(gates.write, client.head), token, 3);
    keep.draw(ofHead(gates.keep, client.head), token, 4);
    const given = client.head === null ? recall.shares : (recall.heads[client.head]?.shares ?? []);
    passage.shade(token, given);
    shares.replaceChildren(...sharesOf(reading, given));
    written.replaceChildren(writtenOf(recall.heads.map((head) => head.written)));
  };
  return {
    root: section(
      words,
      part(words.decays, "", make("div", { class: "decays" }, ...decays), make("p", { class: "hint", text: words.scale(10 ** POWERS) })),
      part(words.gates, words.gatesAbout, write.root, keep.root),
      part(words.recall, words.recallAbout, make("div", { class: "beside" }, passage.root, shares)),
      part(words.written, "", written),
    ),
    render() {
      const { sight, head } = client;
      const next = sight ? `${sight.layer} ${sight.token} ${head}` : "";
      if (sight && next !== drawn) draw(sight);
      drawn = next;
    },
  };
}

/**
 * How long each head of a layer remembers.
 * @param {Decay[]} heads
 * @param {number} layer
 */
function layerDecays(heads, layer) {
  const rows = heads.map(({ mean, shortest, longest }, head) => {
    const text = inspect.memory.decay(inspect.tokens(mean), format.count(shortest), format.count(Math.min(longest, 1e6)));
    return make("li", {}, make("span", { text: inspect.headOf(head + 1) }), span(shortest, mean, longest), make("span", { text }));
  });
  return make("div", { class: "layer" }, make("h5", { text: inspect.layerOf(layer + 1) }), make("ul", { class: "bars" }, ...rows));
}

/**
 * A bar up to `mean`, and a whisker, on a logarithmic scale.
 * @param {number} shortest
 * @param {number} mean
 * @param {number} longest
 */
function span(shortest, mean, longest) {
  const place = (/** @type {number} */ tokens) => Math.min(1, Math.max(0, Math.log10(Math.max(1, tokens)) / POWERS));
  const whole = bar(place(mean), "logarithmic");
  const whisker = make("i");
  whisker.style.left = `${100 * place(shortest)}%`;
  whisker.style.width = `${100 * (place(longest) - place(shortest))}%`;
  whole.append(whisker);
  return whole;
}

/**
 * The values of one head by token, or the mean of all.
 * @param {number[][]} heads
 * @param {number | null} head
 */
function ofHead(heads, head) {
  if (head !== null) return heads[head] ?? [];
  return (heads[0] ?? []).map((_value, token) => heads.reduce((sum, values) => sum + (values[token] ?? 0), 0) / heads.length);
}

/** A gate over the text's tokens. */
class Line {
  root;
  #name;
  #label = make("p", { class: "hint" });
  #path = drawing("polyline");
  #mark = drawing("line");

  /** @param {string} name */
  constructor(name) {
    this.#name = name;
    const picture = drawing("svg");
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("aria-hidden", "true");
    picture.append(this.#mark, this.#path);
    this.root = make("div", { class: "line" }, this.#label, picture);
  }

  /**
   * @param {number[]} values
   * @param {number} chosen
   * @param {3 | 4} digits
   */
  draw(values, chosen, digits) {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const end = Math.max(1, values.length - 1);
    this.#path.parentElement?.setAttribute("viewBox", `0 0 ${end} 1`);
    this.#path.setAttribute("points", values.map((value, at) => `${at},${high > low ? 0.95 - (0.9 * (value - low)) / (high - low) : 0.5}`).join(" "));
    for (const [name, value] of Object.entries({ x1: chosen, x2: chosen, y1: 0, y2: 1 })) this.#mark.setAttribute(name, String(value));
    const write = (/** @type {number} */ value) => format.fixed(value, digits);
    setText(this.#label, inspect.memory.line(this.#name, write(low), write(high), write(values[chosen] ?? 0)));
  }
}

/** @param {string} tag */
const drawing = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);

/**
 * The largest shares, what the others come to, and what all come to.
 * @param {Reading} reading
 * @param {number[]} shares
 */
function sharesOf({ tokens }, shares) {
  const words = inspect.memory;
  const sum = total(shares);
  if (shares.every((share) => share === 0)) return [make("p", { class: "hint", text: words.nothing })];
  const largest = shares.map((share, at) => ({ share, at })).sort((one, other) => Math.abs(other.share) - Math.abs(one.share)).slice(0, LISTED);
  const items = largest.map(({ share, at }) => item(`${nameOf(tokens[at] ?? { label: "" })} ${inspect.at(at + 1)}`, share));
  const rest = sum - total(largest.map(({ share }) => share));
  if (shares.length > largest.length) items.push(item(words.others, rest));
  return [make("h4", { text: words.shares }), make("ul", { class: "bars shares" }, ...items), make("p", { class: "hint", text: words.total(format.percent(Math.round(sum * 1000) / 1000)) })];
}

/** @param {string} name @param {number} share */
const item = (name, share) => make("li", {}, make("span", { text: name }), bar(Math.abs(share), share < 0 ? "against" : ""), make("span", { text: tenths(share) }));

/** @param {number[]} values */
const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** @param {Write[]} heads */
function writtenOf(heads) {
  const { columns, beyond } = inspect.memory;
  const rows = heads.map(({ gate, length, lasts, left }, head) => [
    inspect.headOf(head + 1),
    format.fixed(gate, 3),
    format.fixed(length, 3),
    lasts === null ? beyond : inspect.tokens(lasts),
    tenths(left),
  ]);
  return table(columns, rows);
}
