/**
 * The text: where it comes from, and what it is.
 *
 * @import { RunDraft, DraftText } from "../../state/run-draft.js"
 * @import { Session } from "../../state/session.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 * @import { RunStore } from "../../storage/run-store.js"
 * @import { Toasts } from "../../ui/toasts.js"
 */

import { tokensAreCharacters } from "../../engine/tokenizers.js";
import * as format from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { fromFiles, fromPaste, nameOf, sample, SHAKESPEARE, shakespeare } from "../../state/text-source.js";
import { button, element, input, make, need, onPress, setText, setUsable } from "../../ui/dom.js";
import { chosenFiles, droppedFiles } from "./chosen-files.js";
import { TextIntake } from "./text-intake.js";

/**
 * @param {{ session: Session, runLoader: RunLoader, runStore: RunStore, toasts: Toasts, draftChanged: () => void }} context
 * @returns {{ render(): void, arrived(): Promise<boolean> }} `arrived`: see `TextIntake`
 */
export function createTextPanel({ session, runLoader, runStore, toasts, draftChanged }) {
  const [files, folder] = [input("files"), input("folder")];
  const progress = (/** @type {string} */ words) => setText(element("text-progress"), words);
  const sources = [button("paste"), button("sample"), button("shakespeare")];
  const intake = new TextIntake({ session, runLoader, toasts, draftChanged, progress });
  /** @param {DraftText} text */
  const whole = (text) => ({ text, left: [] });

  for (const field of [files, folder]) {
    field.addEventListener("change", () => {
      const list = [...(field.files ?? [])];
      field.value = "";
      // Called off.
      if (list.length > 0) intake.take((lossy) => fromFiles(chosenFiles(list), lossy));
    });
  }
  // Some phones have no folders to choose.
  folder.hidden = element("folder-label").hidden = !("webkitdirectory" in folder);
  onPress(button("sample"), () => intake.take(() => whole(sample)));
  onPress(button("shakespeare"), () => {
    intake.take(async (_, signal) => {
      const report = (/** @type {number} */ done, /** @type {number} */ total) => signal.aborted || progress(texts.downloading(done, total));
      // Ten minutes without an end is a failure, too; an older browser waits on.
      const patience = AbortSignal.any?.([signal, AbortSignal.timeout(600_000)]) ?? signal;
      return whole(await shakespeare(runStore, report, patience));
    });
  });
  listenForPaste((text) => intake.take(() => whole(fromPaste(text))));
  listenForDrop((transfer) => {
    const dropped = droppedFiles(transfer);
    // It is heard of where it is waited for.
    dropped.catch(() => {});
    intake.take(async (lossy) => fromFiles(await dropped, lossy));
  });

  return {
    render() {
      const free = !session.active && session.phase !== "starting" && session.phase !== "dead";
      for (const source of sources) setUsable(source, free, texts.lockedWhileRunning);
      for (const field of [files, folder]) field.disabled = !free;
      renderFacts(session);
      intake.look();
    },
    arrived: () => intake.arrived(),
  };
}

/** @param {Session} session */
function renderFacts({ draft, phase, leaderPhase }) {
  const { info, textSummary, notes, text, problem } = draft;
  if (phase === "starting" && !leaderPhase) return;
  const known = info ?? textSummary;
  setText(element("text-name"), nameOf(text));
  setText(element("text-size"), known ? format.bytes(known.bytes) : texts.none);
  setText(element("text-characters"), known ? format.count(known.characters) : texts.none);
  setText(element("text-vocabulary"), info ? format.count(info.vocabulary) : texts.none);
  setText(element("text-split-label"), info ? texts.split(info) : texts.none);
  setText(element("text-preview"), known?.preview ?? "");
  setText(element("text-notes"), notes.length > 0 ? texts.fileNotes(notes) : "");
  setText(element("text-problem"), problem?.where === "text" ? draft.complaint : "");
  drawSplit(info?.val_fraction ?? 0);
  renderTokens(draft);
  button("sample").setAttribute("aria-pressed", String(text.ref.kind === "sample"));
  button("shakespeare").setAttribute("aria-pressed", String(text.name === SHAKESPEARE.name));
}

/** Where tokens are no characters, they can be looked at. @param {RunDraft} draft */
function renderTokens({ info, settings }) {
  const tokens = tokensAreCharacters(settings?.tokenizer) ? [] : (info?.first_tokens ?? []);
  element("tokens").hidden = tokens.length === 0;
  if (!info || tokens.length === 0) return;
  setText(element("tokens-summary"), texts.tokensSummary(info.characters / (info.train_tokens + info.val_tokens)));
  const spoken = texts.tokensSpoken(tokens);
  if (element("tokens-spoken").textContent === spoken) return;
  setText(element("tokens-spoken"), spoken);
  element("tokens-shown").replaceChildren(...tokens.map((token) => make("span", { text: visible(token) })));
}

/** With a sign where a line ends, and for the part of a character. @param {string} token */
const visible = (token) => (token === "" ? "·" : token.replaceAll("\n", "⏎\n"));

/** @param {number} fraction of the text that is for validation */
function drawSplit(fraction) {
  const [train, validation] = element("text-split").children;
  if (train instanceof HTMLElement) train.style.flexGrow = String(1 - fraction);
  if (validation instanceof HTMLElement) validation.style.flexGrow = String(fraction);
}

/** @param {(text: string) => void} use */
function listenForPaste(use) {
  const dialog = need("paste-dialog", HTMLDialogElement);
  const area = need("paste-area", HTMLTextAreaElement);
  onPress(button("paste"), () => {
    area.value = "";
    dialog.returnValue = "";
    dialog.showModal();
    area.focus();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "use") use(area.value);
  });
}

/** @param {(transfer: DataTransfer) => void} take */
function listenForDrop(take) {
  const curtain = element("drop");
  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    curtain.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    // Without a related target the pointer has left the window.
    if (event.relatedTarget === null) curtain.hidden = true;
  });
  addEventListener("drop", (event) => {
    curtain.hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) take(event.dataTransfer);
  });
}
