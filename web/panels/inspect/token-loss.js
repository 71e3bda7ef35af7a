/**
 * How well each token was predicted: the text as a heat map, one token of which is chosen; what else might have come; a table.
 *
 * @import { Prediction, Reading } from "../../engine/engine-types.js"
 * @import { InspectClient } from "./client.js"
 * @import { View } from "./parts.js"
 */

import * as format from "../../i18n/format.js";
import { inspect } from "../../i18n/index.js";
import { make } from "../../ui/dom.js";
import { bar, nameOf, section, table, visible } from "./parts.js";

/** Where one band of surprise ends and the next begins, in nats. */
const BANDS = [0.5, 1.5, 3, 5];

/** @param {number} surprise */
const bandOf = (surprise) => BANDS.filter((end) => surprise >= end).length;

/**
 * @param {InspectClient} client
 * @param {Reading} reading
 * @returns {View}
 */
export function createTokenLoss(client, reading) {
  const words = inspect.surprise;
  const options = reading.tokens.map((_token, place) => option(reading, place));
  const map = make("div", { class: "heat" }, ...options);
  map.setAttribute("role", "listbox");
  map.setAttribute("aria-label", words.map);
  map.setAttribute("aria-describedby", "inside-keys");
  map.translate = false;
  const keys = make("p", { class: "hint", text: words.keys });
  keys.id = "inside-keys";
  const pane = make("div", { class: "token" });
  pane.setAttribute("aria-hidden", "true");
  let shown = -1;
  let chosen = -1;

  /** @param {number} place */
  const show = (place) => {
    if (shown !== place) pane.replaceChildren(...description(reading, place));
    shown = place;
  };
  /** @param {EventTarget | null} target */
  const placeOf = (target) => options.indexOf(/** @type {HTMLSpanElement} */ (target));
  map.addEventListener("pointerover", ({ target }) => show(placeOf(target) < 0 ? client.token : placeOf(target)));
  map.addEventListener("pointerleave", () => show(client.token));
  map.addEventListener("click", ({ target }) => {
    if (placeOf(target) >= 0) client.choose({ token: placeOf(target) });
  });
  map.addEventListener("keydown", (event) => {
    const next = step(options, client.token, event);
    if (next === null) return;
    event.preventDefault();
    client.choose({ token: next });
    options[next]?.focus();
  });

  const mean = reading.loss === null ? "" : words.mean(reading.loss);
  const left = make("div", {}, map, keys, legend());
  return {
    root: section(words, make("p", { class: "mean", text: mean }), make("div", { class: "beside" }, left, pane), tokenTable(reading)),
    render() {
      if (chosen === client.token) return;
      choose(options[chosen], false);
      chosen = client.token;
      choose(options[chosen], true);
      show(chosen);
    },
  };
}

/**
 * @param {Reading} reading
 * @param {number} place
 */
function option({ tokens }, place) {
  const token = /** @type {Reading["tokens"][number]} */ (tokens[place]);
  const { prediction } = token;
  const made = make("span", { class: prediction ? `band-${bandOf(prediction.surprise)}` : "", text: visible(token) });
  made.setAttribute("role", "option");
  made.setAttribute("aria-label", [nameOf(token), inspect.at(place + 1), ...facts(prediction), likeliest(prediction)].filter(Boolean).join(", "));
  choose(made, false);
  return made;
}

/** @param {HTMLElement | undefined} option @param {boolean} chosen */
function choose(option, chosen) {
  if (!option) return;
  option.tabIndex = chosen ? 0 : -1;
  option.setAttribute("aria-selected", String(chosen));
}

/** @param {Prediction | null} prediction */
function facts(prediction) {
  const words = inspect.surprise;
  if (!prediction) return [words.first];
  const { probability, surprise } = prediction;
  return [words.probability(probability), words.value(surprise, words.bands[bandOf(surprise)] ?? "")];
}

/** @param {Prediction | null} prediction */
function likeliest(prediction) {
  if (!prediction) return "";
  const names = prediction.likeliest.map((candidate) => `${nameOf(candidate)} ${format.percent(candidate.probability)}`);
  return `${inspect.surprise.likeliest}: ${names.join(", ")}`;
}

