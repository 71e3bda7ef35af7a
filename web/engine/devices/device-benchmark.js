/**
 * Finds the faster device by measurement, in the background, with workers of its own: nobody waits for it.
 *
 * @import { EngineClient } from "../engine-client.js"
 * @import { DeviceKind, Settings } from "../engine-types.js"
 * @import { TextSource } from "../protocol.js"
 * @import { Checking } from "./gpu-check.js"
 *
 * @typedef {"unknown" | "none" | "software" | "unsound" | "usable"} Adapter
 */

import { readLocalJson, writeLocal } from "../../platform/local-storage.js";
import { hasChosenVocab } from "../tokenizers.js";
import { isSoftware, requestAdapter } from "./gpu-adapter.js";
import { UnsoundGpu, knownFault, openEngine } from "./gpu-check.js";

/** How much of a text a measurement reads; the speed hardly depends on it. */
const PIECE = 500_000;
const MEMORY = "mmrec-speeds";

export class DeviceBenchmark {
  /** @type {Adapter} */ adapter = "unknown";
  /** What was wrong with a GPU that was to be measured. @type {string | null} */ unsound = null;
  /** Tokens per second by device and shape. @type {Map<string, number>} */ #speeds = recallSpeeds();
  /** Shapes for which a WebGPU worker was measured on this visit. @type {Set<string>} */ #tried = new Set();
  /** @type {AbortController | null} */ #measuring = null;

  /** Asks the browser for a WebGPU adapter. A software one is slower than the CPU engine, so it does not count. */
  async look() {
    const adapter = await requestAdapter();
    if (!adapter) this.adapter = "none";
    else if (isSoftware(adapter)) this.adapter = "software";
    else this.adapter = (await knownFault()) ? "unsound" : "usable";
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
    writeLocal(MEMORY, JSON.stringify([...this.#speeds].slice(-50)));
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
   * @param {Pick<Checking, "progress">} [checking] of a GPU, before
   * @returns {Promise<EngineClient | null>} the warm worker, which now belongs to the caller; null where it failed or was called off
   */
  async measure(device, settings, source, { progress } = {}) {
    this.cancel();
    const measuring = new AbortController();
    this.#measuring = measuring;
    if (device === "webgpu") this.#tried.add(shape(device, settings));
    /** @type {EngineClient | undefined} */
    let client;
    try {
      client = await openEngine(device, { signal: measuring.signal, progress });
      await client.ask({ type: "read", source: pieceOf(source) });
      const { tokenizer, vocab, context, batch } = settings;
      await client.ask({ type: "prepare", options: { tokenizer, vocab, context, batch } });
      const { tokens_per_s: speed } = await client.ask({ type: "probe", settings });
      this.note(device, settings, speed);
      return client;
    } catch (error) {
      client?.close();
      if (error instanceof UnsoundGpu) {
        this.adapter = "unsound";
        this.unsound = error.message;
      }
      return null;
    } finally {
      if (this.#measuring === measuring) this.#measuring = null;
    }
  }

  /** Ends a measurement that is under way: its worker is needed less than the time it takes. */
  cancel() {
    this.#measuring?.abort();
    this.#measuring = null;
  }
}

/**
 * @param {DeviceKind} device
 * @param {Settings} settings
 */
const shape = (device, { stage, sizes, context, batch, tokenizer, vocab }) =>
  [device, stage ?? JSON.stringify(sizes), context, batch, tokenizer, ...(hasChosenVocab(tokenizer) ? [vocab] : [])].join(" ");

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

/** @returns {Map<string, number>} */
function recallSpeeds() {
  const kept = readLocalJson(MEMORY);
  return new Map(Array.isArray(kept) ? /** @type {[string, number][]} */ (kept.filter(Array.isArray)) : []);
}
