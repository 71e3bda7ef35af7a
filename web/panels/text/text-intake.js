/**
 * Takes a text into the draft, wherever it comes from, and says what becomes of it: it is read, refused, left out in part, or has to wait.
 *
 * @import { Read } from "../../engine/protocol.js"
 * @import { Complaint } from "../../platform/errors.js"
 * @import { DraftText } from "../../state/run-draft.js"
 * @import { Session } from "../../state/session.js"
 * @import { RunLoader } from "../../storage/run-loader.js"
 * @import { Action, Toasts } from "../../ui/toasts.js"
 * @import { SkippedFile } from "./chosen-files.js"
 *
 * Finds a text; `lossy`: bytes that cannot be read are to be replaced; `signal`: another one is wanted by now.
 * @callback Find
 * @param {boolean} lossy
 * @param {AbortSignal} signal
 * @returns {Promise<Found> | Found}
 *
 * @typedef {{ text: DraftText, left: SkippedFile[] }} Found `left`: what was left out before the engine saw it
 */

import { EngineError } from "../../engine/engine-client.js";
import { texts } from "../../i18n/index.js";
import { canBeReplaced } from "../../platform/errors.js";
import { Refusal } from "../../state/text-source.js";

/** What is said of the text of the draft, and of one that did not get there. */
const NOTICES = ["text-left", "text"];

export class TextIntake {
  #context;
  /** @type {DraftText | null} */ #known = null;
  /** What is to be done when the engine is there. @type {(() => void) | null} */ #waiting = null;
  #reading = false;
  /** Only the text that was asked for last is still wanted. */ #wanted = new AbortController();
  /** Whether it got to the draft. @type {Promise<boolean>} */ #taken = Promise.resolve(true);

  /** @param {{ session: Session, runLoader: RunLoader, toasts: Toasts, draftChanged: () => void, progress: (words: string) => void }} context */
  constructor(context) {
    this.#context = context;
  }

  /**
   * @param {Find} find
   * @param {boolean} [lossy]
   */
  take(find, lossy = false) {
    const { session, progress } = this.#context;
    const again = () => this.take(find, lossy);
    this.#wanted.abort();
    this.#forget();
    progress("");
    if (session.leaderPhase) return this.#tell("info", texts.textElsewhere());
    if (session.phase === "dead") return this.#tell("error", texts.textWithoutEngine());
    if (session.phase === "starting") {
      this.#waiting = again;
      return progress(texts.textWaits);
    }
    if (session.active) return this.#offerToStop(again);
    this.#wanted = new AbortController();
    this.#taken = this.#bring(find, lossy, this.#wanted.signal);
  }

  /**
   * Hands over what has waited for the engine.
   * @returns {Promise<boolean>} whether the text that was asked for last, if any, is in the draft
   */
  arrived() {
    this.look();
    return this.#taken;
  }

  /** Something has changed. */
  look() {
    const { session } = this.#context;
    // The text is another tab's, told anew with every step.
    if (session.leaderPhase) return;
    if (session.phase !== "starting") {
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.();
    }
    // Another text came by another way: what was said of this one is no longer of use.
    if (!this.#reading && session.draft.text !== this.#known) this.#forget();
    this.#known = session.draft.text;
  }

  /** @param {() => void} again */
  #offerToStop(again) {
    const { session } = this.#context;
    this.#tell("info", texts.textWhileRunning(), [{ label: texts.stopAndUse, run: () => void session.stop().then(again) }]);
  }

  /**
   * A file may not answer, so nothing else waits until it is found.
   * @param {Find} find
   * @param {boolean} lossy
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether it is in the draft
   */
  async #bring(find, lossy, signal) {
    const { session, progress } = this.#context;
    const replacing = () => this.take(find, true);
    progress(texts.readingText);
    try {
      const found = await find(lossy, signal);
      /** @type {unknown} */
      let refusal = null;
      const done = await session.act(texts.textRefused, async () => {
        // The worker's death is told by whoever replaces it.
        await this.#use(found, replacing, signal).catch((error) => {
          if (error instanceof EngineError && error.fatal) throw error;
          refusal = error;
        });
      });
      if (refusal) throw refusal;
      return done;
    } catch (error) {
      if (!signal.aborted) this.#refuse(error, lossy ? null : replacing);
      return false;
    } finally {
      if (!signal.aborted) progress("");
    }
  }

  /**
   * @param {Found} found
   * @param {() => void} replacing takes it with what cannot be read replaced
   * @param {AbortSignal} signal
   */
  async #use(found, replacing, signal) {
    const { session, runLoader, draftChanged } = this.#context;
    if (signal.aborted) return;
    // A run may have begun while it waited for its turn.
    if (session.active) return this.#offerToStop(() => this.take(() => found));
    this.#reading = true;
    try {
      const read = await runLoader.use(found.text);
      draftChanged();
      if (!signal.aborted) this.#tellLeft([...found.left, ...leftOf(found.text, read)], replacing);
    } finally {
      this.#known = session.draft.text;
      this.#reading = false;
    }
  }

  /**
   * Says why a text is not taken.
   * @param {unknown} error
   * @param {(() => void) | null} replacing takes it with what cannot be read replaced
   */
  #refuse(error, replacing) {
    if (error instanceof Refusal) return this.#tell("error", error.complaint);
    const actions = replacing && canBeReplaced(error) ? [{ label: texts.acceptAnyway, run: replacing }] : [];
    this.#tell("error", texts.textRefused(error), actions);
  }

  /**
   * @param {SkippedFile[]} left
   * @param {() => void} replacing
   */
  #tellLeft(left, replacing) {
    if (left.length === 0) return;
    const actions = left.some(({ why }) => canBeReplaced(why)) ? [{ label: texts.acceptAnyway, run: replacing }] : [];
    this.#context.toasts.show("info", texts.filesLeftOut(left), { key: "text-left", actions, passing: false });
  }

  /**
   * @param {"error" | "info"} kind
   * @param {Complaint} complaint
   * @param {Action[]} [actions]
   */
  #tell(kind, complaint, actions = []) {
    this.#context.toasts.show(kind, complaint, { key: "text", actions, passing: false });
  }

  #forget() {
    for (const key of NOTICES) this.#context.toasts.dismiss(key);
  }
}

/**
 * @param {DraftText} text
 * @param {Read | null} read
 * @returns {SkippedFile[]}
 */
function leftOf({ source }, read) {
  if (source.kind !== "files" || !read) return [];
  const repeated = read.files.filter((file) => file.repeated).map(({ name }) => ({ name, why: texts.repeatedFile }));
  return [...read.leftOut.map(({ place, why }) => ({ name: source.files[place]?.name ?? "", why })), ...repeated];
}
