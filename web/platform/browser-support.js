/** What the page needs of the browser. */

/** A module with one SIMD instruction: a browser without SIMD finds it invalid. */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

/** @returns {keyof import("../i18n/en/page.js").Texts["missing"] | null} what is missing; its text says the way out */
export function missingFeature() {
  if (typeof WebAssembly !== "object") return "wasm";
  if (!WebAssembly.validate(SIMD)) return "simd";
  if (!globalThis.isSecureContext) return "secure";
  return null;
}
