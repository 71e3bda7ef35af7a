/**
 * The engine's code for a visit's first worker, downloaded and compiled while the page itself is still being loaded: it is most of
 * the download, and the worker could only ask for it after all of its scripts. A worker that gets none fetches it by itself.
 *
 * @import { DeviceKind } from "./engine-types.js"
 * @import { Compiled } from "./wasm-modules.js"
 */

import { inTime } from "./in-time.js";
import { codeOf, moduleFor } from "./wasm-modules.js";

/** Automatic, too, begins on the CPU. */
const DEVICE = "cpu";
/** A browser that takes longer (milliseconds) to compile what is all there is not waited for: Firefox once stood still here, or seemed to. */
const COMPILING = 15_000;
/** Where a built page says how many bytes each module has: `{ "cpu": 3000000, … }`. */
const SIZES = "engine-bytes";

/** How far the download is. */
export const download = {
  /** 0 to 1; null where there is no telling. @type {number | null} */ share: null,
  /** It is another one. @type {() => void} */ onProgress: () => {},
};

/** A page that is not isolated may be about to be loaded again, so there it is asked for when a worker wants it. @type {Compiled | null} */
let ahead = self.crossOriginIsolated ? compile() : null;

/** @returns {Compiled} */
async function compile() {
  const name = moduleFor(DEVICE);
  try {
    // What one sees comes first.
    const response = await fetch(codeOf(name), { priority: "low" });
    const { counted, all } = count(response, sizeOf(name));
    const compiling = WebAssembly.compileStreaming(counted);
    return await Promise.race([compiling, all.then(() => inTime(compiling, COMPILING))]);
  } catch {
    return null;
  }
}

/** @param {string} name of the module @returns {number} 0 where the page does not say */
function sizeOf(name) {
  const said = document.querySelector(`meta[name="${SIZES}"]`)?.getAttribute("content");
  return Number(said ? JSON.parse(said)[name] : 0) || 0;
}

/**
 * The response, whose bytes are counted as they pass. Not those of a clone: Firefox then never ends compiling.
 * @param {Response} response
 * @param {number} known bytes, unpacked
 * @returns {{ counted: Response, all: Promise<unknown> }} `all`: every byte has passed; never where they are not counted
 */
function count(response, known) {
  const { body, headers } = response;
  // What the host says of a packed file is its size before it is unpacked.
  const total = known || (headers.has("Content-Encoding") ? 0 : Number(headers.get("Content-Length")));
  if (!response.ok || !body || !total) return { counted: response, all: new Promise(() => {}) };
  let done = 0;
  let passed = () => {};
  const all = new Promise((resolve) => (passed = () => resolve(null)));
  /** @type {TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>} */
  const counter = new TransformStream({
    transform(part, controller) {
      controller.enqueue(part);
      done += part.byteLength;
      tell(Math.min(1, Math.floor((100 * done) / total) / 100));
    },
    flush: passed,
  });
  return { counted: new Response(body.pipeThrough(counter), { headers }), all };
}

/** @param {number} share */
function tell(share) {
  if (share === download.share) return;
  download.share = share;
  download.onProgress();
}

/**
 * Where a worker receives the code for its device, as soon as it is there.
 * @param {DeviceKind} device
 * @returns {MessagePort | undefined}
 */
export function codeFor(device) {
  if (device !== DEVICE) return undefined;
  ahead ??= compile();
  const { port1, port2 } = new MessageChannel();
  void ahead.then((code) => port1.postMessage(code));
  return port2;
}
