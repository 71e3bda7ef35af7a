/**
 * A model in the engine and the course of its training, as far as the page knows it.
 *
 * @import { Description, EngineEvent, Growth, RunInfo, Settings, Stage, TokenizerKind } from "../engine/engine-types.js"
 * @import { PrepareOptions, Snapshot, TextSource } from "../engine/protocol.js"
 * @import { Sample, TextRef } from "../storage/manifest.js"
 *
 * What another tab is told of a run. That tab may be of another version, so these names stay.
 * @typedef {"id" | "growths" | "samples" | "step" | "evaluating" | "exportedStep"} Told
 * @typedef {"settings" | "stage" | "growsTo" | "tokenizer" | "parameters" | "uniform"} ToldOfModel
 * @typedef {Pick<Run, Told | ToldOfModel> & { verdict: string | null, attached: boolean }} RunMessage
 *
 * What is known of a run beside what its checkpoint says; see the properties of a `Run`.
 * @typedef {object} Known
 * @property {string} [id]
 * @property {Sample[]} [samples]
 * @property {number} [exportedStep]
 * @property {string | null} [endReason]
 * @property {Snapshot | null} [snapshot]
 * @property {Snapshot | null} [best]
 *
 * The text a run learns from.
 * @typedef {{ source: TextSource, ref: TextRef, name: string, fingerprint: string, options: PrepareOptions }} RunText
 */

import { texts } from "../i18n/index.js";
import { MetricsHistory } from "./metrics-history.js";

/** How many samples are shown; older ones make room. */
const SAMPLES = 200;

export class Run {
  metrics = new MetricsHistory();
  /** Earliest first. @type {Growth[]} */ growths = [];
  step = 0;
  /** @type {{ done: number, total: number } | null} */ evaluating = null;
  /** @type {string | null} */ #endReason;
  /** @type {Snapshot | null} */ #snapshot;
  /** @type {Snapshot | null} */ #best;
  #exportedStep;
  #engineHasRun = true;

  /**
   * @param {object} parts
   * @param {Settings | null} parts.settings null: the model can write, not train
   * @param {RunText | null} parts.text null: it is not here
   * @param {Stage | null} parts.stage
   * @param {Stage | null} [parts.growsTo] the next size it can grow into
   * @param {TokenizerKind} parts.tokenizer
   * @param {number} parts.parameters
   * @param {number} parts.uniform ln V
   * @param {Known} [known]
   */
  constructor({ settings, text, stage, growsTo = null, tokenizer, parameters, uniform }, known = {}) {
    const { id = crypto.randomUUID(), samples = [], exportedStep = -1, endReason = null, snapshot = null, best = null } = known;
    /** Under which it is kept. @type {string} */ this.id = id;
    this.samples = samples;
    this.#exportedStep = exportedStep;
    this.#endReason = endReason;
    this.#snapshot = snapshot;
    this.#best = best;
    this.settings = settings;
    this.text = text;
    this.stage = stage;
    this.growsTo = growsTo;
    this.tokenizer = tokenizer;
    this.parameters = parameters;
    this.uniform = uniform;
  }

  /**
   * @param {Settings} settings
   * @param {RunText} text
   * @param {Description} description
   */
  static fresh(settings, text, description) {
    const { parameters, grows_to: growsTo, uniform_loss: uniform } = description;
    return new Run({ settings: { ...settings }, text, stage: settings.stage, growsTo, tokenizer: settings.tokenizer, parameters, uniform });
  }

  /**
   * @param {RunInfo} info
   * @param {RunText | null} text
   * @param {Known} [known]
   */
  static from(info, text, known) {
    const { settings, stage, grows_to: growsTo, tokenizer, parameters, vocabulary } = info;
    const parts = { settings: text ? settings : null, text, stage, growsTo, tokenizer, parameters, uniform: Math.log(vocabulary) };
    const run = new Run(parts, known);
    run.rewind(info);
    return run;
  }

  /**
   * The same run with a larger model.
   * @param {Run} before
   * @param {RunInfo} info
   * @param {Snapshot} snapshot
   */
  static grown({ id, text, samples, exportedStep }, info, snapshot) {
    return Run.from(info, text, { id, samples, exportedStep, snapshot });
  }

