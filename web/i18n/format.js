/**
 * Numbers, sizes, times and lists as a person reads them, in the language of the page.
 *
 * How a language writes them: a part of its words.
 * @typedef {object} Conventions
 * @property {string} locale
 * @property {string} none where there is nothing to write
 * @property {string} notANumber
 * @property {Units} units
 * @property {About} about expectations
 *
 * @typedef {Record<"million" | "billion" | "percent" | "bytes", (value: string) => string> & Record<"second" | "minute" | "hour" | "days", string>} Units
 *
 * @typedef {{ few: string } & Record<"inSeconds" | "inMinutes", (value: number) => string> & Record<"inHours" | "inDays", (value: string) => string>} About
 */

/** @type {Conventions} */
let conventions;

/** From now on all is written so. @param {Conventions} next */
export function setConventions(next) {
  conventions = next;
}

/**
 * Making a formatter is slow, so it is kept until another language is chosen.
 * @template {{ format(value: number): string }} Formatter
 * @param {(locale: string) => Formatter} make
 * @returns {(value: number) => string}
 */
function localised(make) {
  let locale = "";
  /** @type {Formatter} */
  let formatter;
  return (value) => {
    if (locale !== conventions.locale) formatter = make((locale = conventions.locale));
    return formatter.format(value);
  };
}

/** @param {Intl.NumberFormatOptions} options */
const number = (options) => localised((locale) => new Intl.NumberFormat(locale, options));

const whole = number({ maximumFractionDigits: 0 });
const short = number({ maximumSignificantDigits: 3 });
const decimals = [0, 1, 2, 3, 4, 5].map((digits) => number({ minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }));

/** @param {number} value 12345 → "12,345" */
export const count = (value) => whole(value);

/**
 * @param {number} value 1.5 with 3 digits → "1.500"
 * @param {0 | 1 | 2 | 3 | 4 | 5} digits
 */
export const fixed = (value, digits) => /** @type {(value: number) => string} */ (decimals[digits])(value);

/** @param {number} value 1.5004 → "1.5" */
export const brief = number({ maximumFractionDigits: 3, useGrouping: false });

/** @param {number} value a loss in nats */
export const loss = (value) => (Number.isFinite(value) ? fixed(value, value < 0.1 ? 4 : 3) : conventions.notANumber);

/** @param {number} value 227944 → "0.23 M" */
export const millions = (value) => (value < 1e9 ? conventions.units.million(fixed(value / 1e6, value < 1e7 ? 2 : 1)) : conventions.units.billion(short(value / 1e9)));

/** @param {number} value a learning rate */
export const rate = number({ maximumSignificantDigits: 3, useGrouping: false });

const scientific = number({ notation: "scientific", maximumFractionDigits: 1 });
/** @param {number} value 0.0015 → "1.5e-3" */
export const power = (value) => scientific(value).replace("E", "e");

/** @param {number} value 1234567 → "1.23M" */
export const compact = number({ notation: "compact", maximumSignificantDigits: 3 });

/** @param {number} part 0.1 → "10 %" */
export const percent = (part) => conventions.units.percent(short(part * 100));

/** @param {number} value tokens per second; kept to a few digits so that it does not flicker */
export const speed = (value) => count(value >= 1000 ? Math.round(value / 10) * 10 : value);

/** @param {number} value bytes */
export function bytes(value) {
  if (value < 1000) return conventions.units.bytes(count(value));
  if (value < 1e6) return `${short(value / 1e3)} KB`;
  return value < 1e9 ? `${short(value / 1e6)} MB` : `${short(value / 1e9)} GB`;
}

/** @param {number} seconds 95 → "1 min 35 s" */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return conventions.none;
  const { second, minute, hour, days } = conventions.units;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} ${second}`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return minutes < 10 ? `${minutes} ${minute} ${rounded % 60} ${second}` : `${Math.round(rounded / 60)} ${minute}`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} ${hour} ${minutes % 60} ${minute}` : `${count(hours / 24)} ${days}`;
}

/** @param {number} seconds 95 → "1:35"; in one language as in another @returns {string} */
export function clock(seconds) {
  if (seconds < 60) return `${brief(seconds)} ${conventions.units.second}`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)].map((part) => String(part).padStart(2, "0"));
  return hours === "00" ? `${Number(minutes)}:${rest}` : `${Number(hours)}:${minutes}:${rest}`;
}

/** @param {number} seconds an expectation, which should not pretend to be exact */
export function about(seconds) {
  const { few, inSeconds, inMinutes, inHours, inDays } = conventions.about;
  if (seconds < 5) return few;
  if (seconds < 50) return inSeconds(Math.round(seconds / 5) * 5);
  if (seconds < 3600) return inMinutes(Math.max(1, Math.round(seconds / 60)));
  const hours = seconds / 3600;
  return hours < 48 ? inHours(short(Number(hours.toPrecision(2)))) : inDays(count(hours / 24));
}

/** The last moment that a `Date` can be. */
export const LATEST = 8.64e15;
const date = localised((locale) => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }));

/** Milliseconds since 1970 → "28 Nov, 11:50" @param {number} value */
export const moment = (value) => (Math.abs(value) <= LATEST ? date(value) : conventions.none);

/** What is not seen, and what turns round the order of what stands beside it. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
/** Letters that are written from right to left. */
const LEFTWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name that somebody else has given, with nothing in it but what is seen. @param {string} name */
export const plain = (name) => name.replace(UNSEEN, "");

/** Such a name in a sentence, whose order stays as it is. @param {string} name */
export function isolated(name) {
  const seen = plain(name);
  return LEFTWARDS.test(seen) ? `\u2066${seen}\u2069` : seen;
}

/** @param {string} name */
export const quoted = (name) => `“${isolated(name)}”`;

/** Names that are shown of many … */
const MAX_NAMES = 6;
/** … and characters of a long one. */
const LONGEST = 60;

/**
 * The first of many names.
 * @param {string[]} names
 * @param {(others: number) => string} more says how many others there are
 * @param {(name: string) => string} show
 */
export function listOf(names, more, show = isolated) {
  const shown = names.slice(0, MAX_NAMES).map((name) => show(name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name));
  const others = names.length - shown.length;
  return shown.join(", ") + (others > 0 ? ` ${more(others)}` : "");
}

/** A character as it can be seen. @param {string} character */
export function visible(character) {
  if (character === "\n") return "⏎";
  if (/^[\p{C}\p{Z}]$/u.test(character)) return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  return `“${character}”`;
}

/** How many of several there are altogether. @param {{ count: number }[]} parts */
export const sumOf = (parts) => parts.reduce((sum, { count }) => sum + count, 0);
