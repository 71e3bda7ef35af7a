/**
 * One run of the list.
 *
 * @import { Comparison } from "../../charts/comparison.js"
 * @import { Manifest } from "../../storage/manifest.js"
 * @import { Context } from "./list.js"
 */

import { MAX_COMPARED } from "../../charts/comparison.js";
import { swatch } from "../../charts/swatch.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { nameOf } from "../../state/text-source.js";
import { sizeOf } from "../../storage/manifest.js";
import { modelOf } from "../../storage/run-names.js";
import { make, onPress, setText, setUsable } from "../../ui/dom.js";
import { downloadFile } from "../../ui/download-file.js";
import { opensMenu } from "../../ui/menu.js";
import { confirmReplace } from "../training/confirm-replace.js";

export class Row {
  item = make("li", { class: "run" });
  #compare = make("input");
  #key = make("span", { class: "key" });
  #name = make("input", { class: "run-name" });
  #open = make("button");
  #more = make("button", { class: "more-button" });
  #menu = make("div", { class: "menu" });
  #facts = make("p", { class: "hint" });
  #again = make("button");
  #best = make("button");
  #remove = make("button");
  #id;
  #context;
  #letter = "";
  /** What it shows. @type {unknown[]} */ #shown = [];

  /**
   * @param {string} id
   * @param {Context} context
   * @param {(wanted: boolean) => void} compare
   */
  constructor(id, context, compare) {
    this.#id = id;
    this.#context = context;
    this.#compare.type = "checkbox";
    this.#compare.addEventListener("change", () => compare(this.#compare.checked));
    this.#name.maxLength = 80;
    this.#name.spellcheck = false;
    this.#menu.popover = "auto";
    this.#menu.append(this.#again, this.#best, this.#remove);
    opensMenu(this.#more, this.#menu);
    setText(this.#more, "⋯");
    this.item.append(make("label", { class: "compare" }, this.#compare, this.#key), this.#name, this.#open, this.#more, this.#menu, this.#facts);
    this.#listen();
  }

  /**
   * @param {Manifest} run
   * @param {Comparison} comparison
   */
  render(run, comparison) {
    const { phase, active } = this.#context.session;
    const here = this.#context.session.run?.id === run.id;
    // There may be thousands, and few change. Their manifests are never written to, but replaced.
    const shown = [run, here, phase, active, texts, comparison.find(run.id)?.look, comparison.full];
    if (shown.every((part, at) => part === this.#shown[at])) return;
    this.#shown = shown;
    const words = texts.runs;
    this.item.setAttribute("aria-current", String(here));
    if (this.#name !== document.activeElement) this.#name.value = run.name;
    label(this.#name, words.name);
    label(this.#more, words.more(run.name));
    label(this.#compare, words.compare(run.name));
    setText(this.#facts, factsOf(run));
    this.#renderComparison(run, comparison, here);

    setText(this.#open, here ? words.isOpen : words.open);
    label(this.#open, here ? null : words.openLabel(run.name));
    const busy = phase === "running" || phase === "starting" || phase === "dead";
    setUsable(this.#open, !here && !busy && run.states.length > 0, here ? "" : run.states.length === 0 ? words.stateless : texts.unusable.pauseFirst);
    setText(this.#again, words.again);
    setUsable(this.#again, !active && !busy, texts.lockedWhileRunning);
    setText(this.#best, words.saveBest);
    setUsable(this.#best, run.bestState !== null, words.stateless);
    setText(this.#remove, words.remove);
    setUsable(this.#remove, !(here && phase === "running"), texts.unusable.pauseFirst);
  }

  /**
   * @param {Manifest} run
   * @param {Comparison} comparison
   * @param {boolean} here it is in the charts anyway
   */
  #renderComparison(run, comparison, here) {
    const look = comparison.find(run.id)?.look ?? null;
    this.#compare.checked = look !== null;
    this.#compare.disabled = look === null && (here || comparison.full || run.curve === null);
    this.#compare.title = run.curve === null ? texts.runs.curveless : comparison.full && !look ? texts.runs.enough(MAX_COMPARED) : "";
    const letter = look?.letter ?? (here ? "here" : "");
    if (letter === this.#letter) return;
    this.#letter = letter;
    this.#key.replaceChildren(...(letter ? [swatch(look)] : []));
  }

  #listen() {
    const { session, runLoader, draftChanged, trash, runStore, toasts } = this.#context;
    const attempt = (/** @type {() => Promise<void>} */ task) => void toasts.attempt("runs", texts.runs.failed, task);
    this.#name.addEventListener("change", () => {
      const name = this.#name.value.trim();
      if (name) attempt(() => runStore.rename(this.#id, name));
      else this.#name.value = runStore.run(this.#id)?.name ?? "";
    });
    this.#name.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this.#name.value = runStore.run(this.#id)?.name ?? "";
      if (key === "Enter" || key === "Escape") this.#name.blur();
    });
    onPress(this.#open, async () => {
      if (!(await confirmReplace(session, runLoader))) return;
      await runLoader.open(this.#id);
      draftChanged();
    });
    onPress(this.#again, () => void runLoader.copyToDraft(this.#id).then(draftChanged));
    onPress(this.#best, () => attempt(() => this.#saveBest()));
    onPress(this.#remove, () => {
      // The focus must not go with the row.
      this.item.closest("details")?.querySelector("summary")?.focus({ preventScroll: true });
      attempt(() => trash.remove([this.#id]));
    });
  }

  async #saveBest() {
    const run = this.#context.runStore.run(this.#id);
    const blob = run?.bestState && (await this.#context.runStore.file(run.bestState.file));
    if (!blob) throw new Error(texts.keptStateGone);
    downloadFile(blob, `mmrec-${run.settings.stage ?? "model"}-step${run.bestState?.step}.safetensors`);
  }
}

/** @param {HTMLElement} target @param {string | null} text */
function label(target, text) {
  if (text === null) target.removeAttribute("aria-label");
  else if (target.getAttribute("aria-label") !== text) target.setAttribute("aria-label", text);
}

/** @param {Manifest} run */
function factsOf(run) {
  const { settings, parameters, step, best, changed } = run;
  const date = format.moment(changed);
  return texts.runs.facts({ text: nameOf({ ref: run.text, name: run.textName }), model: modelOf(settings), parameters, step, planned: settings.steps, best: best?.loss ?? null, date, bytes: sizeOf(run) });
}
