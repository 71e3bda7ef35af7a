/**
 * What the next run would be made from: the text and the settings, and what the engine says about them.
 *
 * @import { EngineClient } from "../engine/engine-client.js"
 * @import { DataInfo, Description, FileInfo, StageInfo, Settings, Stage } from "../engine/engine-types.js"
 * @import { Opened, PrepareOptions, Read, TextSource } from "../engine/protocol.js"
 * @import { TextRef } from "../storage/manifest.js"
 * @import { RunText } from "./run.js"
 *
 * A text; `folder`: where its files come from, if all of them come from one.
 * @typedef {{ source: TextSource, ref: TextRef, name: string, folder?: string }} DraftText
 *
 * What a tab that follows another shows of that one's.
 * @typedef {Pick<RunDraft, "settings" | "info" | "text">} Mirrored
 *
 * What changes at once, when all of it is known.
 * @typedef {Partial<Pick<RunDraft, "text" | "textSummary" | "notes" | "info">>} Next
 */

import { hasChosenVocab } from "../engine/tokenizers.js";
import { texts } from "../i18n/index.js";
import { asRead, sample } from "./text-source.js";

/** Settings that belong to a person and not to a size of model: they stay when another size is chosen. */
const PERSONAL = /** @type {const} */ (["gpt", "gate_rank", "planning", "tokenizer", "vocab", "seed", "sample_prompt", "sample_every", "validation"]);

/** Bytes that training can have here: what WebAssembly can address, less room for the text; and no more than the machine has. */
const MEMORY = Math.min(3.8e9, (/** @type {{ deviceMemory?: number }} */ (globalThis.navigator ?? {}).deviceMemory ?? 8) * 2 ** 30);

export class RunDraft {
  /** @type {() => EngineClient} */ #client;
  /** @type {DraftText} */ text = sample;
  /** @type {DataInfo | null} */ info = null;
  /** How far the text is made into tokens, 0 to 1; null where that is done. @type {number | null} */ preparing = null;
  /** @type {{ bytes: number, characters: number, preview: string } | null} */ textSummary = null;
  /** Of its files those that are not what a text usually is. @type {FileInfo[]} */ notes = [];
  /** @type {Settings | null} */ settings = null;
  /** @type {Description | null} */ description = null;
  /** @type {StageInfo[]} */ stages = [];
  /** @type {Opened["defaults"] | null} */ defaults = null;
  /** Why training cannot start with this. @type {{ where: "text" | "settings", error: unknown } | null} */ problem = null;
  /** Whether it is another tab's, of which this tab's engine knows nothing. */ #mirrored = false;

  /** @param {() => EngineClient} client */
  constructor(client) {
    this.#client = client;
  }

  /** What the engine has said of it. */
  get findings() {
    const { info, textSummary, description, problem } = this;
    return { info, textSummary, description, problem };
  }

  /** Another engine knows it as well. @param {RunDraft["findings"]} findings what that one has said of it */
  restore(findings) {
    Object.assign(this, findings);
  }

  /** Shows another tab's draft. @param {Mirrored | null} other null: there is none any more */
  mirror(other) {
    this.#mirrored = other !== null;
    Object.assign(this, other ?? { settings: null, info: null, text: sample });
  }

  get ready() {
    return !this.#mirrored && this.settings !== null && this.info !== null && this.problem === null;
  }

  /** The `problem` in words. */
  get complaint() {
    if (!this.problem) return "";
    const { where, error } = this.problem;
    return where === "text" ? texts.notTrainable(error) : texts.settingsRefused(error);
  }

  /** @param {Stage} stage */
  stageInfoOf(stage) {
    return this.stages.find((info) => info.stage === stage);
  }

  /**
   * @param {Stage | null} stage null for a model that is no rung of the ladder
   * @returns {Stage[]} the browser's rungs below it, the next one first
   */
  smallerThan(stage) {
    const stages = this.stages.map(({ stage }) => stage).reverse();
    return stage ? stages.slice(stages.indexOf(stage) + 1) : [];
  }

  /** @param {Opened} opened */
  setDefaults(opened) {
    this.stages = opened.stages;
    this.defaults = opened.defaults;
    this.settings ??= { ...opened.defaults.tiny };
  }

