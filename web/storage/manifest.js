/**
 * What is known of a kept run without opening its states, and what makes a file such a manifest: files are from other versions of
 * the page, from other people, or broken.
 *
 * @import { Growth, Settings } from "../engine/engine-types.js"
 * @import { PrepareOptions } from "../engine/protocol.js"
 *
 * `id`: empty where an earlier version of the page could not keep the text.
 * @typedef {{ kind: "sample" } | { kind: "kept", id: string, name: string }} TextRef
 * @typedef {{ step: number, text: string }} Sample
 * @typedef {{ file: string, step: number, bytes: number }} StoredState
 *
 * What a session knows of its run.
 * @typedef {object} About
 * @property {string} id
 * @property {TextRef} text
 * @property {string} textName
 * @property {PrepareOptions} options
 * @property {Settings} settings
 * @property {number | null} parameters null where it was kept by a version that did not say
 * @property {number | null} uniform ln V
 * @property {"running" | "paused" | "ended"} phase
 * @property {string | null} verdict
 * @property {number} step
 * @property {number | null} loss
 * @property {{ step: number, loss: number } | null} best
 * @property {Growth[]} growths
 * @property {Sample[]} samples
 *
 * What the store adds.
 * @typedef {object} Keeping
 * @property {2} version
 * @property {string} name
 * @property {number} created milliseconds since 1970
 * @property {number} changed milliseconds since 1970
 * @property {StoredState[]} states the last two, newest first
 * @property {StoredState | null} bestState that of the best validation loss; may be one of `states`
 * @property {string | null} curve the file with its columns
 * @property {boolean} deleted the person may still undo that
 * @property {number} [turn] the higher, the later it was trained here, whatever the clock said; below 0 where it came from elsewhere,
 *   missing where an earlier version of the page kept it
 *
 * @typedef {About & Keeping} Manifest
 */

import { LATEST, plain } from "../i18n/format.js";

/** Names and samples longer than this, and lists with more of them, are not ours. */
const NAME = 1000;
const LONG = 100_000;
const MANY = 1000;

export const isId = (/** @type {unknown} */ value) => typeof value === "string" && /^[0-9a-f-]{8,64}$/.test(value);

const isText = (/** @type {unknown} */ value) => typeof value === "string" && value.length <= NAME;
const isLong = (/** @type {unknown} */ value) => typeof value === "string" && value.length <= LONG;
const isFile = (/** @type {unknown} */ value) => typeof value === "string" && /^[\w.-]{1,100}$/.test(value);
const isCount = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isDate = (/** @type {unknown} */ value) => isCount(value) && Number(value) <= LATEST;
const isNumber = (/** @type {unknown} */ value) => Number.isFinite(value);
const isObject = (/** @type {unknown} */ value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** @param {(value: any) => boolean} is */
const orNull = (is) => (/** @type {any} */ value) => value === null || is(value);
/** @param {(value: any) => boolean} is */
const listOf = (is) => (/** @type {any} */ value) => Array.isArray(value) && value.length <= MANY && value.every(is);
/** @param {Record<string, (value: any) => boolean>} shape */
const like = (shape) => (/** @type {any} */ value) => isObject(value) && Object.entries(shape).every(([key, is]) => is(value[key]));

const isState = like({ file: isFile, step: isCount, bytes: isCount });
/** @param {any} value */
const isRef = (value) => isObject(value) && (value.kind === "sample" || (value.kind === "kept" && (value.id === "" || isId(value.id)) && isText(value.name)));

/** What every part must be; whether the settings make sense is the engine's to say. @type {Record<keyof Manifest, (value: any) => boolean>} */
const SHAPE = {
  version: (value) => value === 2,
  id: isId,
  name: isText,
  created: isDate,
  changed: isDate,
  text: isRef,
  textName: isText,
  options: like({ tokenizer: isText, context: isCount, batch: isCount }),
  settings: like({ stage: orNull(isText), tokenizer: isText, steps: isCount, lr: isNumber, context: isCount, batch: isCount }),
  parameters: orNull(isCount),
  uniform: orNull(isNumber),
  phase: (value) => ["running", "paused", "ended"].includes(value),
  verdict: orNull(isText),
  step: isCount,
  loss: orNull(isNumber),
  best: orNull(like({ step: isCount, loss: isNumber })),
  growths: listOf(like({ step: isCount, parameters: isCount })),
  samples: listOf(like({ step: isCount, text: isLong })),
  states: listOf(isState),
  bestState: orNull(isState),
  curve: orNull(isFile),
  deleted: (value) => typeof value === "boolean",
  turn: (value) => value === undefined || Number.isSafeInteger(value),
};

/**
 * @param {any} value
 * @returns {Manifest}
 * @throws where it is none, or one of a newer version
 */
export function manifestOf(value) {
  const wrong = isObject(value) ? Object.entries(SHAPE).find(([key, is]) => !is(value[key])) : ["version"];
  if (wrong) throw new Error(`no run of this version: ${wrong[0]}`);
  const { name, textName, text } = value;
  return { ...value, name: plain(name), textName: plain(textName), text: text.kind === "kept" ? { ...text, name: plain(text.name) } : text };
}

/**
 * The one run that the first version of the page kept.
 * @param {any} value
 * @param {string} name
 * @param {number} changed
 * @returns {Manifest}
 */
export function manifestOfFirst(value, name, changed) {
  if (value?.version !== 1 || !Array.isArray(value.states)) throw new Error("no run of the first version");
  const states = value.states.map((/** @type {any} */ state) => ({ bytes: 0, ...state }));
  // Always the same, so that a visit that ends in between does not take it over twice.
  const id = String(states[0]?.file).replace("state-", "");
  const unknown = { parameters: null, uniform: null, best: null, bestState: null, curve: null, growths: [], deleted: false };
  return manifestOf({ ...unknown, ...value, version: 2, id, name, textName: value.name, created: changed, changed, states });
}

/** Bytes of a run's states; everything else of it is small. @param {Manifest} run */
export function sizeOf({ states, bestState }) {
  const files = new Map([...states, bestState].flatMap((state) => (state ? [[state.file, state.bytes]] : [])));
  return [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
}
