/** What the browser remembers from one visit to the next. Where it may remember nothing, all is as on the first visit. */

/** @param {string} name @returns {string | null} null where nothing is remembered */
export function readLocal(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    // Blocked site data.
    return null;
  }
}

/** @param {string} name @param {string} value */
export function writeLocal(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Blocked, or full: it is chosen, or measured, again on the next visit.
  }
}

/**
 * The same for what is more than a word.
 * @param {string} name
 * @returns {unknown} null where nothing is remembered, or nothing that can be read
 */
export function readLocalJson(name) {
  try {
    return JSON.parse(readLocal(name) ?? "null");
  } catch {
    return null;
  }
}
