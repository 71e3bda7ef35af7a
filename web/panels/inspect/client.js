/**
 * What is asked of the engine about one text, and what it answered. The engine goes on showing the model that read the text, while
 * training goes on; an answer that comes after another text or token was chosen is dropped.
 *
 * @import { Ablation, Gates, Look, Reading } from "../../engine/engine-types.js"
 * @import { Session } from "../../state/session.js"
 *
 * One layer at one token; a GPT has no gates.
 * @typedef {{ layer: number, token: number, gates: Gates | null, look: Look }} Sight
 */

export class InspectClient {
  /** The model reads the text. */ busy = false;
  /** Why the last question was not answered. @type {unknown} */ error = null;
  /** @type {Reading | null} */ reading = null;
  /** Where the model that read it was. */ step = 0;
  /** The one that the views are about. */ token = 0;
  layer = 0;
  /** null: all heads of the layer together. @type {number | null} */ head = null;
  /** The newest that was answered; it may be of a token or layer chosen before. @type {Sight | null} */ sight = null;
  /** With one part switched off, in the order of the reading's parts. @type {Ablation[]} */ losses = [];
  /** Those losses are being measured. */ measuring = false;
  #session;
  #changed;
  /** The token that the person chose; until then it is the last of the text, which has the longest past. */ #wanted = Infinity;
  /** Counts the texts that were read: an answer of an earlier one is stale. */ #turn = 0;
  #looking = false;
  /** The run whose model it is, and the worker that holds it. @type {unknown[]} */ #held = [];

  /**
   * @param {Session} session
   * @param {() => void} changed
   */
  constructor(session, changed) {
    this.#session = session;
    this.#changed = changed;
  }

  /** Steps that the model has learned since it read the text; null where it is another model now. */
  get since() {
    const { run, client } = this.#session;
    return run && run === this.#held[0] && client === this.#held[1] ? Math.max(0, run.step - this.step) : null;
  }

  /** @param {string} text */
  async read(text) {
    const turn = ++this.#turn;
    Object.assign(this, { busy: true, error: null, measuring: false });
    this.#changed();
    try {
      const reading = await this.#session.engine.ask({ type: "inspect_text", text });
      if (turn === this.#turn) this.#take(reading);
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
    if (turn !== this.#turn) return;
    this.busy = false;
    this.#changed();
    await this.#look();
  }

  /** @param {Partial<Pick<InspectClient, "token" | "layer" | "head">>} choice */
  choose(choice) {
    Object.assign(this, choice);
    this.#wanted = choice.token ?? this.#wanted;
    this.#changed();
    void this.#look();
  }

  async measure() {
    const turn = this.#turn;
    Object.assign(this, { losses: [], measuring: true });
    this.#changed();
    try {
      for (const part of this.reading?.parts.keys() ?? []) {
        const loss = await this.#session.engine.ask({ type: "ablate", part });
        if (turn !== this.#turn) return;
        this.losses = [...this.losses, loss];
        this.#changed();
      }
    } catch (error) {
      if (turn === this.#turn) this.#fail(error);
    }
    if (turn !== this.#turn) return;
    this.measuring = false;
    this.#changed();
  }

  /** Forgets the text, here and in the engine, which then no longer holds the model as it was. */
  end() {
    const { client } = this.#session;
    if ((this.reading || this.busy) && client?.alive) void client.ask({ type: "end_inspection" }).catch(() => {});
    this.#turn++;
    Object.assign(this, { busy: false, reading: null, sight: null, losses: [], measuring: false });
  }

  /** @param {Reading} reading */
  #take(reading) {
    const { run, client } = this.#session;
    this.#held = [run, client];
    Object.assign(this, { reading, step: run?.step ?? 0, sight: null, losses: [] });
    this.token = Math.min(this.#wanted, reading.tokens.length - 1);
    this.layer = Math.min(this.layer, reading.layers - 1);
    if (this.head !== null && this.head >= reading.heads) this.head = null;
  }

  /** @param {unknown} error */
  #fail(error) {
    Object.assign(this, { error, reading: null, sight: null, losses: [] });
  }

  /** Asks for the chosen token in the chosen layer until that is what is known; those passed on the way are not asked for. */
  async #look() {
    if (this.#looking) return;
    this.#looking = true;
    while (this.reading && (this.sight?.token !== this.token || this.sight.layer !== this.layer)) {
      const { layer, token } = this;
      const hasGates = this.reading.decays.length > 0;
      const turn = this.#turn;
      try {
        const { engine } = this.#session;
        const known = this.sight?.layer === layer ? this.sight.gates : null;
        const gates = hasGates ? (known ?? (await engine.ask({ type: "gates", layer }))) : null;
        const look = await engine.ask({ type: "look", layer, token });
        if (turn === this.#turn) this.sight = { layer, token, gates, look };
      } catch (error) {
        if (turn === this.#turn) this.#fail(error);
      }
      this.#changed();
    }
    this.#looking = false;
  }
}
