/**
 * The wasm modules: which one serves a device here, and its set-up.
 *
 * @import { DeviceKind, EngineModule } from "./engine-types.js"
 *
 * @typedef {DeviceKind | "threads"} ModuleName its folder in web/wasm
 * @typedef {{ name: ModuleName, module: EngineModule, memory: WebAssembly.Memory }} Loaded
 */

/** More threads than this wait for each other more than they help: the work comes in rows of a batch and heads. */
const MOST_THREADS = 16;

/**
 * The module for a device. On the CPU it uses all threads where the page may share memory between them.
 * @param {DeviceKind} device
 * @returns {Promise<Loaded>}
 */
export async function loadModule(device) {
  const threads = Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
  if (device === "cpu" && self.crossOriginIsolated && threads > 1) {
    try {
      const loaded = await load("threads");
      await loaded.module.initThreadPool?.(threads);
      return loaded;
    } catch (error) {
      console.warn("One thread is used, since several could not be started:", error);
    }
  }
  return load(device);
}

/**
 * @param {ModuleName} name
 * @returns {Promise<Loaded>}
 */
async function load(name) {
  const module = await import(new URL(`./wasm/${name}/mmrec_wasm.js`, import.meta.url).href);
  const { memory } = await module.default();
  return { name, module, memory };
}
