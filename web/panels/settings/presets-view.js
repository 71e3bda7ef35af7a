/**
 * Ready-made settings, each for one purpose, with how long it takes here.
 *
 * @import { Change } from "../../app.js"
 * @import { DeviceManager } from "../../engine/devices/device-manager.js"
 * @import { Settings, Stage } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 *
 * @typedef {"quick" | "good" | "small"} Purpose
 * @typedef {{ purpose: Purpose, change: Partial<Settings>, seconds: number | null }} Preset
 */

import { texts } from "../../i18n/index.js";
import { roundSteps, secondsPerStep } from "../../state/time-estimate.js";
import { button, make, onPress, setText, setUsable } from "../../ui/dom.js";
import { DROPOUT, FEWER_PASSES } from "./advice.js";

/** @type {readonly Purpose[]} */
const PURPOSES = ["quick", "good", "small"];

/** @type {Record<Purpose, { stage: Stage, dropout: number }>} */
const MODELS = { quick: { stage: "tiny", dropout: 0 }, good: { stage: "tiny", dropout: 0 }, small: { stage: "mini", dropout: DROPOUT } };

/** What a quick look may take (seconds). */
const MINUTE = 60;
/** Steps that bring a tiny model most of the way; of a shorter text it sees enough before. */
const GOOD = 3000;

export class PresetsView {
  #session;
  #devices;
  #change;
  #rows = PURPOSES.map((purpose) => ({ purpose, button: make("button"), hint: make("p", { class: "hint" }) }));
  #asked = "";
  /** @type {Preset[]} */ #presets = [];

  /**
   * @param {{ session: Session, devices: DeviceManager, change: Change }} context
   * @param {HTMLElement} body
   */
  constructor({ session, devices, change }, body) {
    this.#session = session;
    this.#devices = devices;
    this.#change = change;
    for (const row of this.#rows) onPress(row.button, () => this.#take(row.purpose));
    body.replaceChildren(...this.#rows.map((row) => make("div", { class: "preset" }, row.button, row.hint)));
  }

  render() {
    const { draft, active, busy } = this.#session;
    this.#ask();
    for (const { purpose, button: control, hint } of this.#rows) {
      const preset = this.#presets.find((one) => one.purpose === purpose);
      setText(control, texts.presets.names[purpose]);
      setText(hint, texts.presets.hint(purpose, preset?.change.steps ?? null, preset?.seconds ?? null));
      setUsable(control, Boolean(preset) && !active && !busy, active ? texts.lockedWhileRunning : draft.complaint || texts.presets.measuring);
    }
  }

  /** They depend on the text, and on the speed here. */
  #ask() {
    const { draft, phase } = this.#session;
    const about = JSON.stringify([draft.settings, draft.info?.fingerprint, secondsPerStep(this.#session, this.#devices)]);
    if (about === this.#asked || !draft.info || !draft.description || phase === "dead") return;
    this.#asked = about;
    presetsFor(this.#session, this.#devices).then(
      (presets) => {
        if (about !== this.#asked) return;
        this.#presets = presets;
        this.render();
      },
      () => {},
    );
  }

  /** @param {Purpose} purpose */
  #take(purpose) {
    const preset = this.#presets.find((one) => one.purpose === purpose);
    if (!preset) return;
    void this.#change(preset.change);
    button("train").focus({ preventScroll: true });
  }
}

/** @param {Session} session @param {DeviceManager} devices */
async function presetsFor(session, devices) {
  const { draft } = session;
  /** @type {Preset[]} */
  const presets = [];
  for (const purpose of PURPOSES) {
    const { stage, dropout } = MODELS[purpose];
    const { lr, context, batch, warmup } = /** @type {NonNullable<typeof draft.defaults>} */ (draft.defaults)[stage];
    const change = { stage, dropout, lr, context, batch, recompute: false };
    const settings = draft.changed(change);
    const description = await draft.describe(settings);
    const pace = secondsPerStep(session, devices, settings, description);
    const pass = (draft.info?.train_tokens ?? 0) / description.tokens_per_step;
    const steps = stepsFor(purpose, pass, pace);
    if (steps === null) continue;
    const often = { warmup: Math.min(warmup, Math.ceil(steps / 10)), eval_every: Math.min(100, Math.ceil(steps / 20)) };
    presets.push({ purpose, change: { ...change, ...often, steps }, seconds: pace && pace * steps });
  }
  return presets;
}

/**
 * @param {Purpose} purpose
 * @param {number} pass steps in which the text is seen once
 * @param {number | null} pace seconds for a step
 */
function stepsFor(purpose, pass, pace) {
  if (purpose === "quick") return pace && roundSteps(MINUTE / pace);
  return roundSteps(Math.min(GOOD, Math.max(1, FEWER_PASSES * pass)));
}
