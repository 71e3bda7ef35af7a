/**
 * The page's one session: the engine's worker, the draft of the next run, the run, and in which phase all that is. It knows no
 * document; what it has to say goes to `Hooks`.
 *
 * Actions run one after another (`#turn`), because each may take the worker through several questions.
 *
 * @import { DeviceKind, EngineEvent, Settings } from "../engine/engine-types.js"
 * @import { Failure, Notice, Snapshot } from "../engine/protocol.js"
 * @import { Complaint } from "../platform/errors.js"
 * @import { RunStore } from "../storage/run-store.js"
 * @import { Phase } from "./phase.js"
 * @import { DraftText, Mirrored } from "./run-draft.js"
 *
 * @typedef {object} Hooks
 * @property {() => void} changed
 * @property {() => void} advanced the run took a step, which it does many times a second
 * @property {(kind: "error" | "info", complaint: Complaint, key?: string) => void} tell
 * @property {() => void} trainingStarts training is about to go on
 * @property {(device: DeviceKind, failure: Failure) => Promise<void>} workerDied another worker is to take its place
 * @property {() => Promise<void>} reviveWorker that has not gone well: one is to be opened now
 */

import { EngineClient, EngineError } from "../engine/engine-client.js";
import { tokensAreCharacters } from "../engine/tokenizers.js";
import { texts } from "../i18n/index.js";
import { isFull } from "../platform/errors.js";
import { Autosave } from "../storage/autosave.js";
import { serial } from "../ui/dom.js";
import { Eta } from "./eta.js";
import { Generation } from "./generation.js";
import { Insights } from "./insights.js";
import { PhaseMachine } from "./phase.js";
import { RunDraft } from "./run-draft.js";
import { Run } from "./run.js";

export class Session {
  draft = new RunDraft(() => this.engine);
  eta = new Eta();
  generation = new Generation(this);
  insights = new Insights(this);
  /** An action is under way that the person waits for. */ busy = false;
  /** How much is under way that a page which goes would leave half done. */ #unfinished = 0;
  #phase = new PhaseMachine();
  /** @type {EngineClient | null} */ #client = null;
  /** @type {Run | null} */ #run = null;
  /** @type {Phase | null} */ #leaderPhase = null;
  #hooks;
  #runStore;
  #autosave;
  #turn = serial();

  /**
   * @param {RunStore} runStore
   * @param {Hooks} hooks
   */
  constructor(runStore, hooks) {
    this.#hooks = hooks;
    this.#autosave = new Autosave(runStore, (error) => this.saveFailed(error));
    this.#runStore = runStore;
  }

  get phase() {
    return this.#phase.now;
  }

  get run() {
    return this.#run;
  }

  /** What another tab is doing whose run this one shows; its own phase is "starting" meanwhile. */
  get leaderPhase() {
    return this.#leaderPhase;
  }

  get client() {
    return this.#client;
  }

  get engine() {
    if (!this.client) throw new EngineError({ message: "The engine is not open yet.", fatal: true });
    return this.client;
  }

  /** What the losses are counted by. @returns {"letter" | "token"} */
  get unit() {
    return tokensAreCharacters((this.run ?? this.draft.settings)?.tokenizer) ? "letter" : "token";
  }

  get active() {
    return this.phase === "running" || this.phase === "paused";
  }

  /** Whether the GPU compiles its programs before the first step; a hundred of them take their time. */
  get preparing() {
    return this.phase === "running" && this.client?.device === "webgpu" && !this.client.warm;
  }

  /** Whether the run in the engine can be trained further on the text that is here. */
  get resumable() {
    return Boolean(this.run?.settings) && this.run?.text?.fingerprint === this.draft.info?.fingerprint;
  }

  /** The steps of the run that would be lost if the page were gone now. */
  get unsavedSteps() {
    const { run } = this;
    const kept = run && this.#runStore.lasting ? this.#runStore.run(run.id)?.states[0]?.step : 0;
    return run ? run.step - Math.max(0, run.exportedStep, kept ?? 0) : 0;
  }

  /** Those that are lost with it, when all that can be kept is. @returns {Promise<number>} */
  async unsavedAfterFlush() {
    await this.#turn(() => this.#autosave.flushed());
    await this.#runStore.whenIdle(async () => {});
    return this.unsavedSteps;
  }

