/**
 * What the numbers of a form may be, as the engine checks them.
 *
 * @import { Field } from "../../engine/engine-types.js"
 */

/**
 * @param {HTMLFormElement} form whose fields have the names of settings
 * @param {Field[]} fields
 */
export function setRanges(form, fields) {
  for (const { name, range } of fields) {
    const field = form.elements.namedItem(name);
    if (!(field instanceof HTMLInputElement) || field.type !== "number" || !("max" in range)) continue;
    Object.assign(field, { min: String(range.min), max: String(range.max) });
  }
}
