/**
 * Work that outlives the page: the draft and the runs kept in the browser, and checkpoints as files.
 *
 * @import { DeviceManager } from "../engine/devices/device-manager.js"
 * @import { RunInfo, Settings } from "../engine/engine-types.js"
 * @import { Read, Snapshot } from "../engine/protocol.js"
 * @import { Known } from "../state/run.js"
 * @import { DraftText } from "../state/run-draft.js"
 * @import { Session } from "../state/session.js"
 * @import { Manifest, TextRef } from "./manifest.js"
 * @import { StoredDraft, RunStore } from "./run-store.js"
 */

import { hasChosenVocab } from "../engine/tokenizers.js";
import { texts } from "../i18n/index.js";
import { Run } from "../state/run.js";
import { fromKept, nameOf, sample } from "../state/text-source.js";
import { downloadFile } from "../ui/download-file.js";

export class RunLoader {
  /** @type {Manifest | null} */ #offeredRun = null;
  #session;
  #runStore;
  #devices;

  /**
   * @param {Session} session
   * @param {RunStore} runStore
   * @param {DeviceManager} devices
   */
  constructor(session, runStore, devices) {
    this.#session = session;
    this.#runStore = runStore;
    this.#devices = devices;
  }

  /** The newest run of an earlier visit, while it is offered. */
  get offeredRun() {
    return this.#offeredRun;
  }

  /** @param {Manifest | null} run that can be gone on with; null for none, or none any more */
  offerRun(run) {
    this.#offeredRun = run;
  }

  /**
   * Puts another run on the page than the one that is offered, which stays in the list; where it fails the offer stands.
   * @param {() => Promise<boolean>} action
   */
  async insteadOfOffered(action) {
    const offered = this.#offeredRun;
    this.#offeredRun = null;
    if (!(await action())) this.#offeredRun = offered;
  }

  /**
   * Puts the draft of an earlier visit back, else the sample.
   * @param {StoredDraft | null} stored
   */
  async restoreDraft(stored) {
    const { draft } = this.#session;
    if (stored) draft.settings = { ...draft.settings, ...stored.settings };
    try {
      await draft.use(stored ? await this.#textOf(stored.text) : sample);
    } catch (error) {
      // A text that can no longer be read is no reason to have none.
      await draft.use(sample);
      if (stored?.text.kind === "kept") this.#session.tell("error", texts.draftTextLost(stored.text.name, error), "text");
    }
  }

  /** Keeps the draft. */
  saveDraft() {
    const { draft } = this.#session;
    if (!draft.settings) return;
    const stored = /** @type {StoredDraft} */ ({ version: 1, text: draft.text.ref, settings: draft.settings, device: this.#devices.choice });
    void this.#runStore.saveDraft(stored).catch((error) => this.#session.saveFailed(error));
  }

  /**
   * Puts a text into the draft and keeps it.
   * @param {DraftText} chosen
   * @returns {Promise<Read | null>} what was found in its files; null for the built-in sample
   */
  async use(chosen) {
    const { draft } = this.#session;
    const read = await this.#session.useText(chosen);
    if (chosen.ref.kind !== "sample") await this.#saveText(draft.text);
    this.saveDraft();
    return read;
  }

  /** @param {DraftText} text that is in the draft */
  async #saveText({ name, ref }) {
    const { draft } = this.#session;
    const blob = await draft.normalised();
    const kept = await this.#runStore.saveText(blob, name).catch((error) => {
      this.#session.saveFailed(error);
      return ref;
    });
    draft.text = { ...fromKept(blob, name), ref: kept };
  }

