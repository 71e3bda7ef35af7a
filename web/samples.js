/**
 * What the model wrote along the way, newest first, and what it is asked to write.
 *
 * @import { Change } from "./app.js"
 * @import { Settings } from "./engine-types.js"
 * @import { Sample } from "./manifest.js"
 * @import { Session } from "./session.js"
 */

import { element, make, need } from "./dom.js";
import { texts } from "./texts/index.js";

/**
 * @param {{ session: Session, change: Change }} context
 * @returns {{ render(): void }}
 */
export function createSamplesPanel({ session, change }) {
  const form = need("sampling", HTMLFormElement);
  const list = element("sample-list");
  /** @type {Sample[]} */
  let shown = [];
  /** The language their labels are in. */
  let spoken = texts;

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.reportValidity()) return;
    const value = field.type === "number" ? field.valueAsNumber : field.value;
    void change(/** @type {Partial<Settings>} */ ({ [field.name]: value }), texts.failed.samples);
  });

  return {
    render() {
      renderFields(form, session);
      const samples = session.run?.samples ?? [];
      element("sample-empty").hidden = samples.length > 0;
      if (samples === shown && spoken === texts) return;
      shown = samples;
      spoken = texts;
      list.replaceChildren(...samples.map(entry));
    },
  };
}

/** @param {Sample} sample */
function entry({ step, text }) {
  return make("li", {}, make("span", { class: "when", text: texts.sampleLabel(step) }), document.createTextNode(text));
}

/**
 * @param {HTMLFormElement} form
 * @param {Session} session
 */
function renderFields(form, { desk, phase }) {
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement)) continue;
    field.disabled = phase === "starting" || phase === "dead";
    const value = desk.settings?.[/** @type {"sample_prompt" | "sample_every"} */ (field.name)];
    if (value !== undefined && field !== document.activeElement && field.value !== String(value)) field.value = String(value);
  }
}
