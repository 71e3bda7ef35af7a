/**
 * Work that outlives the page: the draft and the runs kept in the browser, and checkpoints as files.
 *
 * @import { Devices } from "../engine/devices/device-manager.js"
 * @import { RunInfo, Settings } from "../engine/engine-types.js"
 * @import { Read, Snapshot } from "../engine/protocol.js"
 * @import { DeskText } from "../state/run-draft.js"
 * @import { Session } from "../state/session.js"
 * @import { Manifest, TextRef } from "./manifest.js"
 * @import { Draft, Keeper } from "./run-store.js"
 */

import { texts } from "../i18n/index.js";
import { Run } from "../state/run.js";
import { fromKept, nameOf, sample } from "../state/text-source.js";
import { offer } from "../ui/download-file.js";

export class Archive {
  /** The newest run of an earlier visit, while it is offered. @type {Manifest | null} */ kept = null;
  #session;
  #keeper;
  #devices;

  /**
   * @param {Session} session
   * @param {Keeper} keeper
   * @param {Devices} devices
   */
  constructor(session, keeper, devices) {
    this.#session = session;
    this.#keeper = keeper;
    this.#devices = devices;
  }

  /**
   * Puts the draft of an earlier visit back on the desk, else the sample.
   * @param {Draft | null} draft
   */
  async restoreDraft(draft) {
    const { desk } = this.#session;
    if (draft) desk.settings = { ...desk.settings, ...draft.settings };
    try {
      await desk.use(draft ? await this.#textOf(draft.text) : sample);
    } catch (error) {
      // A text that can no longer be read is no reason to have none.
      await desk.use(sample);
      if (draft?.text.kind === "kept") this.#session.tell("error", texts.draftTextLost(draft.text.name, error), "text");
    }
  }

  /** Keeps what is on the desk. */
  keepDraft() {
    const { desk } = this.#session;
    if (!desk.settings) return;
    const draft = /** @type {Draft} */ ({ version: 1, text: desk.text.ref, settings: desk.settings, device: this.#devices.choice });
    void this.#keeper.keepDraft(draft).catch((error) => this.#session.notKept(error));
  }

  /**
   * Puts a text on the desk and keeps it.
   * @param {DeskText} chosen
   * @returns {Promise<Read | null>} what was found in its files; null for the built-in sample
   */
  async use(chosen) {
    const { desk } = this.#session;
    const read = await this.#session.useText(chosen);
    if (chosen.ref.kind !== "sample") await this.#keepText(desk.text);
    this.keepDraft();
    return read;
  }

  /** @param {DeskText} text that is on the desk */
  async #keepText({ name, ref }) {
    const { desk } = this.#session;
    const blob = await desk.normalised();
    const kept = await this.#keeper.keepText(blob, name).catch((error) => {
      this.#session.notKept(error);
      return ref;
    });
    desk.text = { ...fromKept(blob, name), ref: kept };
  }

