/**
 * The engine's code for a visit's first worker, downloaded and compiled while the page itself is still being loaded: it is most of
 * the download, and the worker could only ask for it after all of its scripts. A worker that gets none fetches it by itself.
 *
 * @import { DeviceKind } from "./engine-types.js"
 * @import { Compiled } from "./modules.js"
 */

import { codeOf, moduleFor } from "./modules.js";

/** Automatic, too, begins on the CPU. */
const DEVICE = "cpu";

/** A page that is not isolated is about to be loaded again, if it can be. @type {Compiled | null} */
const ahead = self.crossOriginIsolated ? compile(codeOf(moduleFor(DEVICE))) : null;

/**
 * @param {string} address
 * @returns {Compiled}
 */
async function compile(address) {
  try {
    // What one sees comes first.
    return await WebAssembly.compileStreaming(fetch(address, { priority: "low" }));
  } catch {
    return null;
  }
}

/**
 * Where a worker receives the code for its device, as soon as it is there.
 * @param {DeviceKind} device
 * @returns {MessagePort | undefined}
 */
export function codeFor(device) {
  if (device !== DEVICE || !ahead) return undefined;
  const { port1, port2 } = new MessageChannel();
  void ahead.then((code) => port1.postMessage(code));
  return port2;
}
