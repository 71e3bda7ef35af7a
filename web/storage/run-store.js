/**
 * What is kept between visits, as files of a `Store`:
 * - `draft.json`: the chosen text, the settings, the device;
 * - `run-<id>.json`: the manifest of a run, which names its text, its curve, its last two states and its best one;
 * - `text-<id>`, `curve-<id>` and `state-<id>`: what those name. A file that none names is removed.
 *
 * A state is written under a new name before a manifest names it, so a crash at any moment leaves manifests whose states are whole.
 * Where a manifest cannot be read, nobody knows what it names: then nothing that was there is removed.
 *
 * @import { Settings } from "../engine/engine-types.js"
 * @import { Snapshot } from "../engine/protocol.js"
 * @import { Columns } from "../state/metrics-history.js"
 * @import { About, StoredState, Manifest, TextRef } from "./manifest.js"
 * @import { Store } from "./store.js"
 *
 * @typedef {object} StoredDraft
 * @property {1} version
 * @property {TextRef} text
 * @property {Settings} settings
 * @property {"auto" | "cpu" | "webgpu"} device
 */

import { plain } from "../i18n/format.js";
import { inTime } from "../engine/in-time.js";
import { columnsOf, toStored } from "../state/metrics-history.js";
import { serial } from "../ui/dom.js";
import { manifestOf, manifestOfFirst } from "./manifest.js";
import { newName, unlike } from "./run-names.js";
import { memoryStore } from "./store.js";

const DRAFT = "draft.json";
/** The manifest of the one run that the first version of the page kept. */
const FIRST = "run.json";
/** A browser that lists thousands of files for longer than this (milliseconds) never will. */
const LISTING = 60_000;
const SHAKESPEARE = "tiny-shakespeare.txt";

export class RunStore {
  /** What is kept is not what it was. @type {() => void} */ onChange = () => {};
  /** How often it changed. */ changes = 0;
  /** A state was kept, and so is its text. @type {() => void} */ onStateSaved = () => {};
  #store;
  /** @type {StoredDraft | null} */ #draft = null;
  /** @type {Map<string, Manifest>} */ #runs = new Map();
  /** Those that are not deleted, newest first; null where that is to be found anew. @type {Manifest[] | null} */ #newest = null;
  /** How many of those have a name. @type {Map<string, number>} */ #names = new Map();
  /** The newest text, which the draft is about to name. */ #fresh = "";
  /** Texts that could not be written yet, by their ids. @type {Map<string, Blob>} */ #unwritten = new Map();
  /** Files of runs that could not be read. @type {Set<string>} */ #spared = new Set();
  /** Runs that are gone for good: a state that comes late does not bring one back. @type {Set<string>} */ #gone = new Set();
  /** Whether this visit has looked for what earlier ones left lying about. */ #swept = false;
  /** Writes come one after another, so that an older state never lands on a newer one. */
  #next = serial();
  /** From now on it is known what earlier visits left. @type {() => void} */ #known = () => {};

