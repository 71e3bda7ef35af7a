/**
 * How many parameters each size of model has for the text and the tokenizer that are here: the vocabulary is a part of the model.
 *
 * @import { Stage } from "../engine/engine-types.js"
 * @import { Session } from "./session.js"
 */

export class ModelSizes {
  #session;
  /** What they were last asked for. */ #asked = "";
  /** @type {Map<Stage, number>} */ #parameters = new Map();

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
  }

  /** @param {Stage} stage @returns {number | null} null where it is not known yet */
  of(stage) {
    return this.#parameters.get(stage) ?? null;
  }

  /** Asks the engine where something has changed that they depend on. */
  render() {
    const { draft, phase } = this.#session;
    const { info, settings, description } = draft;
    if (!info || !settings || !description || phase === "dead") return;
    const about = JSON.stringify([info.fingerprint, description.vocabulary, settings.gpt, settings.gpt && settings.context]);
    if (about === this.#asked) return;
    this.#asked = about;
    this.#describe().then(
      (parameters) => {
        if (about !== this.#asked) return;
        this.#parameters = parameters;
        this.#session.changed();
      },
      // A broken worker is told of by whoever replaces it.
      () => (this.#asked = ""),
    );
  }

  async #describe() {
    const { draft } = this.#session;
    /** @type {Map<Stage, number>} */
    const parameters = new Map();
    for (const { stage } of draft.stages) {
      const { parameters: count } = await draft.describe(draft.changed({ stage }));
      parameters.set(stage, count);
    }
    return parameters;
  }
}
