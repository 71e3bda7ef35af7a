/**
 * A worker of the page: it gets the code that the page has downloaded ahead, and what befalls it is said in the page's language.
 *
 * @import { DeviceKind } from "./engine-types.js"
 */

import { texts } from "../i18n/index.js";
import { EngineClient } from "./engine-client.js";
import { codeFor } from "./engine-preload.js";

/**
 * @param {DeviceKind} device
 * @param {AbortSignal} [signal] gives it up
 */
export function openWorker(device, signal) {
  return EngineClient.open(device, { signal, code: codeFor(device), words: () => texts.worker });
}
