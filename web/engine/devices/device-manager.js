/**
 * Which device does the work: opens workers, changes between them, replaces one that died, and lets the faster one win.
 * A change never loses anything: the state is taken from one worker, or from the last one kept, and given to the other.
 *
 * @import { Complaint } from "../../platform/errors.js"
 * @import { Session } from "../../state/session.js"
 * @import { EngineClient } from "../engine-client.js"
 * @import { DeviceKind } from "../engine-types.js"
 * @import { Failure } from "../protocol.js"
 *
 * @typedef {"auto" | DeviceKind} DeviceChoice
 * @typedef {keyof import("../../i18n/en/page.js").Texts["why"]} Why
 */

import { texts } from "../../i18n/index.js";
import { messageOf } from "../../platform/errors.js";
import { openWorker } from "../page-worker.js";
import { LOOK, Watchdog } from "../watchdog.js";
import { DeviceBenchmark } from "./device-benchmark.js";
import { UnsoundGpu, openEngine } from "./gpu-check.js";

/** What people call them, in every language. @type {Record<DeviceKind, string>} */
export const deviceNames = { cpu: "CPU", webgpu: "WebGPU" };

/** How much faster WebGPU must be to be worth the change. */
const GAIN = 1.15;
/** A worker that dies again this soon (milliseconds) is not started a third time. */
const SOON = 15_000;

export class DeviceManager {
  /** @type {DeviceChoice} */ choice = "auto";
  /** Why this device was taken; nothing to say of it where null. @type {Why | null} */ #why = null;
  /** Of the last comparison, in tokens per second. */ #speeds = { cpu: 0, gpu: 0 };
  /** The share that is done while a GPU is checked. @type {number | null} */ checking = null;
  benchmark = new DeviceBenchmark();
  #session;
  #diedAt = -Infinity;
  /** The run went on by itself after that. */ #wentOn = false;
  /** The state that was gone back to when a worker died. @type {{ run: string, step: number } | null} */ #fellTo = null;
  #watchdog = new Watchdog();
  #comparing = false;
  #replacing = false;
  /** Workers that died and are about to be replaced. */ #dead = 0;
  /** @type {DeviceKind | null} */ #measuring = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {Session} session whose hooks lead here */
  constructor(session) {
    this.#session = session;
    setInterval(() => this.#watch(), LOOK);
  }

  /**
   * Opens the first worker. Automatic starts on the CPU at once.
   * @param {DeviceChoice} choice
   */
  async open(choice) {
    this.choice = choice;
    const looking = this.benchmark.look();
    const client = await this.#openChosen(choice === "webgpu" ? "webgpu" : "cpu");
    this.#session.adopt(client);
    this.#session.draft.setDefaults(/** @type {NonNullable<EngineClient["opened"]>} */ (client.opened));
    void looking.then(() => this.scheduleBenchmark());
  }

  /** @param {DeviceChoice} choice */
  async choose(choice) {
    this.choice = choice;
    if (choice === "auto") return this.scheduleBenchmark();
    this.#why = "chosen";
    await this.#session.act((error) => notOpened(choice, error), async () => {
      if (this.#session.client?.device === choice) return;
      try {
        await this.#change(await openEngine(choice, { progress: this.#check }));
      } catch (error) {
        this.choice = "cpu";
        this.#why = choice === "cpu" ? null : this.#whyNot(error);
        throw error;
      }
    });
  }

  /** Why this device does the work, in words. */
  get reason() {
    return this.#why ? texts.why[this.#why](this.#speeds) : "";
  }

