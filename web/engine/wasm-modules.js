/**
 * The wasm modules: which one serves a device here, and its set-up.
 *
 * @import { DeviceKind, EngineModule } from "./engine-types.js"
 *
 * @typedef {DeviceKind | "threads"} ModuleName its folder in web/wasm
 * @typedef {{ name: ModuleName, module: EngineModule, memory: WebAssembly.Memory }} Loaded
 * @typedef {Promise<WebAssembly.Module | null>} Compiled null where it failed
 */

import { inTime } from "./in-time.js";

/** A browser that takes longer (milliseconds) to start threads never does. */
const STARTING = 20_000;
/** More threads than this wait for each other more than they help: the work comes in rows of a batch and heads. */
const MOST_THREADS = 16;

const threads = () => Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);

/**
 * The module for a device. On the CPU it uses all threads where the page can share memory between them.
 * @param {DeviceKind} device
 * @returns {ModuleName}
 */
export const moduleFor = (device) => (device === "cpu" && sharing() && threads() > 1 ? "threads" : device);

/**
 * One by one, so that a bundler of a page with the npm package finds them. They are built by `cargo xtask wasm`.
 * @type {Record<ModuleName, () => Promise<EngineModule>>}
 */
const importOf = {
  // @ts-ignore: not before the first build
  cpu: () => import("../wasm/cpu/mmrec_wasm.js"),
  // @ts-ignore: not before the first build
  threads: () => import("../wasm/threads/mmrec_wasm.js"),
  // @ts-ignore: not before the first build
  webgpu: () => import("../wasm/webgpu/mmrec_wasm.js"),
};

/** Some browsers isolate a page and share no memory with its workers all the same. */
const sharing = () => self.crossOriginIsolated && typeof SharedArrayBuffer === "function";

/** Where a module's code lies. @param {ModuleName} name */
export const codeOf = (name) => new URL(`../wasm/${name}/mmrec_wasm_bg.wasm`, import.meta.url).href;

/**
 * Loads it; where several threads cannot be started, one does.
 * @param {DeviceKind} device
 * @param {{ build?: ModuleName, compiled?: Compiled }} [options] `build`: this one and no other; `compiled`: its code, if it is here
 * @returns {Promise<Loaded>}
 */
export async function loadModule(device, { build, compiled } = {}) {
  if (build) return load(build, compiled);
  const name = moduleFor(device);
  if (name !== "threads") return load(name, compiled);
  try {
    return await load(name, compiled);
  } catch (error) {
    console.warn("One thread is used, since several could not be started:", error);
    return load(device);
  }
}

/**
 * With its threads, if it has some.
 * @param {ModuleName} name
 * @param {Compiled} [compiled]
 * @returns {Promise<Loaded>}
 */
async function load(name, compiled) {
  const [module, code] = await Promise.all([importOf[name](), compiled]);
  const { memory } = await module.default({ module_or_path: code ?? codeOf(name) });
  if (module.initThreadPool) await inTime(module.initThreadPool(threads()), STARTING);
  return { name, module, memory };
}
