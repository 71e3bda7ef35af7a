/**
 * A model in the engine and the course of its training, as far as the page knows it.
 *
 * @import { Description, EngineEvent, Growth, RunInfo, Settings, Stage, TokenizerKind } from "../engine/engine-types.js"
 * @import { PrepareOptions, Snapshot, TextSource } from "../engine/protocol.js"
 * @import { Sample, TextRef } from "../storage/manifest.js"
 *
 * What another tab is told of a run. That tab may be of another version, so these names stay.
 * @typedef {Pick<Run, "id" | "growths" | "samples" | "step" | "evaluating" | "exportedStep" | "settings" | "stage" | "growsTo" | "tokenizer" | "parameters" | "uniform">
 *   & { verdict: string | null, attached: boolean }} RunMessage
 *
 * The text a run learns from.
 * @typedef {{ source: TextSource, ref: TextRef, name: string, fingerprint: string, options: PrepareOptions }} RunText
 */

import { MetricsHistory } from "./metrics-history.js";

/** How many samples are shown; older ones make room. */
const SAMPLES = 200;

export class Run {
  /** Under which it is kept. @type {string} */ id = crypto.randomUUID();
  metrics = new MetricsHistory();
  /** Earliest first. @type {Growth[]} */ growths = [];
  /** @type {Sample[]} */ samples = [];
  step = 0;
  /** @type {{ done: number, total: number } | null} */ evaluating = null;
  /** Why it ended, a key of `texts.endReasons`. @type {string | null} */ endReason = null;
  /** The last state the page holds; where a broken worker is followed by a new one, the run goes on from here. @type {Snapshot | null} */
  snapshot = null;
  /** The state with the lowest validation loss, where the page has seen it. @type {Snapshot | null} */ best = null;
  /** The step whose state the person last saved to a file. */ exportedStep = -1;
  /** Whether the engine holds this run together with its text. */ engineHasRun = true;

  /**
   * @param {object} parts
   * @param {Settings | null} parts.settings null: the model can write, not train
   * @param {RunText | null} parts.text null: it is not here
   * @param {Stage | null} parts.stage
   * @param {Stage | null} [parts.growsTo] the next size it can grow into
   * @param {TokenizerKind} parts.tokenizer
   * @param {number} parts.parameters
   * @param {number} parts.uniform ln V
   */
  constructor({ settings, text, stage, growsTo = null, tokenizer, parameters, uniform }) {
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
   */
  static from(info, text) {
    const { settings, stage, grows_to: growsTo, tokenizer, parameters, vocabulary } = info;
    const run = new Run({ settings: text ? settings : null, text, stage, growsTo, tokenizer, parameters, uniform: Math.log(vocabulary) });
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
    return Object.assign(Run.from(info, text), { id, samples, exportedStep, snapshot });
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
   * @param {object | null} metrics
   */
  static fromMessage({ verdict: endReason, attached: engineHasRun, ...fields }, metrics) {
    const run = new Run({ ...fields, text: null });
    return Object.assign(run, fields, { endReason, engineHasRun, metrics: Object.assign(run.metrics, metrics) });
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
    const { steps, speed } = this.metrics;
    const first = Math.max(0, speed.length - count);
    return speed.slice(first).flatMap((value, at) => (value !== null && Number(steps[first + at]) > this.began ? [value] : []));
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
    if (this.best && this.best.step > info.step) this.best = null;
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
        this.endReason = event.reason;
    }
  }
}
