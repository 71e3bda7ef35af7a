/**
 * “Share”, unfolded: a link to the settings, and the model as a page that writes.
 *
 * @import { Packing } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 */

import { loadTexts, share, texts } from "../../i18n/index.js";
import { SHAKESPEARE } from "../../state/text-source.js";
import { copyText } from "../../ui/clipboard.js";
import { make, need, onPress, setText, setUsable } from "../../ui/dom.js";
import { downloadFile } from "../../ui/download-file.js";
import { exportPage } from "./export.js";
import { fragmentOf } from "./link.js";

/**
 * The view, with its words.
 * @param {Session} session
 * @param {RunLoader} runLoader
 * @param {HTMLElement} body
 */
export async function openView(session, runLoader, body) {
  await loadTexts("share");
  return new ShareView(session, runLoader, body);
}

export class ShareView {
  #session;
  #runLoader;
  #body;
  #locale = "";
  /** @type {ReturnType<typeof makeFrame>} */ #frame;
  /** An export under way. @type {AbortController | null} */ #exporting = null;

  /**
   * @param {Session} session
   * @param {RunLoader} runLoader
   * @param {HTMLElement} body
   */
  constructor(session, runLoader, body) {
    this.#session = session;
    this.#runLoader = runLoader;
    this.#body = body;
    this.#frame = this.#build();
  }

  render() {
    if (this.#locale !== texts.locale) this.#frame = this.#build();
    const session = this.#session;
    const frame = this.#frame;
    const link = linkOf(session);
    frame.address.value = link ?? "";
    frame.address.hidden = link === null;
    setUsable(frame.copy, link !== null);
    setText(frame.linkHint, linkHint(session));
    const there = session.run !== null && session.phase !== "dead" && !session.leaderPhase;
    setUsable(frame.export, there && !this.#exporting, session.leaderPhase ? texts.unusable.otherTab : there ? "" : texts.unusable.noModel);
    frame.cancel.hidden = !this.#exporting;
  }

  #build() {
    this.#locale = texts.locale;
    const frame = makeFrame();
    this.#body.replaceChildren(...frame.parts);
    onPress(frame.copy, () => void this.#copy());
    onPress(frame.export, () => void this.#export());
    onPress(frame.cancel, () => this.#exporting?.abort());
    return frame;
  }

  async #copy() {
    const { address, copied } = this.#frame;
    const done = await copyText(address.value);
    if (!done) address.select();
    setText(copied, done ? share.copied : share.copyByHand);
  }

  async #export() {
    const frame = this.#frame;
    const packing = /** @type {Packing} */ (frame.packing.value);
    const exporting = (this.#exporting = new AbortController());
    const report = (/** @type {string} */ text) => setText(frame.state, text);
    report(share.exporting);
    this.render();
    try {
      const snapshot = await this.#runLoader.present();
      if (!snapshot) throw new Error(texts.unusable.noModel);
      const prompt = need("prompt", HTMLTextAreaElement).value;
      const made = await exportPage(this.#session, snapshot, { packing, prompt, report, signal: exporting.signal });
      downloadFile(made.file, made.name);
      report(share.exported(made));
    } catch (error) {
      report(exporting.signal.aborted ? "" : share.notExported(error));
    } finally {
      const focused = document.activeElement === frame.cancel;
      this.#exporting = null;
      this.render();
      if (focused) frame.export.focus();
    }
  }
}

function makeFrame() {
  const address = make("input");
  Object.assign(address, { type: "text", readOnly: true, spellcheck: false });
  address.setAttribute("aria-label", share.address);
  const copy = make("button", { text: share.copy });
  const exporting = make("button", { text: share.export });
  const cancel = make("button", { text: texts.markup.cancel });
  const packing = make("select", {}, ...(["int8", "f16"]).map((value) => new Option(share.packings[/** @type {Packing} */ (value)], value)));
  packing.setAttribute("aria-label", share.packing);
  const linkHint = make("p", { class: "hint" });
  const [copied, state] = [make("p", { class: "hint" }), make("p", { class: "hint" })];
  for (const status of [copied, state]) status.setAttribute("role", "status");
  const parts = [
    make("h3", { text: share.link }),
    linkHint,
    make("div", { class: "row" }, address, copy),
    copied,
    make("h3", { text: share.page }),
    make("p", { class: "hint", text: share.pageHint }),
    make("div", { class: "row" }, packing, exporting, cancel),
    state,
    make("p", { class: "hint", text: share.safetensors }),
  ];
  return { parts, address, copy, copied, linkHint, packing, export: exporting, cancel, state };
}

/** @param {Session} session @returns {string | null} null where the sizes of the model are in no link */
function linkOf({ draft: { settings, defaults, text } }) {
  if (!settings?.stage || !defaults) return null;
  return location.origin + location.pathname + fragmentOf(settings, defaults[settings.stage], publicText(text));
}

/** @param {Session["draft"]["text"]} text */
function publicText({ ref, name }) {
  if (ref.kind === "sample") return "sample";
  return name === SHAKESPEARE.name ? "tiny-shakespeare" : null;
}

/** @param {Session} session */
function linkHint({ draft: { settings, text } }) {
  if (!settings?.stage) return share.noLink;
  const found = publicText(text);
  return found === "sample" ? share.linkWithSample : found ? share.linkWithShakespeare : share.linkWithoutText;
}
