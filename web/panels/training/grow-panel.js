/**
 * Growth: the model becomes the next larger one, with what it knows. The person is asked what to train it with.
 *
 * @import { Settings } from "../../engine/engine-types.js"
 * @import { ModelSizes } from "../../state/model-sizes.js"
 * @import { Session } from "../../state/session.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 *
 * @typedef {Pick<Settings, "steps" | "lr" | "warmup">} Plan steps on top of those taken
 */

import { texts } from "../../i18n/index.js";
import { answerOf, button, element, need, onPress, setText, setUsable } from "../../ui/dom.js";

/**
 * @param {{ session: Session, runLoader: RunLoader, sizes: ModelSizes, draftChanged: () => void }} context
 * @returns {{ render(): void }}
 */
export function createGrowPanel({ session, runLoader, sizes, draftChanged }) {
  const grow = button("grow");
  const form = need("grow-form", HTMLFormElement);

  onPress(grow, () => void ask(form, session).then(async (answer) => {
    if (answer === "save" && !(await runLoader.saveFile())) return;
    if (answer === "cancel" || !(await session.grow(wanted(form)))) return;
    // The button names the next size now, or is gone; the next thing wanted is to resume.
    button("pause").focus({ preventScroll: true });
    draftChanged();
  }));

  return {
    render() {
      const { run, phase } = session;
      const stage = phase === "dead" || phase === "starting" ? null : run?.growsTo;
      element("growth").hidden = !stage;
      if (!stage) return;
      const refusal = whyNot(session);
      setText(grow, texts.growTo(stage));
      setUsable(grow, refusal === "" && !session.busy, refusal);
      setText(element("grow-hint"), texts.growHint(sizes.of(stage)));
    },
  };
}

/** @param {Session} session */
function whyNot({ phase, run, resumable }) {
  if (phase === "running") return texts.unusable.pauseFirst;
  if (!resumable) return texts.unusable.otherText;
  return run?.step ? "" : texts.unusable.untrained;
}

/**
 * @param {HTMLFormElement} form
 * @param {Session} session
 * @returns {Promise<string>} "grow", "save" (first) or "cancel"
 */
function ask(form, session) {
  const dialog = need("grow-dialog", HTMLDialogElement);
  const { run } = session;
  if (!run?.growsTo) return Promise.resolve("cancel");
  setText(element("grow-heading"), texts.growTo(run.growsTo));
  setText(element("grow-text"), texts.growQuestion(run.step));
  for (const [name, value] of Object.entries(usual(session))) field(form, name).value = String(value);
  return answerOf(dialog);
}

/**
 * What a larger model is trained with, unless the person wants otherwise: as many steps as were planned for the smaller one.
 * @param {Session} session
 * @returns {Plan}
 */
function usual({ run, draft }) {
  const info = run?.growsTo && draft.stageInfoOf(run.growsTo);
  if (!run || !info) throw new Error("there is nothing to grow");
  return { steps: Math.max(1, run.planned - run.began), ...info.grown };
}

/** @param {HTMLFormElement} form @returns {Plan} */
const wanted = (form) => ({
  steps: field(form, "steps").valueAsNumber,
  lr: field(form, "lr").valueAsNumber,
  warmup: field(form, "warmup").valueAsNumber,
});

/** @param {HTMLFormElement} form @param {string} name */
const field = (form, name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
