/**
 * Work that outlives the page: the draft and the run kept in the browser, and checkpoints as files.
 *
 * @import { Devices } from "./devices.js"
 * @import { RunInfo } from "./engine-types.js"
 * @import { Draft, Keeper, Manifest } from "./keeper.js"
 * @import { DeskText } from "./desk.js"
 * @import { Session } from "./session.js"
 */

import { texts } from "./texts/index.js";
import { Run } from "./run.js";
import { fromKept, sample } from "./text-source.js";

export class Archive {
  /** The run of an earlier visit that was neither continued nor discarded yet. @type {Manifest | null} */ kept = null;
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
    const text = (draft && (await this.#textOf(draft.text))) ?? sample;
    // A text that can no longer be read is no reason to have none.
    await desk.use(text).catch(() => desk.use(sample));
  }

  /** Keeps what is on the desk. */
  keepDraft() {
    const { desk } = this.#session;
    if (!desk.settings) return;
    const draft = /** @type {Draft} */ ({ version: 1, text: desk.text.ref, settings: desk.settings, device: this.#devices.choice });
    void this.#keeper.keepDraft(draft).catch((error) => this.#session.tell("error", texts.notKept(error), "keep"));
  }

  /**
   * Puts a text on the desk and keeps it.
   * @param {DeskText} text
   */
  async use(text) {
    const { desk } = this.#session;
    await this.#session.useText(text);
    if (text.ref.kind === "sample") return this.keepDraft();
    const blob = await desk.normalised();
    const ref = await this.#keeper.keepText(blob, text.name).catch((error) => {
      this.#session.tell("error", texts.notKept(error), "keep");
      return text.ref;
    });
    desk.text = { ...fromKept(blob, text.name), ref };
    this.keepDraft();
  }

  /** Goes on with the kept run, from its newest state that is whole. */
  continueKept() {
    return this.#session.act(texts.keptUnreadable, async () => {
      const manifest = this.kept;
      if (!manifest) return;
      const session = this.#session;
      const text = await this.#textOf(manifest.text);
      if (!text) throw new Error(texts.keptTextGone);
      session.desk.settings = { ...manifest.settings };
      await session.desk.use(text);
      const { info, bytes } = await this.#newestState();
      if (info.step !== manifest.step) session.tell("info", texts.olderState(info.step));
      const run = this.#take(info, bytes);
      run.kept = true;
      run.samples = manifest.samples.filter((entry) => entry.step <= info.step);
      run.verdict = manifest.verdict;
      this.kept = null;
      session.phase = manifest.phase === "ended" ? "ended" : "paused";
      if (manifest.phase === "running") await session.go("run");
    });
  }

  async discardKept() {
    this.kept = null;
    this.#session.changed();
    await this.#keeper.discardRun().catch(() => {});
  }

  /** @returns {Promise<{ info: RunInfo, bytes: Uint8Array<ArrayBuffer> }>} */
  async #newestState() {
    /** @type {unknown} */
    let reason = new Error(texts.keptStateGone);
    for await (const bytes of this.#keeper.states()) {
      try {
        return { info: await this.#session.engine.ask({ type: "resume", bytes }), bytes };
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

  /** Offers the model as a file. */
  saveFile() {
    return this.#session.act(texts.failed.saving, async () => {
      const { run } = this.#session;
      const snapshot = await this.#session.present();
      if (!run || !snapshot) return;
      download(new Blob([snapshot.bytes], { type: "application/octet-stream" }), `mmrec-${run.stage ?? "model"}-step${snapshot.step}.safetensors`);
      run.exportedStep = snapshot.step;
    });
  }

  /** @param {File} file */
  loadFile(file) {
    return this.#session.act((error) => texts.checkpointRefused(error, file.name), async () => {
      const session = this.#session;
      const bytes = new Uint8Array(await file.arrayBuffer());
      const info = await session.engine.ask({ type: "inspect", bytes });
      if (info.settings && (await this.#fits(info))) {
        this.#take(await session.engine.ask({ type: "resume", bytes }), bytes);
        const done = info.step >= info.settings.steps;
        session.phase = done ? "ended" : "paused";
        if (done && session.run) session.run.verdict = "steps";
        session.tell("info", texts.loadedToTrain(file.name, info), "loaded");
        return session.keep();
      }
      session.run = Run.from(await session.engine.ask({ type: "load", bytes }), null);
      session.run.snapshot = { bytes, step: info.step };
      session.run.exportedStep = info.step;
      session.run.verdict = "opened";
      session.phase = "ended";
      session.tell("info", texts.loadedToWrite(file.name, info), "loaded");
    });
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
    await desk.change({ tokenizer: info.tokenizer, validation: info.settings?.validation });
    if (!matches()) await desk.change(before);
    return matches();
  }

  /**
   * @param {Draft["text"]} ref
   * @returns {Promise<DeskText | null>}
   */
  async #textOf(ref) {
    if (ref.kind === "sample") return sample;
    const blob = await this.#keeper.readText(ref.id);
    return blob && { ...fromKept(blob, ref.name), ref };
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken hold of the blob by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
