/**
 * Runs in a zip file:
 * - `runs/<name>/run.json`, the manifest, whose files lie beside it; `curve.json`, and the states as `.safetensors`;
 * - `texts/<SHA-256>.txt`, each text once.
 *
 * What comes in is someone else's: every part is checked, a broken one is named and the rest is taken in.
 *
 * @import { Columns } from "../state/metrics-history.js"
 * @import { StoredState, Manifest } from "./manifest.js"
 * @import { RunStore } from "./run-store.js"
 * @import { Entry, Job } from "./zip-worker.js"
 */

import { texts } from "../i18n/index.js";
import { isFull } from "../platform/errors.js";
import { columnsOf, toStored } from "../state/metrics-history.js";
import { manifestOf, sizeOf } from "./manifest.js";
import { unlike } from "./run-names.js";
import { digestOf } from "./run-store.js";

/** Bytes that one file holds at most, packed or not. */
export const LIMIT = 2_000_000_000;
/** How far it is, is told at most this often (milliseconds): to draw it takes time, too. */
const OFTEN = 500;

/** @param {Manifest[]} runs */
export const sizeOfAll = (runs) => runs.reduce((sum, run) => sum + sizeOf(run), 0);

/**
 * @param {RunStore} runStore
 * @returns {Promise<Blob>}
 */
export function pack(runStore) {
  return runStore.whenIdle(async () => {
    /** @type {Map<string, Blob>} */
    const entries = new Map();
    /** @type {Set<string>} */
    const folders = new Set();
    const textOf = textsOf(runStore);
    for (const run of runStore.runs) {
      const folder = unlike(run.name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "run", (name) => folders.has(name));
      folders.add(folder);
      await addRun(runStore, run, `runs/${folder}`, entries, textOf);
    }
    return /** @type {Blob} */ (await work({ type: "pack", entries: [...entries].map(([name, blob]) => ({ name, blob })) }));
  });
}

/** @typedef {{ id: string, blob: Blob }} KeptText */

/**
 * @param {RunStore} runStore
 * @returns {(id: string) => Promise<KeptText | null>} a kept text and its sum, which is taken once for all runs of it
 */
function textsOf(runStore) {
  return once(async (id) => {
    const blob = await runStore.readText(id);
    return blob && { id: await digestOf(blob), blob };
  });
}

/**
 * @template T
 * @param {(id: string) => Promise<T>} find
 * @returns {(id: string) => Promise<T>} the same, done once for each
 */
function once(find) {
  /** @type {Map<string, Promise<T>>} */
  const found = new Map();
  return (id) => {
    const text = found.get(id) ?? find(id);
    found.set(id, text);
    return text;
  };
}

/**
 * @param {RunStore} runStore
 * @param {Manifest} run
 * @param {string} folder
 * @param {Map<string, Blob>} entries
 * @param {ReturnType<typeof textsOf>} textOf
 */
async function addRun(runStore, run, folder, entries, textOf) {
  /** @type {(state: StoredState | null, name: string) => Promise<StoredState | null>} */
  const add = async (state, name) => {
    const blob = state && (await runStore.file(state.file));
    if (!state || !blob) return null;
    entries.set(`${folder}/${name}`, blob);
    return { ...state, file: name };
  };
  const states = [];
  for (const state of run.states) states.push(...[await add(state, `step${state.step}.safetensors`)].flatMap((added) => added ?? []));
  const same = states[run.states.findIndex(({ file }) => file === run.bestState?.file)];
  const bestState = same ?? (await add(run.bestState, `best-step${run.bestState?.step}.safetensors`));
  const curve = await runStore.curve(run.id);
  if (curve) entries.set(`${folder}/curve.json`, new Blob([JSON.stringify(toStored(curve))]));
  const text = await addText(run, entries, textOf);
  const manifest = { ...run, text, states, bestState, curve: curve && "curve.json" };
  entries.set(`${folder}/run.json`, new Blob([JSON.stringify(manifest, null, 1)]));
}

/**
 * @param {Manifest} run
 * @param {Map<string, Blob>} entries
 * @param {ReturnType<typeof textsOf>} textOf
 */
async function addText({ text }, entries, textOf) {
  const kept = text.kind === "kept" ? await textOf(text.id) : null;
  if (!kept) return text;
  entries.set(`texts/${kept.id}.txt`, kept.blob);
  return { ...text, id: kept.id };
}

/** @typedef {{ taken: number, known: number, problems: string[] }} Outcome */
/** @typedef {{ runStore: RunStore, entries: Map<string, Blob>, textOf: ReturnType<typeof givenTexts>, outcome: Outcome }} Intake */

