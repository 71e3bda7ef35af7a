/**
 * The settings of the next run, what they cost, and the device that does the work.
 *
 * @import { Change } from "../../app.js"
 * @import { DeviceManager, DeviceChoice } from "../../engine/devices/device-manager.js"
 * @import { Settings, Stage } from "../../engine/engine-types.js"
 * @import { Opened } from "../../engine/protocol.js"
 * @import { ModelSizes } from "../../state/model-sizes.js"
 * @import { Session } from "../../state/session.js"
 */

import { deviceNames } from "../../engine/devices/device-manager.js";
import { download } from "../../engine/engine-preload.js";
import { seedOf } from "../../engine/seed.js";
import { hasChosenVocab } from "../../engine/tokenizers.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { setRanges } from "./ranges.js";
import { secondsPerStep } from "../../state/time-estimate.js";
import { element, need, setText } from "../../ui/dom.js";
import { offerSliders } from "../../ui/sliders.js";

/** Which may change while a run is under way. */
const ALWAYS_OPEN = new Set(["steps"]);

/**
 * @param {{ session: Session, devices: DeviceManager, sizes: ModelSizes, change: Change, draftChanged: () => void }} context
 * @returns {{ render(): void }}
 */
export function createSettingsPanel({ session, devices, sizes, change, draftChanged }) {
  const form = need("settings", HTMLFormElement);
  const choice = need("device", HTMLSelectElement);

  const sliders = offerSliders(form);
  /** The engine whose ranges the fields have. @type {Opened | null} */
  let ranged = null;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) return;
    // A slider speaks through its field.
    if (field.name === "") return;
    // Too much is refused by the engine, which then starts nothing; what is no number at all cannot be asked.
    if (!field.validity.rangeOverflow && !field.reportValidity()) return;
    void change(/** @type {Partial<Settings>} */ ({ [field.name]: valueOf(field) }));
  });
  choice.addEventListener("change", () => {
    void devices.choose(/** @type {DeviceChoice} */ (choice.value)).then(draftChanged);
  });

  return {
    render() {
      const opened = session.client?.opened ?? null;
      if (opened && opened !== ranged) {
        for (const id of ["settings", "sampling", "grow-form"]) setRanges(need(id, HTMLFormElement), opened.fields);
        ranged = opened;
      }
      renderFields(form, session);
      renderStages(form, session, sizes);
      renderTokenizer(session);
      sliders.render();
      choice.disabled = session.phase === "starting" || session.phase === "dead";
      if (session.phase !== "starting") choice.value = devices.choice;
      renderDevice(session, devices);
      setText(element("estimate"), estimate(session, devices));
      const { draft } = session;
      setText(element("settings-problem"), draft.problem?.where === "settings" ? draft.complaint : "");
      setText(element("settings-lock"), session.active ? lock(session) : "");
    },
  };
}

/** @param {Session} session */
function lock({ run }) {
  const steps = run && run.began > 0 ? ` ${texts.stepsOfGrown(run.began)}` : "";
  return texts.lockedWhileRunning + steps;
}

/** @param {HTMLInputElement | HTMLSelectElement} field */
function valueOf(field) {
  const seed = field.name === "seed" ? seedOf(field.value) : null;
  if (field.type === "number") return seed ?? /** @type {HTMLInputElement} */ (field).valueAsNumber;
  return field.type === "checkbox" ? /** @type {HTMLInputElement} */ (field).checked : field.value;
}

/**
 * @param {HTMLFormElement} form
 * @param {Session} session
 */
function renderFields(form, { draft, active, phase }) {
  const { settings } = draft;
  const focused = document.activeElement;
  const changing = focused?.classList.contains("slider") ? focused.previousElementSibling : focused;
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement) || field.name === "") continue;
    field.disabled = phase === "starting" || phase === "dead" || (active && !ALWAYS_OPEN.has(field.name));
    if (!settings) continue;
    const value = String(settings[/** @type {keyof Settings} */ (field.name)]);
    if (field.type === "radio") /** @type {HTMLInputElement} */ (field).checked = field.value === value;
    else if (field.type === "checkbox") /** @type {HTMLInputElement} */ (field).checked = value === "true";
    // What is being typed, or slid, is not the page's to change.
    else if (field !== changing && field.value !== value) field.value = value;
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {Session} session
 * @param {ModelSizes} sizes
 */
function renderStages(form, { draft }, sizes) {
  sizes.render();
  for (const { stage } of draft.stages) {
    const label = form.querySelector(`input[value="${/** @type {Stage} */ (stage)}"] + span small`);
    const parameters = sizes.of(stage);
    if (label instanceof HTMLElement && parameters !== null) setText(label, format.millions(parameters));
  }
}

/** @param {Session} session */
function renderTokenizer({ draft }) {
  const pieces = hasChosenVocab(draft.settings?.tokenizer);
  element("vocab-field").hidden = !pieces;
  setText(element("tokens-progress"), pieces && draft.preparing !== null ? texts.makingTokens(Math.round(draft.preparing * 20) / 20) : "");
}

/**
 * @param {Session} session
 * @param {DeviceManager} devices
 */
function renderDevice({ client, phase, leaderPhase }, devices) {
  if (devices.checking !== null) return setText(element("device-state"), texts.checkingGpu(Math.round(devices.checking * 100)));
  if (leaderPhase || phase === "dead") setText(element("device-state"), "");
  else if (phase === "starting") setText(element("device-state"), download.share === null ? texts.markup.loadingEngine : texts.loadingEngine(download.share));
  if (phase === "starting" || phase === "dead" || !client?.opened) return;
  setText(element("device-state"), texts.device(client.opened.name, devices.reason));
}

/**
 * @param {Session} session
 * @param {DeviceManager} devices
 */
function estimate(session, devices) {
  const { draft: { description, settings }, client, active, run } = session;
  if (!description || !settings || !client) return texts.none;
  const pace = secondsPerStep(session, devices);
  // What a smaller model did before it grew is done.
  const seconds = pace && pace * (settings.steps - (active ? run?.began ?? 0 : 0));
  return texts.estimate(description.parameters, seconds, deviceNames[client.device]);
}
