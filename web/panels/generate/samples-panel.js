/**
 * What the model wrote along the way, newest first, and what it is asked to write.
 *
 * @import { Change } from "../../app.js"
 * @import { Settings, Unknown } from "../../engine/engine-types.js"
 * @import { Run } from "../../state/run.js"
 * @import { Session } from "../../state/session.js"
 * @import { Sample } from "../../storage/manifest.js"
 */

import { texts } from "../../i18n/index.js";
import { element, make, need, setText } from "../../ui/dom.js";

/**
 * @param {{ session: Session, change: Change }} context
 * @returns {{ render(): void }}
 */
export function createSamplesPanel({ session, change }) {
  const check = checkingPrompt(session);
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
      check();
      const samples = session.run?.samples ?? [];
      element("sample-empty").hidden = samples.length > 0;
      if (samples === shown && spoken === texts) return;
      shown = samples;
      spoken = texts;
      list.replaceChildren(...samples.map(entry));
    },
  };
}

/**
 * Says what the model cannot see of the prompt, once for each.
 * @param {Session} session
 */
function checkingPrompt(session) {
  /** @type {{ run: Run | null, prompt: string, unknown: Unknown[] }} */
  let checked = { run: null, prompt: "", unknown: [] };
  return () => {
    const { run, busy, client } = session;
    setText(element("sample-prompt-state"), checked.unknown.length > 0 ? texts.unknownCharacters(checked.unknown) : "");
    const prompt = run?.settings?.sample_prompt ?? "";
    if (busy || !client?.alive || (run === checked.run && prompt === checked.prompt)) return;
    const asked = (checked = { run, prompt, unknown: /** @type {Unknown[]} */ ([]) });
    if (run) void client.ask({ type: "unknown", prompt }).then((unknown) => {
      asked.unknown = unknown;
      session.changed();
    }, () => {});
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
function renderFields(form, { draft, phase }) {
  for (const field of form.elements) {
    if (!(field instanceof HTMLInputElement)) continue;
    field.disabled = phase === "starting" || phase === "dead";
    const value = draft.settings?.[/** @type {"sample_prompt" | "sample_every"} */ (field.name)];
    if (value !== undefined && field !== document.activeElement && field.value !== String(value)) field.value = String(value);
  }
}
