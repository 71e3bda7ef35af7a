/**
 * The settings of the next run, what they cost, and the device that does the work.
 *
 * @import { Change } from "../../app.js"
 * @import { Devices, DeviceChoice } from "../../engine/devices/device-manager.js"
 * @import { Settings, Stage } from "../../engine/engine-types.js"
 * @import { StageSizes } from "../../state/model-sizes.js"
 * @import { Session } from "../../state/session.js"
 */

import { deviceNames } from "../../engine/devices/device-manager.js";
import { download } from "../../engine/engine-preload.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { secondsPerStep } from "../../state/time-estimate.js";
import { element, need, setText } from "../../ui/dom.js";
import { offerSliders } from "../../ui/sliders.js";

/** Which may change while a run is under way. */
const ALWAYS_OPEN = new Set(["steps"]);

/**
 * @param {{ session: Session, devices: Devices, sizes: StageSizes, change: Change, settled: () => void }} context
 * @returns {{ render(): void }}
 */
export function createSettingsPanel({ session, devices, sizes, change, settled }) {
  const form = need("settings", HTMLFormElement);
  const choice = need("device", HTMLSelectElement);

  const sliders = offerSliders(form);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) return;
    // A slider speaks through its field.
    if (field.name === "" || !field.reportValidity()) return;
    void change(/** @type {Partial<Settings>} */ ({ [field.name]: valueOf(field) }));
  });
  choice.addEventListener("change", () => {
    void devices.choose(/** @type {DeviceChoice} */ (choice.value)).then(settled);
  });

  return {
    render() {
      renderFields(form, session);
      renderStages(form, session, sizes);
      renderTokenizer(session);
      sliders.render();
      choice.disabled = session.phase === "starting" || session.phase === "dead";
      if (session.phase !== "starting") choice.value = devices.choice;
      renderDevice(session, devices);
      setText(element("estimate"), estimate(session, devices));
      const { desk } = session;
      setText(element("settings-problem"), desk.problem?.where === "settings" ? desk.complaint : "");
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
  if (field.type === "number") return /** @type {HTMLInputElement} */ (field).valueAsNumber;
  return field.type === "checkbox" ? /** @type {HTMLInputElement} */ (field).checked : field.value;
}

/**
 * @param {HTMLFormElement} form
 * @param {Session} session
 */
function renderFields(form, { desk, active, phase }) {
  const { settings } = desk;
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
 * @param {StageSizes} sizes
 */
function renderStages(form, { desk }, sizes) {
  sizes.render();
  for (const { stage } of desk.presets) {
    const label = form.querySelector(`input[value="${/** @type {Stage} */ (stage)}"] + span small`);
    const parameters = sizes.of(stage);
    if (label instanceof HTMLElement && parameters !== null) setText(label, format.millions(parameters));
  }
}

/** @param {Session} session */
function renderTokenizer({ desk }) {
  const pieces = desk.settings?.tokenizer === "bpe";
  element("vocab-field").hidden = !pieces;
  setText(element("tokens-progress"), pieces && desk.preparing !== null ? texts.makingTokens(Math.round(desk.preparing * 20) / 20) : "");
}

/**
 * @param {Session} session
 * @param {Devices} devices
 */
function renderDevice({ client, phase, followed }, devices) {
  if (devices.checking !== null) return setText(element("device-state"), texts.checkingGpu(Math.round(devices.checking * 100)));
  if (followed) setText(element("device-state"), "");
  else if (phase === "starting") setText(element("device-state"), download.share === null ? texts.markup.loadingEngine : texts.loadingEngine(download.share));
  if (phase === "starting" || !client?.opened) return;
  setText(element("device-state"), texts.device(client.opened.name, devices.reason));
}

/**
 * @param {Session} session
 * @param {Devices} devices
 */
function estimate(session, devices) {
  const { desk: { description, settings }, client, active, run } = session;
  if (!description || !settings || !client) return texts.none;
  const pace = secondsPerStep(session, devices);
  // What a smaller model did before it grew is done.
  const seconds = pace && pace * (settings.steps - (active ? run?.began ?? 0 : 0));
  return texts.estimate(description.parameters, seconds, deviceNames[client.device]);
}