  /** Goes on with the run that is offered; one that was under way trains on. */
  continueOffered() {
    const run = this.#offeredRun;
    return this.#session.act(texts.keptUnreadable, async () => {
      if (!run) return;
      await this.#open(run);
      if (run.phase === "running" && this.#session.phase === "paused") await this.#session.startTraining("run");
    });
  }

  /**
   * Puts a kept run where the present one is, which is kept as well.
   * @param {string} id
   */
  open(id) {
    return this.#session.act(texts.keptUnreadable, async () => {
      const run = this.#runStore.run(id);
      if (run && this.#session.phase !== "running") await this.#open(run);
    });
  }

  /**
   * Puts the text and the settings of a kept run into the draft, for a new run.
   * @param {string} id
   */
  copyToDraft(id) {
    return this.#session.act(texts.keptUnreadable, async () => {
      const run = this.#runStore.run(id);
      if (!run || this.#session.active) return;
      await this.#applyToDraft(run, await this.#textOf(run.text));
      this.saveDraft();
    });
  }

  /** Deletes kept runs; the person may undo it. @param {string[]} ids */
  async remove(ids) {
    const session = this.#session;
    if (session.run && ids.includes(session.run.id)) session.closeRun();
    if (this.#offeredRun && ids.includes(this.#offeredRun.id)) this.#offeredRun = null;
    await this.#runStore.remove(ids);
    session.changed();
  }

  /**
   * From its newest state that is whole.
   * @param {Manifest} manifest
   */
  async #open(manifest) {
    const session = this.#session;
    const text = await this.#textOf(manifest.text).catch(() => null);
    if (!text) return this.#openTextless(manifest);
    await this.#applyToDraft(manifest, text);
    const { info, bytes } = await this.#newestState(manifest.id);
    if (info.step !== manifest.step) session.tell("info", texts.olderState(info.step));
    const { id, samples, verdict: endReason, bestState, phase } = manifest;
    const best = bestState && bestState.step <= info.step ? await this.#runStore.best(id) : null;
    this.#adopt(info, bytes, phase === "ended", { id, samples, endReason, best });
    this.#offeredRun = null;
  }

  /**
   * To be trained on where its text is in the draft, else to write.
   * @param {Manifest} manifest
   */
  async #openTextless({ id, name, samples, text, textName }) {
    const session = this.#session;
    const { info, bytes } = await this.#newestState(id, "inspect");
    const trains = await this.#openState(info, bytes, { id, samples });
    this.#offeredRun = null;
    session.tell("info", trains ? texts.loadedToTrain(name, info, isDone(info)) : texts.textless(name, nameOf({ ref: text, name: textName })), "loaded");
  }

  /**
   * @param {Pick<Manifest, "settings">} manifest
   * @param {DraftText} text
   */
  async #applyToDraft({ settings }, text) {
    const { draft } = this.#session;
    // Of a run from an earlier version of the page something may be missing.
    draft.settings = { .../** @type {Settings} */ (draft.defaults?.tiny), ...settings };
    await this.#session.useText(text);
  }

  /**
   * @param {string} id
   * @param {"resume" | "inspect"} [type]
   * @returns {Promise<{ info: RunInfo, bytes: Uint8Array<ArrayBuffer> }>}
   */
  async #newestState(id, type = "resume") {
    /** @type {unknown} */
    let reason = new Error(texts.keptStateGone);
    for await (const bytes of this.#runStore.states(id)) {
      try {
        return { info: await this.#session.engine.ask({ type, bytes }), bytes };
      } catch (error) {
        reason = error;
      }
    }
    throw reason;
  }

  /**
   * The engine holds this run now; so does the session.
   * @param {RunInfo} info
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {boolean} over
   * @param {Known} known
   */
  #adopt(info, bytes, over, known) {
    const { draft } = this.#session;
    const run = Run.from(info, draft.runText, { ...known, snapshot: { bytes, step: info.step } });
    this.#session.openRun(run, over);
    if (run.settings) draft.settings = { ...run.settings };
  }

  /** The model as it is, once what was asked for before is done. */
  async present() {
    /** @type {Snapshot | null} */
    let snapshot = null;
    await this.#session.act(texts.failed.saving, async () => void (snapshot = await this.#session.currentSnapshot()));
    return /** @type {Snapshot | null} */ (snapshot);
  }

  /** Offers the model as a file. */
  saveFile() {
    return this.#session.act(texts.failed.saving, async () => {
      const { run } = this.#session;
      const snapshot = await this.#session.currentSnapshot();
      if (!run || !snapshot) return;
      downloadFile(new Blob([snapshot.bytes], { type: "application/octet-stream" }), `mmrec-${run.stage ?? "model"}-step${snapshot.step}.safetensors`);
      run.exported(snapshot.step);
    });
  }

  /** @param {File} file */
  loadFile(file) {
    return this.#session.act((error) => texts.checkpointRefused(error, file.name), async () => {
      const session = this.#session;
      const bytes = new Uint8Array(await file.arrayBuffer());
      const info = await session.engine.ask({ type: "inspect", bytes });
      const trains = await this.#openState(info, bytes);
      session.tell("info", trains ? texts.loadedToTrain(file.name, info, isDone(info)) : texts.loadedToWrite(file.name, info), "loaded");
    });
  }

  /**
   * @param {RunInfo} info of the state
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {Known} [known] of the run, where it is a kept one
   * @returns {Promise<boolean>} whether the run can be trained on
   */
  async #openState(info, bytes, known = {}) {
    const session = this.#session;
    if (info.settings && (await this.#matchesText(info))) {
      const done = info.step >= info.settings.steps;
      const resumed = await session.engine.ask({ type: "resume", bytes });
      this.#adopt(resumed, bytes, done, { ...known, endReason: done ? "steps" : null });
      await session.saveState();
      return true;
    }
    const { step } = info;
    const loaded = await session.engine.ask({ type: "load", bytes });
    session.openRun(Run.from(loaded, null, { ...known, snapshot: { bytes, step }, exportedStep: step, endReason: "opened" }), true);
    return false;
  }

  /**
   * Whether a checkpoint was trained on the text that is here, with its own tokenizer.
   * @param {RunInfo} info
   */
  async #matchesText(info) {
    const { draft } = this.#session;
    const matches = () => draft.info?.fingerprint === info.fingerprint;
    const before = draft.settings;
    if (matches() || !before) return matches();
    await draft.change({ tokenizer: info.tokenizer, ...(hasChosenVocab(info.tokenizer) && { vocab: info.vocabulary }), validation: info.settings?.validation });
    if (!matches()) await draft.change(before);
    return matches();
  }

  /**
   * @param {TextRef} ref
   * @returns {Promise<DraftText>}
   */
  async #textOf(ref) {
    if (ref.kind === "sample") return sample;
    const blob = await this.#runStore.readText(ref.id);
    if (!blob) throw new Error(texts.keptTextGone);
    return { ...fromKept(blob, ref.name), ref };
  }
}

/** Whether all planned steps were taken. @param {RunInfo} info */
function isDone({ step, settings }) {
  return settings !== null && step >= settings.steps;
}