  /** After every change of shape or phase: compares the devices again, soon. */
  scheduleBenchmark() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#compare(), 500);
    this.#explain();
  }

  /** The run measures its device by itself, and needs it. */
  makeWay() {
    if (this.#measuring === "cpu") this.benchmark.cancel();
  }

  /** @param {DeviceKind} device */
  async #openChosen(device) {
    try {
      const client = await openEngine(device, { progress: this.#check });
      if (device === "webgpu") this.#why = "chosen";
      return client;
    } catch (error) {
      if (device === "cpu") throw error;
      this.#session.tell("error", error instanceof UnsoundGpu ? texts.unsound(error.message) : texts.fellBack(messageOf(error), null), "device");
      this.choice = "cpu";
      this.#why = this.#whyNot(error);
      return openWorker("cpu");
    }
  }

  /**
   * Moves everything to another worker, and goes on; where that fails, with the one that has it all.
   * @param {EngineClient} next
   */
  async #change(next) {
    const session = this.#session;
    const { engine, draft } = session;
    const { findings } = draft;
    const running = session.phase === "running";
    try {
      if (running) await engine.ask({ type: "pause" });
      await (running ? session.snapshot() : session.currentSnapshot());
      // Asked, but not heard of before it has everything.
      session.askThrough(next);
      await this.#refill();
      if (findings.info && !draft.info) throw draft.problem?.error;
      session.adopt(next);
      engine.close();
    } catch (error) {
      next.close();
      session.askThrough(engine);
      draft.restore(findings);
      throw error;
    } finally {
      if (running && session.engine.alive) await session.startTraining("run");
    }
  }

  /** Brings another worker where one died and none has taken its place yet. */
  async revive() {
    if (this.#dead === 0 && this.#session.phase !== "dead") await this.#renew();
  }

  /** Brings another worker in the place of the one that died. */
  async #renew() {
    const session = this.#session;
    const next = await openWorker("cpu").catch((error) => {
      // Nobody else tells of it.
      throw new Error(messageOf(error), { cause: error });
    });
    this.#replacing = true;
    session.adopt(next);
    try {
      await this.#refill();
    } catch (error) {
      // One without the run is of no use.
      next.close();
      throw error;
    } finally {
      this.#replacing = false;
    }
  }

  /** Gives a new worker the text and the run's last state. */
  async #refill() {
    const { draft, run, engine } = this.#session;
    await draft.reload();
    if (!run) return;
    if (!draft.info) run.detach();
    if (run.snapshot) {
      const type = run.engineHasRun && run.settings ? "resume" : "load";
      run.rewind(await engine.ask({ type, bytes: run.snapshot.bytes }));
    } else if (run.settings && run.engineHasRun) {
      await engine.ask({ type: "start", settings: run.settings });
      run.rewind({ step: 0, growths: [], history: [] });
    }
  }

  /**
   * A worker died.
   * @param {DeviceKind} device
   * @param {Failure} failure
   */
  async replace(device, failure) {
    const session = this.#session;
    // Where memory was short, other settings may do; where it is short for what there was before, nothing will.
    const soon = !failure.memory && !this.#wentOn && performance.now() - this.#diedAt < SOON;
    const again = device === "cpu" && (this.#replacing || soon);
    this.#diedAt = performance.now();
    if (device === "webgpu") this.#giveUp();
    this.#dead++;
    await session.actWithoutWorker(texts.notReplaced, async () => {
      this.#dead--;
      // It was on its way out, and another one has its work.
      if (session.client?.alive) return;
      if (again) return this.#die(failure.message);
      const running = session.interrupted();
      if (failure.memory && !session.run?.snapshot) session.closeRun();
      await this.#renew();
      const advanced = this.#advanced();
      // Another device is another matter.
      this.#wentOn = running && session.run !== null && (device === "webgpu" || (advanced && !failure.memory));
      session.tell("error", complaintOf(device, failure, session, this.#wentOn), "device");
      if (this.#wentOn) await session.startTraining("run");
    });
    this.scheduleBenchmark();
  }

  /** @param {number | null} share */
  #check = (share) => {
    this.checking = share;
    this.#session.changed();
  };

  /** @param {unknown} error with which a GPU was not opened @returns {Why} */
  #whyNot(error) {
    if (!(error instanceof UnsoundGpu)) return "failed";
    this.benchmark.adapter = "unsound";
    return "unsound";
  }

  /** Whether the run has come further than when a worker died before: what kills one at a step is not tried for ever. */
  #advanced() {
    const { run } = this.#session;
    const before = this.#fellTo;
    this.#fellTo = run && { run: run.id, step: run.step };
    return run?.id !== before?.run || (run?.step ?? 0) > (before?.step ?? 0);
  }

  #giveUp() {
    this.benchmark.giveUpWebGpu();
    if (this.choice === "webgpu") this.choice = "cpu";
    this.#why = "failed";
  }

  /** @param {string} message */
  #die(message) {
    this.#session.died();
    this.#session.tell("error", texts.engineDead(message), "device");
  }

  #watch() {
    const { client, draft } = this.#session;
    if (!client?.alive) return;
    const silent = this.#watchdog.look(client, draft.description?.flops_per_step ?? 0);
    if (silent !== null) client.fail({ message: texts.worker.silent(silent), fatal: true });
  }

  /** Measures what is missing, one device at a time, and changes where that pays. */
  async #compare() {
    const { draft, phase } = this.#session;
    if (this.#comparing || !draft.ready || !draft.settings || phase === "dead") return;
    this.#comparing = true;
    const before = JSON.stringify(draft.settings);
    this.#noteRun();
    try {
      await this.#measureCurrent();
      if (this.choice === "auto") await this.#tryWebGpu();
    } finally {
      this.#comparing = false;
      this.#explain();
      this.#session.changed();
    }
    if (draft.settings && JSON.stringify(draft.settings) !== before) this.scheduleBenchmark();
  }

  /** A run is the best measurement. */
  #noteRun() {
    const { run, client } = this.#session;
    const speeds = run?.recentSpeeds(20) ?? [];
    const middle = speeds.sort((a, b) => a - b)[speeds.length >> 1];
    if (client && run?.settings && this.#session.phase === "running" && middle) this.benchmark.note(client.device, run.settings, middle);
  }

  /** For the expected time; a run that goes on measures itself. */
  async #measureCurrent() {
    const { draft, phase, client } = this.#session;
    if (!draft.settings || !client || phase === "running" || this.benchmark.speed(client.device, draft.settings)) return;
    this.#measuring = client.device;
    const measured = await this.benchmark.measure(client.device, draft.settings, draft.text.source);
    this.#measuring = null;
    measured?.close();
  }

  async #tryWebGpu() {
    const { draft, client } = this.#session;
    const settings = this.#session.run && this.#session.active ? this.#session.run.settings : draft.settings;
    if (!settings || client?.device !== "cpu" || !this.benchmark.worthTrying(settings)) return;
    this.#why = "measuring";
    this.#session.changed();
    const measured = await this.benchmark.measure("webgpu", settings, draft.text.source, { progress: this.#check });
    if (this.benchmark.unsound) this.#session.tell("error", texts.unsound(this.benchmark.unsound), "device");
    if (!measured) return;
    const gpu = this.benchmark.speed("webgpu", settings) ?? 0;
    const cpu = this.#cpuSpeed();
    if (this.choice === "auto" && cpu > 0 && gpu > cpu * GAIN) {
      if (await this.#session.act((error) => texts.failed.device(deviceNames.webgpu, error), () => this.#change(measured))) return;
      measured.close();
      this.#giveUp();
    } else {
      measured.close();
    }
  }

  /** What the CPU does now, or else did when it was measured. */
  #cpuSpeed() {
    const { draft, run, active } = this.#session;
    const now = active ? run?.recentSpeeds(20).at(-1) : null;
    return now ?? (draft.settings && this.benchmark.speed("cpu", draft.settings)) ?? 0;
  }

  #explain() {
    const { client, draft } = this.#session;
    if (this.choice !== "auto" || !client || !draft.settings || this.#why === "failed") return;
    const cpu = this.benchmark.speed("cpu", draft.settings);
    const gpu = this.benchmark.speed("webgpu", draft.settings);
    if (cpu && gpu && this.benchmark.adapter === "usable") {
      this.#speeds = { cpu, gpu };
      this.#why = client.device === "cpu" ? "cpuFaster" : "gpuFaster";
    } else if (this.benchmark.adapter === "none") this.#why = "onlyCpu";
    else if (this.benchmark.adapter === "software" || this.benchmark.adapter === "unsound") this.#why = this.benchmark.adapter;
    else this.#why = null;
  }
}

/**
 * @param {DeviceKind} device that failed
 * @param {Failure} failure
 * @param {Session} session
 * @param {boolean} goesOn by itself
 */
function complaintOf(device, { message, memory }, { run, canContinue }, goesOn) {
  const step = run && canContinue ? run.step : null;
  if (device === "webgpu") return texts.fellBack(message, step);
  return memory ? texts.outOfMemory(run?.step ?? null) : texts.restarted(message, step, goesOn);
}

/**
 * @param {DeviceKind} device
 * @param {unknown} error
 * @returns {Complaint}
 */
const notOpened = (device, error) => (error instanceof UnsoundGpu ? texts.unsound(error.message) : texts.failed.device(deviceNames[device], error));
