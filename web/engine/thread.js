/**
 * A worker that is one of the engine's threads: the same module in the same memory. It hears one message, and never ends by itself.
 *
 * @import { FromThread, ThreadSetup } from "./threads.js"
 */

import { failureOf } from "./failure.js";
import { loadThread } from "./wasm-modules.js";

self.onmessage = async (/** @type {MessageEvent<ThreadSetup>} */ { data: setup }) => {
  try {
    const run = await loadThread(setup);
    tell({ type: "ready" });
    run();
  } catch (error) {
    tell({ type: "failed", failure: failureOf(error, { memory: setup.memory, fatal: true }) });
  }
};

/** @param {FromThread} message */
function tell(message) {
  self.postMessage(message);
}
