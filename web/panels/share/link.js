/**
 * A link to the page that restores settings, and the text where everybody has it. They stand in the address's fragment, which a
 * browser sends to no server: `#stage=tiny&text=sample&steps=500`. Whoever made a link is a stranger: what is read from one is of
 * a known name and the right type, and the engine judges the values.
 *
 * @import { Settings } from "../../engine/engine-types.js"
 *
 * @typedef {"sample" | "tiny-shakespeare"} PublicText what everybody has, or can download
 *
 * What a link says; `left` names what it says and nobody understands.
 * @typedef {{ settings: Partial<Settings>, text: PublicText | null, left: string[] }} Linked
 */

import { seedOf } from "../../engine/seed.js";

/** Characters that are read of a link, and of a name in it that is shown. */
const MAX_CHARACTERS = 4000;
const SHOWN = 24;
/** Settings that belong to a link although a person need not have any. */
const OPTIONAL = { validation: 0.1 };

/**
 * @param {Settings} settings
 * @param {Settings} defaults of the same stage
 * @param {PublicText | null} text
 */
export function fragmentOf(settings, defaults, text) {
  const parts = new URLSearchParams({ stage: String(settings.stage) });
  if (text) parts.set("text", text);
  for (const name of namesOf(defaults)) {
    const value = settings[name];
    if (name !== "stage" && value !== undefined && value !== defaults[name]) parts.set(name, String(value));
  }
  return `#${parts}`;
}

/**
 * @param {string} fragment
 * @param {Record<string, Settings>} defaults by stage
 * @returns {Linked | null} null where it is none of our links
 */
export function readFragment(fragment, defaults) {
  const parts = new URLSearchParams(fragment.slice(1, MAX_CHARACTERS));
  const stage = parts.get("stage") ?? "";
  if (!Object.hasOwn(defaults, stage)) return null;
  const known = /** @type {Record<string, unknown>} */ ({ ...OPTIONAL, ...defaults[stage] });
  /** @type {Record<string, unknown>} */
  const settings = {};
  const left = new Set();
  for (const [name, said] of parts) {
    if (name === "text") continue;
    const value = Object.hasOwn(known, name) && !Object.hasOwn(settings, name) ? valueOf(name, said, known[name]) : null;
    if (value === null) left.add(name.slice(0, SHOWN));
    else settings[name] = value;
  }
  const text = parts.get("text");
  const found = text === "sample" || text === "tiny-shakespeare" ? text : null;
  if (text !== null && !found) left.add("text");
  return { settings: /** @type {Partial<Settings>} */ (settings), text: found, left: [...left] };
}

/** @param {Settings} defaults */
const namesOf = (defaults) => /** @type {(keyof Settings)[]} */ (Object.keys({ ...defaults, ...OPTIONAL }));

/**
 * @param {string} name
 * @param {string} said
 * @param {unknown} like a value of the type it should have
 * @returns {string | number | boolean | null} null where it has not
 */
function valueOf(name, said, like) {
  const seed = name === "seed" ? seedOf(said) : null;
  if (seed !== null) return seed;
  if (typeof like === "number") return /^-?\d{1,20}(\.\d{1,20})?(e-?\d{1,2})?$/i.test(said) ? Number(said) : null;
  if (typeof like === "boolean") return said === "true" || said === "false" ? said === "true" : null;
  return typeof like === "string" ? said : null;
}