/**
 * @param {Reading} reading
 * @param {number} place
 */
function description({ tokens }, place) {
  const token = tokens[place];
  if (!token) return [];
  const { prediction } = token;
  const lines = [...facts(prediction), ...(prediction ? [inspect.surprise.entropy(prediction.entropy)] : [])];
  const head = make("p", { class: "what" }, make("strong", { text: nameOf(token) }), ` ${inspect.at(place + 1)}`);
  const candidates = (prediction?.likeliest ?? []).map((candidate) =>
    make(
      "li",
      { class: candidate.label === token.label ? "came" : "" },
      make("span", { text: nameOf(candidate) }),
      bar(candidate.probability),
      make("span", { text: format.percent(candidate.probability) }),
    ),
  );
  const list = make("ul", { class: "bars" }, ...candidates);
  return [head, ...lines.map((text) => make("p", { class: "hint", text })), ...(prediction ? [make("h4", { text: inspect.surprise.likeliest }), list] : [])];
}

/**
 * Where a key leads: along the text, or to the token above or below.
 * @param {HTMLElement[]} options
 * @param {number} from
 * @param {KeyboardEvent} event
 * @returns {number | null}
 */
function step(options, from, { key, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return null;
  const last = options.length - 1;
  if (key === "ArrowRight") return Math.min(last, from + 1);
  if (key === "ArrowLeft") return Math.max(0, from - 1);
  if (key === "Home") return 0;
  if (key === "End") return last;
  if (key === "ArrowDown") return line(options, from, 1);
  if (key === "ArrowUp") return line(options, from, -1);
  return null;
}

/**
 * The nearest token of the line above or below.
 * @param {HTMLElement[]} options
 * @param {number} from
 * @param {1 | -1} way
 */
function line(options, from, way) {
  const boxes = options.map((option) => /** @type {DOMRect} */ (option.getClientRects()[0]));
  const start = /** @type {DOMRect} */ (boxes[from]);
  const apart = (/** @type {number} */ at) => Math.round(/** @type {DOMRect} */ (boxes[at]).top - start.top) * way;
  let first = from;
  while (options[first] && apart(first) <= 0) first += way;
  let best = from;
  for (let at = first; options[at] && apart(at) === apart(first); at += way) {
    const away = (/** @type {number} */ place) => Math.abs(/** @type {DOMRect} */ (boxes[place]).left - start.left);
    if (best === from || away(at) < away(best)) best = at;
  }
  return best;
}

function legend() {
  const { bands, legend: title } = inspect.surprise;
  const ends = [0, ...BANDS].map((from, at) => (BANDS[at] === undefined ? `≥ ${format.brief(from)}` : `${format.brief(from)}–${format.brief(BANDS[at])}`));
  const items = bands.map((text, band) => make("li", {}, make("span", { class: `band-${band}`, text: ends[band] ?? "" }), ` ${text}`));
  return make("div", { class: "scale" }, make("span", { text: title }), make("ul", {}, ...items));
}

/** @param {Reading} reading */
function tokenTable(reading) {
  const { table: title, columns } = inspect.surprise;
  const place = make("div", { class: "scroll" });
  place.tabIndex = 0;
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", title);
  const details = make("details", { class: "numbers" }, make("summary", { text: title }), place);
  // Made when it is asked for: it has a row for every token.
  details.addEventListener("toggle", () => {
    if (details.open && !place.firstChild) place.append(table(columns, reading.tokens.map((_token, at) => row(reading, at))));
  });
  return details;
}

/**
 * @param {Reading} reading
 * @param {number} at
 */
function row({ tokens }, at) {
  const token = /** @type {Reading["tokens"][number]} */ (tokens[at]);
  const { prediction } = token;
  const best = prediction?.likeliest[0];
  return [
    format.count(at + 1),
    nameOf(token),
    ...(prediction ? [format.percent(prediction.probability), format.fixed(prediction.surprise, 3), format.fixed(prediction.entropy, 3)] : ["", "", ""]),
    best ? `${nameOf(best)} ${format.percent(best.probability)}` : "",
  ];
}