  /** Without what is large or belongs to this tab. @returns {RunMessage} */
  toMessage() {
    const { id, growths, samples, step, evaluating, exportedStep, settings, stage, growsTo, tokenizer, parameters, uniform } = this;
    const fields = { id, growths, samples, step, evaluating, exportedStep, settings, stage, growsTo, tokenizer, parameters, uniform };
    return { ...fields, verdict: this.endReason, attached: this.engineHasRun };
  }

  /**
   * The run of another tab, to be shown.
   * @param {RunMessage} message
   * @param {Parameters<typeof MetricsHistory.fromMessage>[0] | null} metrics
   */
  static fromMessage({ verdict: endReason, attached, step, evaluating, growths, ...fields }, metrics) {
    const run = new Run({ ...fields, text: null }, { ...fields, endReason });
    Object.assign(run, { step, evaluating, growths });
    if (metrics) run.metrics = MetricsHistory.fromMessage(metrics);
    if (!attached) run.detach();
    return run;
  }

  /** Why it ended, a key of `texts.endReasons`. */
  get endReason() {
    return this.#endReason;
  }

  /** The last state the page holds; where a broken worker is followed by a new one, the run goes on from here. */
  get snapshot() {
    return this.#snapshot;
  }

  /** The state with the lowest validation loss, where the page has seen it. */
  get best() {
    return this.#best;
  }

  /** The step whose state the person last saved to a file. */
  get exportedStep() {
    return this.#exportedStep;
  }

  /** Whether the engine holds this run together with its text. */
  get engineHasRun() {
    return this.#engineHasRun;
  }

  /** @param {Snapshot} snapshot @param {boolean} [best] whether its validation loss is the lowest so far */
  holdSnapshot(snapshot, best = false) {
    this.#snapshot = snapshot;
    if (best) this.#best = snapshot;
  }

  /** The person has saved a state to a file. @param {number} step */
  exported(step) {
    this.#exportedStep = step;
  }

  /** @param {string} reason */
  end(reason) {
    this.#endReason = reason;
  }

  /** It is not over after all. */
  goOn() {
    this.#endReason = null;
  }

  /** The engine holds it with its text again, as a checkpoint says. @param {Pick<RunInfo, "step" | "growths" | "history">} info */
  attach(info) {
    this.rewind(info);
    this.#engineHasRun = true;
  }

  /** The engine holds another text, or another model. */
  detach() {
    this.#engineHasRun = false;
  }

  get planned() {
    return this.settings?.steps ?? this.step;
  }

  /** The step at which the model got its present size. */
  get began() {
    return this.growths.at(-1)?.step ?? 0;
  }

  /**
   * The last tokens per second of the model in its present size.
   * @param {number} count at most
   */
  recentSpeeds(count) {
    const { steps, tokens_per_s: speeds } = this.metrics;
    const first = Math.max(0, speeds.length - count);
    return speeds.slice(first).flatMap((value, at) => (value !== null && Number(steps[first + at]) > this.began ? [value] : []));
  }

  /** The last loss, of the kind that says most. */
  get loss() {
    return this.metrics.validationLoss ?? this.metrics.loss;
  }

  /**
   * Goes to where a checkpoint is; what came after it never happened.
   * @param {Pick<RunInfo, "step" | "growths" | "history">} info
   */
  rewind(info) {
    this.step = info.step;
    this.growths = info.growths;
    this.metrics.reset(info.history);
    this.samples = this.samples.filter((sample) => sample.step <= info.step);
    this.evaluating = null;
    if (this.#best && this.#best.step > info.step) this.#best = null;
  }

  /** @param {EngineEvent} event */
  apply(event) {
    switch (event.type) {
      case "step":
        this.step = event.step;
        this.evaluating = null;
        return this.metrics.addStep(event);
      case "eval":
        this.evaluating = null;
        return this.metrics.addEvaluation(event);
      case "evaluating":
        this.evaluating = event;
        return;
      case "sample":
        this.samples = [{ step: event.step, text: event.text }, ...this.samples].slice(0, SAMPLES);
        return;
      case "finished":
        this.#endReason = event.reason;
    }
  }
}

/** Why a run ended, in words. @param {Pick<Run, "endReason">} run */
export function endReasonOf({ endReason }) {
  return /** @type {Record<string, string>} */ (texts.endReasons)[endReason ?? ""] ?? texts.phases.ended;
}