/**
 * @param {RunStore} runStore
 * @param {File} file
 * @param {(done: number, total: number) => void} report how many runs are here by now, every so often
 * @returns {Promise<Outcome>}
 */
export async function unpackInto(runStore, file, report) {
  if (file.size > LIMIT) throw new Error(texts.runs.zipTooLarge(LIMIT));
  const found = /** @type {Entry[]} */ (await work({ type: "unpack", file, limit: LIMIT }));
  const entries = new Map(found.map(({ name, blob }) => [name, blob]));
  const folders = [...entries.keys()].flatMap((name) => name.match(/^(runs\/[^/]+)\/run\.json$/)?.[1] ?? []);
  if (folders.length === 0) throw new Error(texts.runs.noRuns);
  const outcome = { taken: 0, known: 0, problems: [] };
  const intake = { runStore, entries, textOf: givenTexts(entries), outcome };
  try {
    let reported = performance.now();
    for (const [done, folder] of folders.entries()) {
      if (performance.now() - reported > OFTEN) {
        reported = performance.now();
        report(done, folders.length);
      }
      await importRun(intake, folder);
    }
  } finally {
    await runStore.removeUnused();
  }
  return outcome;
}

/**
 * @param {Intake} intake
 * @param {string} folder
 */
async function importRun({ runStore, entries, textOf, outcome }, folder) {
  const { problems } = texts.runs;
  const run = await readManifest(entries.get(`${folder}/run.json`));
  if (!run) return outcome.problems.push(problems.manifest(folder));
  const here = runStore.run(run.id);
  if (here && here.changed === run.changed && here.states.length >= run.states.length) return outcome.known++;

  const curve = run.curve === null ? null : await readCurve(entries.get(`${folder}/${run.curve}`));
  if (run.curve !== null && !curve) outcome.problems.push(problems.curve(run.name));
  const text = run.text.kind === "kept" ? await textOf(run.text.id) : null;
  if (!text && run.text.kind === "kept" && !(await runStore.readText(run.text.id))) outcome.problems.push(problems.text(run.name));
  const names = new Set([...run.states, run.bestState].flatMap((state) => state?.file ?? []));
  /** @type {Map<string, Blob>} */
  const states = new Map();
  for (const name of names) {
    const blob = entries.get(`${folder}/${name}`);
    if (blob && (await isCheckpoint(blob))) states.set(name, blob);
    else outcome.problems.push(problems.state(run.name));
  }
  try {
    await runStore.importRun(run, { states, curve, text });
    outcome.taken++;
  } catch (error) {
    if (!isFull(error)) throw error;
    outcome.problems.push(problems.full(run.name));
  }
  return undefined;
}

/**
 * @param {Blob | undefined} blob
 * @returns {Promise<Manifest | null>}
 */
async function readManifest(blob) {
  try {
    const run = manifestOf(JSON.parse((await blob?.text()) ?? ""));
    // Nobody trains it here.
    return { ...run, phase: run.phase === "running" ? "paused" : run.phase };
  } catch {
    return null;
  }
}

/**
 * @param {Blob | undefined} blob
 * @returns {Promise<Columns | null>}
 */
async function readCurve(blob) {
  try {
    return columnsOf(JSON.parse((await blob?.text()) ?? ""));
  } catch {
    return null;
  }
}

/**
 * @param {Map<string, Blob>} entries
 * @returns {(id: string) => Promise<Blob | null>} a text that is what its name says, looked at once for all runs of it
 */
function givenTexts(entries) {
  return once(async (id) => {
    const blob = entries.get(`texts/${id}.txt`);
    return blob && (await digestOf(blob)) === id ? blob : null;
  });
}

/** Whether a file begins as safetensors do; the engine looks at the rest when it is opened. @param {Blob} blob */
async function isCheckpoint(blob) {
  const start = new DataView(await blob.slice(0, 9).arrayBuffer());
  return start.byteLength === 9 && start.getBigUint64(0, true) <= BigInt(blob.size - 8) && start.getUint8(8) === 0x7b;
}

/**
 * @param {Job} job
 * @returns {Promise<Blob | Entry[]>}
 */
function work(job) {
  const worker = new Worker(new URL("./zip-worker.js", import.meta.url), { type: "module", name: "mmrec-zip" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => {
      if ("value" in data) return resolve(data.value);
      /** @type {Record<string, string>} */
      const said = { noZip: texts.runs.noZip, tooMany: texts.runs.zipTooMany, tooLarge: texts.runs.zipTooLarge(LIMIT) };
      reject(new Error(said[data.failure] ?? data.failure));
    };
    worker.onerror = (event) => reject(new Error(event.message || texts.worker.notLoaded));
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}
