/**
 * The wasm modules: which one serves a device here, and its set-up.
 *
 * @import { DeviceKind, EngineModule } from "./engine-types.js"
 */

/** More threads than this wait for each other more than they help: the work comes in rows of a batch and heads. */
const MOST_THREADS = 16;

/**
 * The module for a device. On the CPU it uses all threads where the page may share memory between them.
 * @param {DeviceKind} device
 * @returns {Promise<EngineModule>}
 */
export async function loadModule(device) {
  const threads = Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
  if (device === "cpu" && self.crossOriginIsolated && threads > 1) {
    try {
      const module = await load("threads");
      await module.initThreadPool?.(threads);
      return module;
    } catch (error) {
      console.warn("One thread is used, since several could not be started:", error);
    }
  }
  return load(device);
}

/**
 * @param {DeviceKind | "threads"} folder
 * @returns {Promise<EngineModule>}
 */
async function load(folder) {
  const module = await import(new URL(`./wasm/${folder}/mmrec_wasm.js`, import.meta.url).href);
  await module.default();
  return module;
}