  /** @param {Store} store that becomes this tab's with `recall`; what is to be written before waits for that */
  constructor(store) {
    this.#store = store;
    // What is not known yet would be taken for what nobody needs.
    const known = new Promise((resolve) => (this.#known = () => resolve(null)));
    void this.#next(() => known);
  }

  get lasting() {
    return this.#store.lasting;
  }

  /** The one trained last comes first; what came from elsewhere comes last, whatever the clock was there. */
  get runs() {
    this.#newest ??= [...this.#runs.values()].filter((run) => !run.deleted).sort((one, other) => turnOf(other) - turnOf(one) || other.changed - one.changed);
    return [...this.#newest];
  }

  /** Those that the person has deleted, and can still have back. */
  get deleted() {
    return [...this.#runs.values()].filter((run) => run.deleted);
  }

  /** @param {string} id */
  run(id) {
    const run = this.#runs.get(id);
    return run && !run.deleted ? run : null;
  }

  /**
   * Reads what earlier visits left. Where even that it is there cannot be read, this visit keeps nothing.
   * @returns {Promise<{ draft: StoredDraft | null, broken: number }>} and how many runs could not be read
   */
  recall() {
    return this.#recall().finally(this.#known);
  }

  async #recall() {
    const names = await inTime(this.#store.list(), LISTING).catch(() => null);
    if (!names) {
      this.#store = memoryStore();
      return { draft: null, broken: 0 };
    }
    this.#draft = await this.#readDraft();
    const manifests = names.filter((name) => name === FIRST || /^run-.*\.json$/.test(name));
    const read = await Promise.all(manifests.map((name) => this.#readManifest(name).catch(() => null)));
    for (const run of read) if (run) this.#put(run.id, run);
    const broken = read.filter((run) => run === null).length;
    // A text may be theirs, too, even where it is also one of ours.
    if (broken > 0) this.#spared = new Set(names.filter((name) => name.startsWith("text-") || !this.#named().has(name)));
    return { draft: this.#draft, broken };
  }

  /** @param {StoredDraft} draft */
  saveDraft(draft) {
    return this.#next(async () => {
      const textStays = JSON.stringify(this.#draft?.text) === JSON.stringify(draft.text);
      this.#draft = draft;
      const textless = await this.#writeTexts();
      await this.#store.write(DRAFT, JSON.stringify(draft));
      if (!textStays || !this.#swept) await this.#sweep();
      if (textless) throw textless;
    });
  }

  /**
   * Where there is no room for it, it is tried again with all that names it, which says so.
   * @param {Blob} text
   * @param {string} name
   * @returns {Promise<TextRef>}
   */
  async saveText(text, name) {
    const id = await digestOf(text);
    await this.#next(() => {
      this.#fresh = `text-${id}`;
      this.#unwritten.set(id, text);
      return this.#writeTexts();
    });
    return { kind: "kept", id, name };
  }

  /** @param {string} id */
  async readText(id) {
    return this.#unwritten.get(id) ?? this.#store.read(`text-${id}`);
  }

  /**
   * @param {Snapshot} snapshot of a run, which is a new one where its id is
   * @param {About} about
   * @param {Columns} curve
   */
  saveState(snapshot, about, curve) {
    return this.#next(async () => {
      if (this.#gone.has(about.id)) return;
      const textless = await this.#writeTexts(about.text);
      // What it has written by then, nobody names.
      await this.#saveState(snapshot, about, curve).catch(async (error) => {
        await this.#sweep().catch(() => {});
        throw error;
      });
      // It is worth having all the same: it can be opened to write.
      if (textless) throw textless;
      this.onStateSaved();
    });
  }

  /**
   * @param {Snapshot} snapshot
   * @param {About} about
   * @param {Columns} curve
   */
  async #saveState(snapshot, about, curve) {
    const state = await this.#write(snapshot);
    const before = this.#runs.get(about.id);
    const earlier = (/** @type {StoredState | null | undefined} */ one) => Boolean(one && one.step < state.step);
    await this.#keep({
      ...about,
      version: 2,
      name: before?.name ?? newName((name) => this.#names.has(name)),
      created: before?.created ?? Date.now(),
      changed: Date.now(),
      states: [state, ...(before?.states ?? []).filter(earlier).slice(0, 1)],
      bestState: about.best?.step === state.step ? state : before && earlier(before.bestState) ? before.bestState : null,
      curve: await this.#writeCurve(curve),
      deleted: before?.deleted ?? false,
      turn: 1 + Math.max(0, ...[...this.#runs.values()].map(turnOf)),
    });
    // In memory alone there is room for one model.
    if (!this.lasting) for (const run of this.runs) if (run.id !== about.id) await this.#keep(without(run));
  }

  /**
   * The kept states that can be read, newest first.
   * @param {string} id of the run
   * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>>}
   */
  async *states(id) {
    for (const { file } of this.#runs.get(id)?.states ?? []) {
      const blob = await this.#store.read(file);
      if (blob) yield new Uint8Array(await blob.arrayBuffer());
    }
  }

  /**
   * The kept state of a run with the lowest validation loss.
   * @param {string} id of the run
   * @returns {Promise<Snapshot | null>} null where there is none that can be read
   */
  async best(id) {
    const state = this.#runs.get(id)?.bestState;
    const blob = state && (await this.#store.read(state.file));
    return blob ? { step: state.step, bytes: new Uint8Array(await blob.arrayBuffer()) } : null;
  }

  /**
   * A file that a manifest names.
   * @param {string} name
   */
  file(name) {
    return this.#store.read(name);
  }

  /**
   * While nothing is written, so that every file that is named now is there.
   * @template T
   * @param {() => Promise<T>} task
   */
  whenIdle(task) {
    return this.#next(task);
  }

  /**
   * The course of a run, as it was kept.
   * @param {string} id
   * @returns {Promise<Columns | null>} null where there is none that can be read
   */
  async curve(id) {
    const name = this.#runs.get(id)?.curve;
    const blob = name ? await this.#store.read(name) : null;
    return blob && blob.text().then((text) => columnsOf(JSON.parse(text))).catch(() => null);
  }

  /** @param {string} id @param {string} name */
  rename(id, name) {
    return this.#change([id], (run) => {
      const taken = (/** @type {string} */ other) => (this.#names.get(other) ?? 0) > (other === run.name ? 1 : 0);
      return { ...run, name: unlike(plain(name), taken) };
    });
  }

  /** Puts runs aside; nothing of them is removed yet. @param {string[]} ids */
  remove(ids) {
    return this.#change(ids, (run) => ({ ...run, deleted: true }));
  }

  /** @param {string[]} ids */
  restore(ids) {
    return this.#change(ids, (run) => ({ ...run, deleted: false }));
  }

  /** Removes the states of runs and leaves their curves. @param {string[]} ids */
  dropStates(ids) {
    return this.#change(ids, without);
  }

  /** Removes what was put aside. @param {string[]} ids */
  purge(ids) {
    return this.#next(async () => {
      for (const id of ids) {
        if (!this.#runs.get(id)?.deleted) continue;
        this.#gone.add(id);
        this.#put(id, null);
        await this.#store.remove(`run-${id}.json`);
      }
      this.onChange();
      await this.#sweep();
      await this.#writeTexts();
    });
  }

  /**
   * Takes in a run from elsewhere, under an id and a name that are free. It may be one of thousands: that something has changed is
   * not told, and what of it could not be written is left lying about until the next `removeUnused`.
   * @param {Manifest} manifest its states' files are names in `files`
   * @param {{ states: Map<string, Blob>, curve: Columns | null, text: Blob | null }} files
   */
  importRun(manifest, { states, curve, text }) {
    return this.#next(async () => {
      const id = this.#runs.has(manifest.id) || this.#gone.has(manifest.id) ? crypto.randomUUID() : manifest.id;
      const { text: ref } = manifest;
      // Many runs share one text.
      if (text && ref.kind === "kept" && !(await this.readText(ref.id))) await this.#store.write(`text-${ref.id}`, text);
      /** @type {Map<string, StoredState>} */
      const kept = new Map();
      for (const [name, bytes] of states) {
        const step = [...manifest.states, manifest.bestState].find((state) => state?.file === name)?.step ?? 0;
        kept.set(name, await this.#write({ bytes, step }));
      }
      const here = (/** @type {StoredState | null} */ state) => (state && kept.get(state.file)) ?? null;
      await this.#save({
        ...manifest,
        id,
        name: unlike(manifest.name, (name) => this.#names.has(name)),
        states: manifest.states.flatMap((state) => here(state) ?? []),
        bestState: here(manifest.bestState),
        curve: curve && (await this.#writeCurve(curve)),
        deleted: false,
        turn: -1,
      });
    });
  }