  /** Goes on with the run that is offered; one that was under way trains on. */
  continueKept() {
    const run = this.kept;
    return this.#session.act(texts.keptUnreadable, async () => {
      if (!run) return;
      await this.#open(run);
      if (run.phase === "running" && this.#session.phase === "paused") await this.#session.go("run");
    });
  }

  /**
   * Puts a kept run where the present one is, which is kept as well.
   * @param {string} id
   */
  open(id) {
    return this.#session.act(texts.keptUnreadable, async () => {
      const run = this.#keeper.run(id);
      if (run && this.#session.phase !== "running") await this.#open(run);
    });
  }

  /**
   * Puts the text and the settings of a kept run on the desk, for a new run.
   * @param {string} id
   */
  again(id) {
    return this.#session.act(texts.keptUnreadable, async () => {
      const run = this.#keeper.run(id);
      if (!run || this.#session.active) return;
      await this.#lay(run, await this.#textOf(run.text));
      this.keepDraft();
    });
  }

  /** Deletes kept runs; the person may undo it. @param {string[]} ids */
  async remove(ids) {
    const session = this.#session;
    if (session.run && ids.includes(session.run.id)) session.leave();
    if (this.kept && ids.includes(this.kept.id)) this.kept = null;
    await this.#keeper.remove(ids);
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
    await this.#lay(manifest, text);
    const { info, bytes } = await this.#newestState(manifest.id);
    if (info.step !== manifest.step) session.tell("info", texts.olderState(info.step));
    const run = this.#take(info, bytes);
    run.id = manifest.id;
    run.samples = manifest.samples.filter((entry) => entry.step <= info.step);
    run.verdict = manifest.verdict;
    if (manifest.bestState && manifest.bestState.step <= info.step) run.best = await this.#keeper.best(manifest.id);
    this.kept = null;
    session.phase = manifest.phase === "ended" ? "ended" : "paused";
  }

  /**
   * To be trained on where its text lies on the desk, else to write.
   * @param {Manifest} manifest
   */
  async #openTextless({ id, name, samples, text, textName }) {
    const session = this.#session;
    const { info, bytes } = await this.#newestState(id, "inspect");
    const trains = await this.#openState(info, bytes, { id, samples });
    this.kept = null;
    session.tell("info", trains ? texts.loadedToTrain(name, info) : texts.textless(name, nameOf({ ref: text, name: textName })), "loaded");
  }

  /**
   * @param {Pick<Manifest, "settings">} manifest
   * @param {DeskText} text
   */
  async #lay({ settings }, text) {
    const { desk } = this.#session;
    // Of a run from an earlier version of the page something may be missing.
    desk.settings = { .../** @type {Settings} */ (desk.defaults?.tiny), ...settings };
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
    for await (const bytes of this.#keeper.states(id)) {
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
   */
  #take(info, bytes) {
    const session = this.#session;
    const run = Run.from(info, session.desk.runText);
    run.snapshot = { bytes, step: info.step };
    session.run = run;
    if (run.settings) session.desk.settings = { ...run.settings };
    return run;
  }

  /** The model as it is, once what was asked for before is done. */
  async present() {
    /** @type {Snapshot | null} */
    let snapshot = null;
    await this.#session.act(texts.failed.saving, async () => void (snapshot = await this.#session.present()));
    return /** @type {Snapshot | null} */ (snapshot);
  }

  /** Offers the model as a file. */
  saveFile() {
    return this.#session.act(texts.failed.saving, async () => {
      const { run } = this.#session;
      const snapshot = await this.#session.present();
      if (!run || !snapshot) return;
      offer(new Blob([snapshot.bytes], { type: "application/octet-stream" }), `mmrec-${run.stage ?? "model"}-step${snapshot.step}.safetensors`);
      run.exportedStep = snapshot.step;
    });
  }

  /** @param {File} file */
  loadFile(file) {
    return this.#session.act((error) => texts.checkpointRefused(error, file.name), async () => {
      const session = this.#session;
      const bytes = new Uint8Array(await file.arrayBuffer());
      const info = await session.engine.ask({ type: "inspect", bytes });
      const trains = await this.#openState(info, bytes);
      session.tell("info", trains ? texts.loadedToTrain(file.name, info) : texts.loadedToWrite(file.name, info), "loaded");
    });
  }

  /**
   * @param {RunInfo} info of the state
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {Partial<Pick<Run, "id" | "samples">>} [known] of the run, where it is a kept one
   * @returns {Promise<boolean>} whether the run can be trained on
   */
  async #openState(info, bytes, known = {}) {
    const session = this.#session;
    if (info.settings && (await this.#fits(info))) {
      const run = Object.assign(this.#take(await session.engine.ask({ type: "resume", bytes }), bytes), known);
      const done = info.step >= info.settings.steps;
      session.phase = done ? "ended" : "paused";
      if (done) run.verdict = "steps";
      await session.keep();
      return true;
    }
    session.run = Object.assign(Run.from(await session.engine.ask({ type: "load", bytes }), null), known);
    session.run.snapshot = { bytes, step: info.step };
    session.run.exportedStep = info.step;
    session.run.verdict = "opened";
    session.phase = "ended";
    return false;
  }

  /**
   * Whether a checkpoint was trained on the text that is here, with its own tokenizer.
   * @param {RunInfo} info
   */
  async #fits(info) {
    const { desk } = this.#session;
    const matches = () => desk.info?.fingerprint === info.fingerprint;
    const before = desk.settings;
    if (matches() || !before) return matches();
    await desk.change({ tokenizer: info.tokenizer, ...(info.tokenizer === "bpe" && { vocab: info.vocabulary }), validation: info.settings?.validation });
    if (!matches()) await desk.change(before);
    return matches();
  }

  /**
   * @param {TextRef} ref
   * @returns {Promise<DeskText>}
   */
  async #textOf(ref) {
    if (ref.kind === "sample") return sample;
    const blob = await this.#keeper.readText(ref.id);
    if (!blob) throw new Error(texts.keptTextGone);
    return { ...fromKept(blob, ref.name), ref };
  }
}