  /**
   * The page is not to go before this is done, such as the reading of many runs.
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>} the same
   */
  finishing(work) {
    this.#unfinished++;
    return work.finally(() => this.#unfinished--);
  }

  /** Whether the person is to be asked before leaving; while states come and are kept, the few steps since are not worth it. */
  get askBeforeLeaving() {
    const losesSteps = this.unsavedSteps > 0 && (this.phase !== "running" || !this.#runStore.lasting || this.#autosave.failing);
    return losesSteps || this.#unfinished > 0;
  }

  /**
   * The page is about to go by its own doing: pauses the run, and trains on where something would be lost.
   * @returns {Promise<"unkept" | "busy" | null>} why it must not go; null where it may
   */
  async reasonToStay() {
    if (this.#unfinished > 0) {
      this.tell("info", texts.staysBusy(), "stays");
      return "busy";
    }
    const running = this.phase === "running";
    if (running) await this.pause();
    const lost = await this.unsavedAfterFlush();
    if (lost <= 0) return null;
    if (running) await this.resume();
    this.tell("error", texts.staysHere(lost), "stays");
    return "unkept";
  }

  /** Whether the run can be trained further as it is. */
  get canContinue() {
    return this.resumable && (this.phase === "paused" || this.stepsLeft);
  }

  /** Whether there are steps left, by what the person asks for now. */
  get stepsLeft() {
    return (this.draft.settings?.steps ?? 0) > (this.run?.step ?? 0);
  }

  /**
   * From now on another tab's session is shown here.
   * @param {Phase} [phase]
   * @param {Run | null} [run]
   * @param {Mirrored} [draft]
   */
  follow(phase = "starting", run = null, draft) {
    if (phase === "running" && this.#leaderPhase !== "running") this.eta.reset();
    if (run) this.eta.mark(run.step);
    if (draft) this.draft.mirror(draft);
    this.#run = run;
    this.#leaderPhase = phase;
    this.changed();
  }

  /** This session is the page's own again: the other one's run is read from the store from here on. */
  unfollow() {
    this.#run = null;
    this.#leaderPhase = null;
    this.draft.mirror(null);
    this.eta.reset();
    this.changed();
  }

  changed() {
    this.#hooks.changed();
  }

  /** @param {"error" | "info"} kind @param {Complaint} complaint @param {string} [key] */
  tell(kind, complaint, key) {
    this.#hooks.tell(kind, complaint, key);
  }

  /**
   * Runs an action after those before it, and says what went wrong with it.
   * @param {(error: unknown) => Complaint} explain
   * @param {() => Promise<void>} task
   * @returns {Promise<boolean>} whether it went well
   */
  act(explain, task) {
    return this.actWithoutWorker(explain, async () => {
      if (this.client && !this.client.alive) await this.#hooks.reviveWorker();
      await task();
    });
  }

  /**
   * The same for an action that needs no worker, since it brings one.
   * @param {(error: unknown) => Complaint} explain
   * @param {() => Promise<void>} task
   */
  actWithoutWorker(explain, task) {
    return this.#turn(async () => {
      this.busy = true;
      this.changed();
      try {
        await task();
        return true;
      } catch (error) {
        // The worker's death is told by whoever replaces it.
        const died = error instanceof EngineError && error.fatal && !this.client?.alive;
        if (!died) this.tell("error", explain(error));
        return false;
      } finally {
        this.busy = false;
        this.changed();
      }
    });
  }

  /** Something could not be kept in the browser. @param {unknown} error */
  saveFailed(error) {
    if (isFull(error)) this.tell("error", texts.diskFull(), "full");
    else this.tell("error", texts.notKept(error), "keep");
  }

  /** The first engine is here: from now on the session can be used. */
  opened() {
    this.#phase.open();
  }

  /** No engine can be had any more. */
  died() {
    this.#phase.die();
  }

  /** The worker is gone in which the run was. @returns {boolean} whether it trained */
  interrupted() {
    return this.#phase.pause();
  }

  /** Asks another worker from now on, which is not yet heard of: it has nothing yet. @param {EngineClient} client */
  askThrough(client) {
    this.#client = client;
  }

  /** @param {EngineClient} client that is asked from now on, and whose notices are heard */
  adopt(client) {
    this.#client = client;
    client.onNotice = (notice) => {
      if (this.client === client) this.#hear(notice);
    };
    client.onDeath = (failure) => {
      this.generation.drop();
      void this.#hooks.workerDied(client.device, failure);
    };
  }

  train() {
    return this.act(texts.trainingFailed, async () => {
      await this.#begin();
      await this.startTraining("run");
    });
  }

  step() {
    return this.act(texts.trainingFailed, async () => {
      if (!this.run?.settings || this.phase === "ready") await this.#begin();
      else await this.#attach();
      await this.startTraining("step");
    });
  }

  resume() {
    return this.act(texts.trainingFailed, async () => {
      await this.#attach();
      await this.startTraining("run");
    });
  }

  /** Goes on with a run that is over: with what is left of it, else for as many steps again. */
  trainOn() {
    return this.act(texts.trainingFailed, async () => {
      const { run, draft } = this;
      if (!run?.settings) return;
      const steps = run.planned > run.step ? run.planned : run.step + Math.max(1, run.planned - run.began);
      await draft.change({ steps });
      await this.#attach();
      await this.startTraining("run");
    });
  }

  pause() {
    return this.act(texts.trainingFailed, async () => {
      // What was paused does not go on by itself with another worker either.
      await this.engine.ask({ type: "pause" }).finally(() => this.#phase.pause());
      this.changed();
      await this.saveState();
    });
  }

  stop() {
    return this.act(texts.trainingFailed, async () => {
      await this.engine.ask({ type: "pause" });
      if (this.run && this.active) this.#end("stopped");
      await this.saveState();
    });
  }

  /** Ends the run where its validation loss was lowest; what came after is dropped. */
  takeBest() {
    return this.act(texts.trainingFailed, async () => {
      const { run } = this;
      if (!run?.best) return;
      await this.engine.ask({ type: "pause" });
      run.attach(await this.engine.ask({ type: "resume", bytes: run.best.bytes }));
      this.#end("best");
      await this.saveState();
    });
  }

  /**
   * The model becomes the next larger one, with all that it knows, and waits to be trained on.
   * @param {Pick<Settings, "steps" | "lr" | "warmup">} plan its steps come on top of those taken
   */
  grow(plan) {
    return this.act(texts.growthFailed, async () => {
      const { run } = this;
      const small = await this.currentSnapshot();
      if (!run?.settings || !run.growsTo || !small) return;
      const settings = { ...run.settings, ...plan, stage: run.growsTo, sizes: undefined };
      const info = await this.engine.ask({ type: "grow", bytes: small.bytes, settings });
      // Until its state is here, the smaller model is what the page falls back on.
      run.detach();
      const snapshot = await this.engine.ask({ type: "checkpoint" });
      const grown = Run.grown(run, info, snapshot);
      this.openRun(grown, false);
      this.engine.resetCompileCount();
      this.#autosave.save(this, snapshot);
      await this.draft.change({ ...grown.settings });
      this.tell("info", texts.grown(grown), "grown");
    });
  }

  /** The run is no longer the page's; the draft stays as it is. */
  closeRun() {
    this.#run = null;
    this.#phase.close();
    this.changed();
  }

  /**
   * A run that is in the engine now takes the place of the present one.
   * @param {Run} run
   * @param {boolean} over whether there is nothing left to train
   */
  openRun(run, over) {
    if (this.#phase.load(over)) this.#run = run;
  }

  /** @param {"run" | "step"} type */
  async startTraining(type) {
    this.#hooks.trainingStarts();
    if (!this.#phase.train()) return;
    this.run?.goOn();
    this.eta.reset();
    this.changed();
    await this.engine.ask({ type });
  }

  async #begin() {
    const { settings, description, runText } = this.draft;
    if (!settings || !description) return;
    const { run } = this;
    this.#hooks.trainingStarts();
    if (!this.#phase.train()) return;
    this.#run = Run.fresh(settings, runText, description);
    this.changed();
    try {
      await this.engine.ask({ type: "start", settings });
    } catch (error) {
      // Another worker goes on with the new one.
      if (this.engine.alive && this.#phase.refuse()) this.#run = run;
      throw error;
    }
  }

  /** Gives the run back its text and the steps now asked for. */
  async #attach() {
    const { run, draft } = this;
    if (!run?.settings || !draft.settings) return;
    if (!run.engineHasRun && run.snapshot) {
      run.attach(await this.engine.ask({ type: "resume", bytes: run.snapshot.bytes }));
    }
    // Also where the number is the same: it tells a run that had ended to go on.
    if (this.phase === "ended" || run.settings.steps !== draft.settings.steps) await this.#setSteps(draft.settings.steps);
  }

  /**
   * A state of the engine, which then is also the one the page falls back on.
   * @returns {Promise<Snapshot | null>}
   */
  async snapshot() {
    const { run } = this;
    if (!run) return null;
    const snapshot = await this.engine.ask({ type: "checkpoint" });
    run.holdSnapshot(snapshot);
    return snapshot;
  }

  /** The state as it is; a model that does not train has not changed since its last one. */
  async currentSnapshot() {
    return (this.phase === "running" ? null : this.run?.snapshot) ?? this.snapshot();
  }

  /** Takes a state and keeps it in the browser. */
  async saveState() {
    const snapshot = await this.snapshot();
    if (snapshot) this.#autosave.save(this, snapshot);
  }

  /** The page may be gone in a moment. */
  saveNow() {
    if (this.phase === "running" && this.client?.alive) void this.saveState().catch(() => {});
  }

  /** @param {DraftText} text */
  useText(text) {
    this.run?.detach();
    return this.draft.use(text);
  }

  /** @param {Partial<Settings>} change */
  async changeSettings(change) {
    if (this.active) {
      await this.#changeRunning(change);
      // While it trains, states are kept anyway.
      return this.phase === "paused" ? this.saveState() : undefined;
    }
    this.run?.detach();
    await this.draft.change(change);
  }

  /**
   * A run under way takes another number of steps and another sample, nothing else.
   * @param {Partial<Settings>} change
   */
  async #changeRunning({ steps, sample_prompt: prompt, sample_every: every }) {
    const settings = this.run?.settings;
    if (!settings || !this.draft.settings) return;
    if (steps !== undefined) await this.#setSteps(steps);
    if (prompt !== undefined) settings.sample_prompt = prompt;
    if (every !== undefined) settings.sample_every = every;
    if (prompt !== undefined || every !== undefined) {
      await this.engine.ask({ type: "set_sample", prompt: settings.sample_prompt, every: settings.sample_every });
    }
    const { sample_prompt, sample_every } = settings;
    this.draft.settings = { ...this.draft.settings, steps: settings.steps, sample_prompt, sample_every };
  }

  /** @param {number} steps */
  async #setSteps(steps) {
    if (!this.run?.settings) return;
    await this.engine.ask({ type: "set_steps", steps });
    this.run.settings.steps = steps;
  }

  /** @param {Notice} notice */
  #hear(notice) {
    switch (notice.type) {
      case "events":
        for (const event of notice.events) this.#apply(event);
        return this.#hooks.advanced();
      case "snapshot":
        if (!this.run) return;
        this.run.holdSnapshot(notice.snapshot, notice.best);
        return this.#autosave.save(this, notice.snapshot);
      case "stopped":
        return this.#stopped(notice);
      case "preparing":
        this.draft.preparing = notice.share;
        return this.changed();
      case "compiled":
        return this.changed();
      case "reading":
      case "written":
      case "writing_ended":
        return this.generation.hear(notice);
    }
  }

  /** @param {EngineEvent} event */
  #apply(event) {
    this.run?.apply(event);
    if (event.type === "step") this.eta.mark(event.step);
    if (event.type === "finished" && event.reason === "not_finite") this.tell("error", texts.notFinite(event.message), "finite");
  }

  /** @param {Extract<Notice, { type: "stopped" }>} notice */
  #stopped({ reason, failure }) {
    // On WebGPU any failure of training is taken for one of the device: the CPU does the same work.
    if (failure?.fatal || (failure && this.engine.device === "webgpu")) return this.engine.fail({ ...failure, fatal: true });
    if (reason === "finished") this.#end(this.run?.endReason ?? "steps");
    else this.#phase.pause();
    this.changed();
    if (failure) return this.tell("error", failure.memory ? texts.outOfMemory(this.run?.snapshot?.step ?? null) : texts.trainingFailed(failure.message));
    void this.act(texts.notKept, () => this.saveState());
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.#phase.end()) this.run?.end(reason);
    this.changed();
  }
}