  /**
   * Puts another text here; the earlier one stays where the engine refuses this one.
   * @param {DraftText} text
   * @returns {Promise<Read | null>} what was found in its files; null for the built-in sample
   */
  async use(text) {
    const read = await this.#ask({ type: "read", source: text.source }).catch(async (refusal) => {
      // Whatever becomes of the earlier one, this is about the new one.
      await this.reload().catch((error) => Object.assign(this, { info: null, description: null, problem: { where: "text", error } }));
      throw refusal;
    });
    const isNoted = (/** @type {FileInfo} */ { encoding, replaced, document, repeated }) => !repeated && (encoding !== "utf-8" || replaced > 0 || document !== null);
    const notes = read?.files.filter(isNoted) ?? [];
    await this.#prepare({ text: read ? asRead(text, read) : text, textSummary: read, notes });
    return read;
  }

  /** Gives everything to an engine that has nothing yet; a text that can no longer be read is the `problem`. */
  async reload() {
    try {
      const textSummary = await this.#ask({ type: "read", source: this.text.source });
      await this.#prepare({ textSummary });
    } catch (error) {
      if (!this.#client().alive) throw error;
      Object.assign(this, { info: null, description: null, problem: { where: "text", error } });
    }
  }

  /** @param {Partial<Settings>} change */
  async change(change) {
    if (!this.settings) return;
    const prepared = this.options;
    this.settings = this.changed(change);
    if (JSON.stringify(prepared) === JSON.stringify(this.options) && this.info) await this.#describe();
    else await this.#prepare();
  }

  /**
   * The settings after a change.
   * @param {Partial<Settings>} change
   * @returns {Settings}
   */
  changed(change) {
    return { ...this.#withStage(/** @type {Settings} */ (this.settings), change), ...change };
  }

  /**
   * What other settings would mean for the present text.
   * @param {Settings} settings
   */
  describe(settings) {
    return this.#ask({ type: "describe", settings });
  }

  /** The longest context that the text has room for; null where there is no telling. */
  longestContext() {
    return this.#ask({ type: "longest_context" });
  }

  /**
   * The estimate is one for the CPU; a GPU says for itself when it is full.
   * @param {Description} description
   */
  fits({ memory }) {
    return this.#client().device !== "cpu" || !(memory > MEMORY);
  }

  /** The normalised text, to be kept. */
  normalised() {
    return this.#ask({ type: "text" });
  }

  /** @returns {PrepareOptions} */
  get options() {
    const { tokenizer, vocab, context, batch, validation } = /** @type {Settings} */ (this.settings);
    return { tokenizer, context, batch, ...(hasChosenVocab(tokenizer) && { vocab }), ...(validation !== undefined && { validation }) };
  }

  /** @returns {RunText} */
  get runText() {
    return { ...this.text, fingerprint: this.info?.fingerprint ?? "", options: this.options };
  }

  /**
   * Splits the text that the engine has read and turns it into tokens; what is wrong with it becomes the `problem`.
   * @param {Next} [next]
   */
  async #prepare(next) {
    if (!this.settings) return void Object.assign(this, next);
    try {
      const info = await this.#ask({ type: "prepare", options: this.options });
      await this.#describe({ ...next, info });
    } catch (error) {
      Object.assign(this, next, { info: null, description: null });
      if (!this.#client().alive) throw error;
      this.problem = { where: "text", error };
    } finally {
      this.preparing = null;
    }
  }

  /** @param {Next} [next] */
  async #describe(next) {
    /** @type {Pick<RunDraft, "description" | "problem">} */
    let found;
    try {
      const description = await this.describe(/** @type {Settings} */ (this.settings));
      const problem = this.fits(description) ? null : { where: /** @type {const} */ ("settings"), error: new Error(texts.lacksMemory(description.memory, MEMORY)) };
      found = { description, problem };
    } catch (error) {
      this.description = null;
      if (!this.#client().alive) throw error;
      found = { description: null, problem: { where: "settings", error } };
    }
    Object.assign(this, next, found);
  }

  /**
   * Another size of model comes with its own defaults.
   * @param {Settings} settings
   * @param {Partial<Settings>} change
   */
  #withStage(settings, change) {
    const stage = /** @type {Stage | undefined} */ (change.stage);
    if (!stage || stage === settings.stage || !this.defaults) return settings;
    const next = { ...this.defaults[stage] };
    for (const key of PERSONAL) if (settings[key] !== undefined) Object.assign(next, { [key]: settings[key] });
    return next;
  }

  /** @type {EngineClient["ask"]} */
  #ask(request) {
    return this.#client().ask(request);
  }
}
