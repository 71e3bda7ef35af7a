/**
 * Writing with the model that is in the engine. While it writes, training waits: the worker does one piece of work at a time.
 *
 * @import { GenerateOptions, Unknown } from "../engine/engine-types.js"
 * @import { Notice } from "../engine/protocol.js"
 * @import { Session } from "./session.js"
 */

import { texts } from "../i18n/index.js";

export class Generation {
  /** Whether it is writing now. */ busy = false;
  /** The share of the prompt that it has read; null where it is not at that. @type {number | null} */ reading = null;
  /** What the model cannot see of the prompt. @type {Unknown[]} */ unknown = [];
  /** A piece of text came. @type {(text: string) => void} */ onText = () => {};
  /** It is done, was stopped, or failed. @type {() => void} */ onEnd = () => {};
  #session;

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /**
   * @param {string} prompt
   * @param {GenerateOptions} options
   */
  begin(prompt, options) {
    return this.#session.act(texts.failed.writing, async () => {
      const { engine } = this.#session;
      this.busy = true;
      try {
        this.unknown = await engine.ask({ type: "unknown", prompt });
        await engine.ask({ type: "generate", prompt, options });
      } catch (error) {
        this.#end();
        throw error;
      }
    });
  }

  stop() {
    if (this.busy) void this.#session.engine.ask({ type: "stop_generation" }).catch(() => {});
  }

  /** The worker is gone, and what it was writing with it. */
  drop() {
    if (this.busy) this.#end();
  }

  /** @param {Extract<Notice, { type: "reading" | "written" | "writing_ended" }>} notice */
  hear(notice) {
    if (notice.type === "reading") return this.#read(notice.share);
    if (this.reading !== null) this.#read(null);
    if (notice.type === "written") return this.onText(notice.text);
    const { failure } = notice;
    if (failure && !failure.fatal) this.#session.tell("error", texts.failed.writing(failure.message));
    this.#end();
  }

  /** @param {number | null} share */
  #read(share) {
    this.reading = share;
    this.#session.changed();
  }

  #end() {
    this.busy = false;
    this.reading = null;
    this.onEnd();
    this.#session.changed();
  }
}