  /** Removes what no run needs. */
  removeUnused() {
    return this.#next(() => this.#sweep());
  }

  shakespeare() {
    return this.#store.read(SHAKESPEARE);
  }

  /** @param {Blob} text */
  saveShakespeare(text) {
    return this.#store.write(SHAKESPEARE, text);
  }

  /** @param {string} id @param {Manifest | null} run null for none */
  #put(id, run) {
    const before = this.#runs.get(id);
    if (before && !before.deleted) this.#count(before.name, -1);
    if (run && !run.deleted) this.#count(run.name, 1);
    if (run) this.#runs.set(id, run);
    else this.#runs.delete(id);
    this.#newest = null;
    this.changes++;
  }

  /** @param {string} name @param {number} more runs that have it */
  #count(name, more) {
    const runs = (this.#names.get(name) ?? 0) + more;
    if (runs > 0) this.#names.set(name, runs);
    else this.#names.delete(name);
  }

  /**
   * @param {string[]} ids
   * @param {(run: Manifest) => Manifest} change
   */
  #change(ids, change) {
    return this.#next(async () => {
      for (const id of ids) {
        const run = this.#runs.get(id);
        if (run) await this.#keep(change(run));
      }
      await this.#writeTexts();
    });
  }

  /** @param {Manifest} run */
  async #keep(run) {
    await this.#save(run);
    this.onChange();
  }

  /**
   * Writes a manifest, and removes what only the one before it named: to look through all files takes long where there are thousands.
   * @param {Manifest} run
   */
  async #save(run) {
    const before = this.#runs.get(run.id);
    const written = JSON.stringify(run);
    // What the next visit could not read is not to take the place of what it can.
    manifestOf(JSON.parse(written));
    await this.#store.write(`run-${run.id}.json`, written);
    this.#put(run.id, run);
    const named = filesOf(run);
    for (const file of before ? filesOf(before) : []) if (!named.has(file)) await this.#store.remove(file);
  }

  /**
   * @param {{ bytes: Uint8Array<ArrayBuffer> | Blob, step: number }} state
   * @returns {Promise<StoredState>}
   */
  async #write({ bytes, step }) {
    const file = `state-${crypto.randomUUID()}`;
    await this.#store.write(file, bytes);
    return { file, step, bytes: bytes instanceof Blob ? bytes.size : bytes.byteLength };
  }

  /** @param {Columns} curve */
  async #writeCurve(curve) {
    const file = `curve-${crypto.randomUUID()}`;
    await this.#store.write(file, JSON.stringify(toStored(curve)));
    return file;
  }

  /**
   * Writes the texts that could not be written before, as far as somebody needs them.
   * @param {TextRef} [wanted] one that is about to be named
   * @returns {Promise<unknown>} what went wrong; null for nothing
   */
  async #writeTexts(wanted) {
    if (this.#unwritten.size === 0) return null;
    const named = this.#named();
    if (wanted?.kind === "kept") named.add(`text-${wanted.id}`);
    try {
      for (const [id, text] of this.#unwritten) {
        if (!named.has(`text-${id}`)) continue;
        await this.#store.write(`text-${id}`, text);
        this.#unwritten.delete(id);
      }
      return null;
    } catch (error) {
      return error;
    }
  }

  /** Removes what no manifest names any more. */
  async #sweep() {
    this.#swept = true;
    const named = this.#named();
    for (const name of await this.#store.list()) {
      if (/^(text|state|curve)-/.test(name) && !named.has(name)) await this.#store.remove(name);
    }
  }

  /** The files that somebody needs. */
  #named() {
    const named = new Set([this.#fresh, ...this.#spared]);
    const runs = [...this.#runs.values()];
    for (const run of runs) for (const file of filesOf(run)) named.add(file);
    for (const text of [this.#draft?.text, ...runs.map((run) => run.text)]) if (text?.kind === "kept") named.add(`text-${text.id}`);
    return named;
  }

  /** @returns {Promise<StoredDraft | null>} null where it is missing, broken or from a newer version */
  async #readDraft() {
    try {
      const blob = await this.#store.read(DRAFT);
      const draft = blob && JSON.parse(await blob.text());
      return draft?.version === 1 ? draft : null;
    } catch {
      return null;
    }
  }

  /** @param {string} name */
  async #readManifest(name) {
    const blob = await this.#store.read(name);
    // The browser has made the file, and then there was no room for what was to be in it.
    if (blob?.size === 0) return this.#store.remove(name);
    const value = blob && JSON.parse(await blob.text());
    if (name !== FIRST) return manifestOf(value);
    const changed = blob instanceof File ? blob.lastModified : Date.now();
    const run = manifestOfFirst(value, newName(() => false), changed);
    for (const state of run.states) state.bytes = (await this.#store.read(state.file))?.size ?? 0;
    await this.#store.write(`run-${run.id}.json`, JSON.stringify(run));
    await this.#store.remove(FIRST);
    return run;
  }
}

/** @param {Manifest} run */
const turnOf = ({ turn = 0 }) => turn;

/** What is a run's alone. @param {Manifest} run */
const filesOf = ({ states, bestState, curve }) => new Set([...states, bestState].flatMap((state) => state?.file ?? []).concat(curve ?? []));

/** @param {Manifest} run @returns {Manifest} the same with its states gone */
const without = (run) => ({ ...run, states: [], bestState: null });

/** The name of a content: the same text is kept once, however many runs were made from it. @param {Blob} content */
export async function digestOf(content) {
  const digest = await crypto.subtle.digest("SHA-256", await content.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
