/**
 * Opens engines, one on the GPU only where it computes what the CPU does: before its first use it takes a few steps that the CPU
 * takes as well. A browser leaves out a program that the GPU refuses, and what was in the memory before is read as its result.
 *
 * What came of it is remembered for the adapter, the browser and the version, so that neither a sound GPU nor one that failed is
 * checked on every visit.
 *
 * @import { EngineClient } from "../engine-client.js"
 * @import { DeviceKind } from "../engine-types.js"
 *
 * @typedef {object} Checking
 * @property {AbortSignal} [signal]
 * @property {(share: number | null) => void} [progress] the share of a check that is done; null when it is over
 */

import { texts } from "../../i18n/index.js";
import { messageOf } from "../../platform/errors.js";
import { readLocalJson, writeLocal } from "../../platform/local-storage.js";
import { VERSION } from "../../platform/version.js";
import { EngineError } from "../engine-client.js";
import { openWorker } from "../page-worker.js";
import { LOOK, Watchdog } from "../watchdog.js";
import { nameOf, requestAdapter } from "./gpu-adapter.js";

const MEMORY = "mmrec-gpu";
/** How the engine says that a GPU measures something else. */
const DIFFERENCE = /, on the CPU /;
/** What a GPU complains of that may be otherwise the next time. */
const PASSING = /out of memory|device was lost/i;

/** The GPU does not compute what the CPU does. Its message says what was seen. */
export class UnsoundGpu extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "UnsoundGpu";
  }
}

/**
 * @param {DeviceKind} device
 * @param {Checking} [checking]
 * @returns {Promise<EngineClient>} ready to be asked
 */
export async function openEngine(device, { signal, progress } = {}) {
  if (device === "cpu") return openWorker(device, signal);
  const adapter = await identity();
  const known = recalled(adapter);
  if (known?.wrong) throw new UnsoundGpu(known.wrong);
  const client = await openWorker(device, signal);
  if (known) return client;
  try {
    progress?.(0);
    await check(client, signal, progress);
    keep(adapter, null);
    client.resetCompileCount();
    return client;
  } catch (error) {
    client.close();
    if (error instanceof UnsoundGpu) keep(adapter, error.message);
    throw error;
  } finally {
    progress?.(null);
  }
}

/** What was wrong with this GPU when it was checked; null where nothing was, or nothing is known. */
export async function knownFault() {
  return recalled(await identity())?.wrong ?? null;
}

/**
 * @param {EngineClient} client on the GPU
 * @param {AbortSignal} [signal]
 * @param {(share: number) => void} [progress]
 */
async function check(client, signal, progress) {
  const expected = await rehearsal(signal);
  client.onNotice = (notice) => notice.type === "checking" && progress?.(notice.share);
  const watchdog = new Watchdog();
  const watch = setInterval(() => {
    const silence = watchdog.look(client, 0);
    if (silence !== null) client.fail({ message: texts.worker.silent(silence), fatal: true });
  }, LOOK);
  try {
    await client.ask({ type: "check", expected });
  } catch (error) {
    signal?.throwIfAborted();
    // A GPU that was lost, a worker that ended, a computer that slept or had no memory left: the next check may go well.
    const refused = error instanceof EngineError && error.fault && !PASSING.test(error.message);
    if (refused || DIFFERENCE.test(messageOf(error))) throw new UnsoundGpu(messageOf(error));
    throw error;
  } finally {
    clearInterval(watch);
    client.onNotice = () => {};
  }
}

/** What the CPU measures. @param {AbortSignal} [signal] */
async function rehearsal(signal) {
  const cpu = await openWorker("cpu", signal);
  try {
    return await cpu.ask({ type: "rehearse" });
  } finally {
    cpu.close();
  }
}

/** What an outcome holds for: another driver comes with another adapter's name, or with another browser. */
async function identity() {
  return [VERSION, navigator.userAgent, nameOf(await requestAdapter())].join(" ");
}

/** @param {string} adapter @returns {{ wrong: string | null } | null} */
function recalled(adapter) {
  const kept = /** @type {{ adapter?: unknown, wrong?: unknown } | null} */ (readLocalJson(MEMORY));
  if (kept?.adapter !== adapter) return null;
  return { wrong: typeof kept.wrong === "string" ? kept.wrong : null };
}

/** @param {string} adapter @param {string | null} wrong what was; null where all was as on the CPU */
function keep(adapter, wrong) {
  writeLocal(MEMORY, JSON.stringify({ adapter, wrong }));
}
