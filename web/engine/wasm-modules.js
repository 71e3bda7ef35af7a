/**
 * The wasm modules: which one serves a device here, and its set-up.
 *
 * @import { DeviceKind, EngineModule } from "./engine-types.js"
 *
 * @typedef {DeviceKind | "threads"} ModuleName its folder in web/wasm
 * @typedef {{ name: ModuleName, module: EngineModule, memory: WebAssembly.Memory }} Loaded
 * @typedef {Promise<WebAssembly.Module | null>} Compiled null where it failed
 */

/** More threads than this wait for each other more than they help: the work comes in rows of a batch and heads. */
const MOST_THREADS = 16;

const threads = () => Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);

/**
 * The module for a device. On the CPU it uses all threads where the page can share memory between them.
 * @param {DeviceKind} device
 * @returns {ModuleName}
 */
export const moduleFor = (device) => (device === "cpu" && sharing() && threads() > 1 ? "threads" : device);

/** Some browsers isolate a page and share no memory with its workers all the same. */
const sharing = () => self.crossOriginIsolated && typeof SharedArrayBuffer === "function";

/** Where a module's code lies. @param {ModuleName} name */
export const codeOf = (name) => new URL(`../wasm/${name}/mmrec_wasm_bg.wasm`, import.meta.url).href;

/**
 * Loads it; where several threads cannot be started, one does.
 * @param {DeviceKind} device
 * @param {Compiled} [compiled] the code of the device's module, if the page has it
 * @returns {Promise<Loaded>}
 */
export async function loadModule(device, compiled) {
  const name = moduleFor(device);
  if (name !== "threads") return load(name, compiled);
  try {
    const loaded = await load(name, compiled);
    await loaded.module.initThreadPool?.(threads());
    return loaded;
  } catch (error) {
    console.warn("One thread is used, since several could not be started:", error);
    return load(device);
  }
}

/**
 * @param {ModuleName} name
 * @param {Compiled} [compiled]
 * @returns {Promise<Loaded>}
 */
async function load(name, compiled) {
  const [module, code] = await Promise.all([import(new URL(`../wasm/${name}/mmrec_wasm.js`, import.meta.url).href), compiled]);
  const { memory } = await module.default({ module_or_path: code ?? codeOf(name) });
  return { name, module, memory };
}
