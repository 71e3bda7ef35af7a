/**
 * Finds the faster device by measurement, in the background, with workers of its own: nobody waits for it.
 *
 * @import { DeviceKind, Settings } from "./engine-types.js"
 * @import { TextSource } from "./protocol.js"
 *
 * @typedef {"unknown" | "none" | "software" | "usable"} Adapter
 */

import { EngineClient } from "./engine-client.js";
import { recallJson, remember } from "./remember.js";

/** How much of a text a measurement reads; the speed hardly depends on it. */
const PIECE = 500_000;
const MEMORY = "mmrec-speeds";

export class Chooser {
  /** @type {Adapter} */ adapter = "unknown";
  /** Tokens per second by device and shape. @type {Map<string, number>} */ #speeds = recallSpeeds();
  /** Shapes for which a WebGPU worker was measured on this visit. @type {Set<string>} */ #tried = new Set();
  /** @type {AbortController | null} */ #measuring = null;

  /** Asks the browser for a WebGPU adapter. A software one is slower than the CPU engine, so it does not count. */
  async look() {
    try {
      const adapter = await gpuOf(navigator)?.requestAdapter({ powerPreference: "high-performance" });
      this.adapter = !adapter ? "none" : isSoftware(adapter) ? "software" : "usable";
    } catch {
      this.adapter = "none";
    }
  }

  /**
   * @param {DeviceKind} device
   * @param {Settings} settings
   */
  speed(device, settings) {
    return this.#speeds.get(shape(device, settings)) ?? null;
  }

  /**
   * @param {DeviceKind} device
   * @param {Settings} settings
   * @param {number} speed tokens per second
   */
  note(device, settings, speed) {
    if (!(speed > 0)) return;
    this.#speeds.set(shape(device, settings), speed);
    remember(MEMORY, JSON.stringify([...this.#speeds].slice(-50)));
  }

  /**
   * Whether measuring could still change the choice of the device.
   * @param {Settings} settings
   */
  worthTrying(settings) {
    return this.adapter === "usable" && !this.#tried.has(shape("webgpu", settings));
  }

  /** The device failed in use: it is not tried again on this visit. */
  giveUpWebGpu() {
    this.adapter = "none";
  }

  /**
   * Measures a device on a few real steps.
   * @param {DeviceKind} device
   * @param {Settings} settings
   * @param {TextSource} source
   * @returns {Promise<EngineClient | null>} the warm worker, which now belongs to the caller; null where it failed or was called off
   */
  async measure(device, settings, source) {
    this.callOff();
    const measuring = new AbortController();
    this.#measuring = measuring;
    if (device === "webgpu") this.#tried.add(shape(device, settings));
    /** @type {EngineClient | undefined} */
    let client;
    try {
      client = await EngineClient.open(device, measuring.signal);
      await client.ask({ type: "read", source: pieceOf(source) });
      const { tokenizer, vocab, context, batch } = settings;
      await client.ask({ type: "prepare", options: { tokenizer, vocab, context, batch } });
      const { tokens_per_s: speed } = await client.ask({ type: "probe", settings });
      this.note(device, settings, speed);
      return client;
    } catch {
      client?.close();
      return null;
    } finally {
      if (this.#measuring === measuring) this.#measuring = null;
    }
  }

  /** Ends a measurement that is under way: its worker is needed less than the time it takes. */
  callOff() {
    this.#measuring?.abort();
    this.#measuring = null;
  }
}

/**
 * @param {DeviceKind} device
 * @param {Settings} settings
 */
const shape = (device, { stage, sizes, context, batch, tokenizer, vocab }) =>
  [device, stage ?? JSON.stringify(sizes), context, batch, tokenizer, ...(tokenizer === "bpe" ? [vocab] : [])].join(" ");

/**
 * @param {TextSource} source
 * @returns {TextSource}
 */
function pieceOf(source) {
  if (source.kind === "sample") return source;
  if (source.kind === "kept") return { ...source, blob: source.blob.slice(0, PIECE) };
  const first = source.files.find(({ blob }) => blob.size > 0);
  if (!first) return { kind: "sample" };
  // The cut may fall inside a character, hence the leniency.
  return { kind: "files", files: [{ name: first.name, blob: first.blob.slice(0, PIECE) }], lossy: true };
}

/**
 * What the page needs of WebGPU; the types of the browser's library do not have it everywhere yet.
 * @typedef {{ isFallbackAdapter?: boolean, info?: { isFallbackAdapter?: boolean, architecture?: string, description?: string } }} GpuAdapter
 * @param {Navigator} from
 * @returns {{ requestAdapter(options: { powerPreference: string }): Promise<GpuAdapter | null> } | undefined}
 */
const gpuOf = (from) => /** @type {any} */ (from).gpu;

/** @param {GpuAdapter} adapter */
function isSoftware({ isFallbackAdapter, info }) {
  return Boolean(isFallbackAdapter || info?.isFallbackAdapter) || /swiftshader|llvmpipe|lavapipe/i.test(`${info?.architecture} ${info?.description}`);
}

/** @returns {Map<string, number>} */
function recallSpeeds() {
  const kept = recallJson(MEMORY);
  return new Map(Array.isArray(kept) ? /** @type {[string, number][]} */ (kept.filter(Array.isArray)) : []);
}
