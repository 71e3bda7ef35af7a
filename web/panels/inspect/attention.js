/**
 * How the attention of the chosen token spreads over the tokens near it and over the slots of each memory level.
 *
 * @import { Attention, Place, Reading } from "../../engine/engine-types.js"
 * @import { InspectClient, Sight } from "./client.js"
 * @import { View } from "./parts.js"
 */

import * as format from "../../i18n/format.js";
import { inspect } from "../../i18n/index.js";
import { make, setText } from "../../ui/dom.js";
import { bar, part, Passage, section, tenths } from "./parts.js";

/** A slot's passage is named by its beginning. */
const NAMED = 24;

/**
 * @param {InspectClient} client
 * @param {Reading} reading
 * @returns {View}
 */
export function createAttention(client, reading) {
  const words = reading.levels > 0 ? inspect.attention : { ...inspect.attention, ...inspect.attentionOnly };
  const levels = make("ul", { class: "bars" });
  const passage = new Passage(reading);
  const slots = make("div", { class: "slots" });
  const lengths = make("p", { class: "hint" });
  /** The slot that was pressed, if any. @type {Place | null} */
  let held = null;
  let drawn = "";

  /** @param {Sight} sight */
  const draw = ({ look: { attention, recall }, token }) => {
    const { head } = client;
    const weights = head === null ? attention.weights : (attention.heads[head]?.weights ?? []);
    levels.replaceChildren(...levelsOf(reading, attention, weights));
    /** @type {number[]} */
    const near = [];
    attention.places.forEach(({ level, from }, at) => level === 0 && (near[from] = weights[at] ?? 0));
    passage.shade(token, Array.from(near));
    held = null;
    passage.mark(null);
    slots.replaceChildren(...slotsOf(attention, weights));
    const length = (/** @type {{ length: number }[]} */ heads) =>
      format.fixed(head === null ? Math.hypot(...heads.map((one) => one.length)) : (heads[head]?.length ?? 0), 2);
    setText(lengths, recall ? words.lengths(length(recall.heads), length(attention.heads)) : "");
  };

  /**
   * @param {Attention} attention
   * @param {number[]} weights
   */
  const slotsOf = ({ places }, weights) => {
    const rows = places.flatMap((place, at) => (place.level > 0 ? [make("li", {}, slot(place, weights[at] ?? 0))] : []));
    if (rows.length === 0) return [make("p", { class: "hint", text: words.noSlots })];
    return [make("p", { class: "hint", text: words.slotsAbout }), make("ul", {}, ...rows)];
  };

  /**
   * @param {Place} place
   * @param {number} weight
   */
  const slot = (place, weight) => {
    const { level, from, to } = place;
    const text = reading.tokens.slice(from, to).map((token) => token.text).join("");
    const excerpt = make("q", { text: text.length > NAMED ? `${text.slice(0, NAMED)}…` : text });
    excerpt.translate = false;
    const label = make("span", { text: `${words.level(level)}, ${inspect.passage(from + 1, to)}: ` }, excerpt);
    const made = make("button", { class: "slot" }, label, bar(weight), make("span", { text: tenths(weight) }));
    made.setAttribute("aria-pressed", "false");
    for (const event of ["pointerenter", "focus"]) made.addEventListener(event, () => passage.mark(place));
    for (const event of ["pointerleave", "blur"]) made.addEventListener(event, () => passage.mark(held));
    made.addEventListener("click", () => {
      held = held === place ? null : place;
      for (const other of slots.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === made && held === place));
      passage.mark(held);
    });
    return made;
  };

  // Without a memory there are the tokens of the window, and nothing else.
  const beside = reading.levels > 0 ? [part(words.levels, "", levels, lengths)] : [];
  const below = reading.levels > 0 ? [part(words.slots, "", slots)] : [];
  return {
    root: section(words, make("div", { class: "beside" }, part(words.shaded, "", passage.root), ...beside), ...below),
    render() {
      const { sight, head } = client;
      const next = sight ? `${sight.layer} ${sight.token} ${head}` : "";
      if (sight && next !== drawn) draw(sight);
      drawn = next;
    },
  };
}

/**
 * @param {Reading} reading
 * @param {Attention} attention
 * @param {number[]} weights
 */
function levelsOf({ levels }, { places }, weights) {
  const { ownLevel, level: named, unreached } = inspect.attention;
  return Array.from({ length: levels + 1 }, (_, level) => {
    const seen = weights.filter((_weight, at) => places[at]?.level === level);
    const weight = seen.reduce((sum, one) => sum + one, 0);
    const value = seen.length > 0 ? tenths(weight) : unreached;
    return make("li", {}, make("span", { text: level === 0 ? ownLevel : named(level) }), bar(weight), make("span", { text: value }));
  });
}
