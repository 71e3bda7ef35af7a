/** What the page needs of the browser, and what it forbids itself. */

/** A module with one SIMD instruction: a browser without SIMD finds it invalid. */
const SIMD = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]);

/** The only place outside its own origin that the page ever asks, and only when the person presses “Tiny Shakespeare”. */
const OUTSIDE = "https://raw.githubusercontent.com";

/** @returns {keyof import("./texts/en.js").Texts["missing"] | null} what is missing; its text says the way out */
export function missing() {
  if (typeof WebAssembly !== "object") return "wasm";
  if (!WebAssembly.validate(SIMD)) return "simd";
  if (!globalThis.isSecureContext) return "secure";
  return null;
}

/**
 * Forbids the page to load or send anything elsewhere. Set by script and not in index.html, because a development server puts its
 * own reloading script into the page, before this runs. Workers of our own origin carry their own rules.
 */
export function forbidOutside() {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    `connect-src 'self' ${OUTSIDE}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  document.head.append(policy);
}
