/**
 * The wasm modules: which one serves a device here, and its set-up.
 *
 * @import { DeviceKind, EngineModule, PoolExports } from "./engine-types.js"
 * @import { ThreadSetup } from "./threads.js"
 *
 * @typedef {DeviceKind | "threads"} ModuleName its folder in web/wasm
 * @typedef {{ name: ModuleName, module: EngineModule, memory: WebAssembly.Memory }} Loaded
 * @typedef {Promise<WebAssembly.Module | null>} Compiled null where it failed
 * @typedef {(setup: ThreadSetup, count: number) => Promise<unknown>} StartThreads done when all of them wait for work
 *
 * @typedef {object} Options
 * @property {StartThreads} startThreads
 * @property {ModuleName} [build] this one and no other
 * @property {Compiled} [compiled] its code, if it is here
 */

/** More threads than this wait for each other more than they help: the work comes in rows of a batch and heads. */
const MAX_THREADS = 16;

const threads = () => Math.min(navigator.hardwareConcurrency || 1, MAX_THREADS);

/**
 * The module for a device. On the CPU it uses all threads where the page can share memory between them.
 * @param {DeviceKind} device
 * @returns {ModuleName}
 */
export const moduleFor = (device) => (device === "cpu" && sharing() && threads() > 1 ? "threads" : device);

/**
 * One by one, so that a bundler of a page with the npm package finds them. They are built by `cargo xtask wasm`.
 * @type {Record<DeviceKind, () => Promise<EngineModule>> & { threads: () => Promise<EngineModule & PoolExports> }}
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
 * @param {Options} options
 * @returns {Promise<Loaded>}
 */
export async function loadModule(device, { startThreads, build, compiled }) {
  const name = build ?? moduleFor(device);
  try {
    return await load(name, startThreads, compiled);
  } catch (error) {
    if (build || name !== "threads") throw error;
    console.warn("One thread is used, since several could not be started:", error);
    return load(device, startThreads);
  }
}

/** Of this worker's one module with threads: it cannot have two, nor another in the place of one that failed. @type {Promise<void> | undefined} */
let pool;

/**
 * With its threads, if it has some.
 * @param {ModuleName} name
 * @param {StartThreads} startThreads
 * @param {Compiled} [compiled]
 * @returns {Promise<Loaded>}
 */
async function load(name, startThreads, compiled) {
  const [module, code] = await Promise.all([importOf[name](), compiled]);
  const { memory } = await module.default({ module_or_path: code ?? codeOf(name) });
  if (name === "threads") await (pool ??= startPool(memory, startThreads));
  return { name, module, memory };
}

/**
 * @param {WebAssembly.Memory} memory of the module, which is loaded
 * @param {StartThreads} startThreads
 */
async function startPool(memory, startThreads) {
  const { module_code, build_pool } = await importOf.threads();
  const count = threads();
  await startThreads({ code: module_code(), memory }, count);
  build_pool(count);
}

/**
 * The module of a thread, in a worker of its own.
 * @param {ThreadSetup} setup
 * @returns {Promise<() => void>} which runs it and does not return
 */
export async function loadThread({ code, memory }) {
  const module = await importOf.threads();
  await module.default({ module_or_path: code, memory });
  return module.run_thread;
}
