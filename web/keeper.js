/**
 * What is kept between visits, as files of a `Store`:
 * - `draft.json`: the chosen text, the settings, the device;
 * - `run.json`: the manifest of the run, which names the run's text and its last two states, newest first;
 * - `text-<id>` and `state-<id>`: what those two name. A file that neither names is removed.
 *
 * A state is written under a new name before the manifest names it, so a crash at any moment leaves a manifest whose states are whole.
 *
 * @import { Settings } from "./engine-types.js"
 * @import { PrepareOptions, Snapshot } from "./protocol.js"
 * @import { Store } from "./store.js"
 *
 * @typedef {{ kind: "sample" } | { kind: "kept", id: string, name: string }} TextRef
 *
 * @typedef {object} Draft
 * @property {1} version
 * @property {TextRef} text
 * @property {Settings} settings
 * @property {"auto" | "cpu" | "webgpu"} device
 *
 * @typedef {{ step: number, text: string }} Sample
 * @typedef {{ file: string, step: number }} KeptState
 *
 * @typedef {object} Manifest
 * @property {1} version
 * @property {TextRef} text
 * @property {string} name of the text
 * @property {PrepareOptions} options
 * @property {Settings} settings
 * @property {"running" | "paused" | "ended"} phase
 * @property {string | null} verdict
 * @property {number} step
 * @property {number | null} loss
 * @property {Sample[]} samples
 * @property {KeptState[]} states
 */

const DRAFT = "draft.json";
const RUN = "run.json";
const SHAKESPEARE = "tiny-shakespeare.txt";

export class Keeper {
  #store;
  /** @type {Draft | null} */ #draft = null;
  /** @type {Manifest | null} */ #run = null;
  /** The newest text, which the draft is about to name. */ #fresh = "";
  /** Writes come one after another, so that an older state never lands on a newer one. @type {Promise<unknown>} */
  #writes = Promise.resolve();

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  get lasting() {
    return this.#store.lasting;
  }

  /** Reads what an earlier visit left. */
  async recall() {
    this.#draft = await this.#readJson(DRAFT);
    this.#run = await this.#readJson(RUN);
    return { draft: this.#draft, run: this.#run };
  }

  /** @param {Draft} draft */
  keepDraft(draft) {
    return this.#next(async () => {
      this.#draft = draft;
      await this.#store.write(DRAFT, JSON.stringify(draft));
      await this.#sweep();
    });
  }

  /**
   * @param {Blob} text
   * @param {string} name
   * @returns {Promise<TextRef>}
   */
  async keepText(text, name) {
    const id = crypto.randomUUID();
    this.#fresh = `text-${id}`;
    await this.#store.write(`text-${id}`, text);
    return { kind: "kept", id, name };
  }

  /** @param {string} id */
  readText(id) {
    return this.#store.read(`text-${id}`);
  }

  /**
   * Keeps a state of the run, and the one before it for the case that this one turns out damaged.
   * @param {Snapshot} snapshot
   * @param {Omit<Manifest, "states" | "version">} manifest
   * @param {boolean} continues whether it belongs to the run that is kept already
   */
  keepState(snapshot, manifest, continues) {
    return this.#next(async () => {
      const file = `state-${crypto.randomUUID()}`;
      await this.#store.write(file, snapshot.bytes);
      const earlier = continues ? (this.#run?.states ?? []).filter((state) => state.step !== snapshot.step) : [];
      this.#run = { version: 1, ...manifest, states: [{ file, step: snapshot.step }, ...earlier.slice(0, 1)] };
      await this.#store.write(RUN, JSON.stringify(this.#run));
      await this.#sweep();
    });
  }

  /**
   * The kept states that can be read, newest first.
   * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>>}
   */
  async *states() {
    for (const { file } of this.#run?.states ?? []) {
      const blob = await this.#store.read(file);
      if (blob) yield new Uint8Array(await blob.arrayBuffer());
    }
  }

  discardRun() {
    return this.#next(async () => {
      this.#run = null;
      await this.#store.remove(RUN);
      await this.#sweep();
    });
  }

  shakespeare() {
    return this.#store.read(SHAKESPEARE);
  }

  /** @param {Blob} text */
  keepShakespeare(text) {
    return this.#store.write(SHAKESPEARE, text);
  }

  /**
   * @template T
   * @param {() => Promise<T>} task
   */
  #next(task) {
    const turn = this.#writes.then(task);
    this.#writes = turn.catch(() => {});
    return turn;
  }

  /** Removes the texts and states that nothing names any more. */
  async #sweep() {
    const named = new Set([this.#fresh, ...(this.#run?.states ?? []).map((state) => state.file)]);
    for (const text of [this.#draft?.text, this.#run?.text]) if (text?.kind === "kept") named.add(`text-${text.id}`);
    for (const name of await this.#store.list()) {
      if (/^(text|state)-/.test(name) && !named.has(name)) await this.#store.remove(name);
    }
  }

  /**
   * @param {string} name
   * @returns {Promise<any>} null where it is missing, broken or from a newer version
   */
  async #readJson(name) {
    try {
      const blob = await this.#store.read(name);
      const value = blob && JSON.parse(await blob.text());
      return value && value.version === 1 ? value : null;
    } catch {
      return null;
    }
  }
}
