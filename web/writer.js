/**
 * Writing with the model that is in the engine. While it writes, training waits: the worker does one piece of work at a time.
 *
 * @import { GenerateOptions } from "./engine-types.js"
 * @import { Notice } from "./protocol.js"
 * @import { Session } from "./session.js"
 */

import { texts } from "./texts/index.js";

export class Writer {
  /** Whether it is writing now. */ busy = false;
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
      this.busy = true;
      try {
        await this.#session.engine.ask({ type: "generate", prompt, options });
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

  /** @param {Extract<Notice, { type: "written" | "writing_ended" }>} notice */
  hear(notice) {
    if (notice.type === "written") return this.onText(notice.text);
    const { failure } = notice;
    if (failure && !failure.fatal) this.#session.tell("error", texts.failed.writing(failure.message));
    this.#end();
  }

  #end() {
    this.busy = false;
    this.onEnd();
    this.#session.changed();
  }
}
