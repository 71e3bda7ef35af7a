/**
 * Named files that outlive the page: in the origin's private file system, else in IndexedDB, else (private windows) in memory.
 * A write is whole or not at all: both kinds replace the old file only when the new one is complete.
 *
 * @typedef {Blob | Uint8Array<ArrayBuffer> | string} Content
 *
 * @typedef {object} Store
 * @property {boolean} lasting whether files outlive the page
 * @property {(name: string) => Promise<Blob | null>} read null where there is no such file
 * @property {(name: string, content: Content) => Promise<void>} write
 * @property {(name: string) => Promise<void>} remove
 * @property {() => Promise<string[]>} list
 */

import { inTime } from "../engine/in-time.js";

const FOLDER = "mmrec";
/** Held by the tab that keeps its work. */
const LOCK = "mmrec";
/** Held or waited for by a tab that the person wants to be the next. */
const HEIR = "mmrec-heir";
/** A browser that takes longer than this (milliseconds) to open a store never does. */
const PATIENCE = 10_000;

/**
 * The best store that this browser really lets us write to. Where tabs cannot agree on which of them keeps its work, none does.
 * @returns {Promise<Store>}
 */
export async function openStore() {
  if (!navigator.locks) return memoryStore();
  for (const attempt of [openPrivateFiles, openDatabase]) {
    try {
      const store = await inTime(attempt(), PATIENCE);
      // Another tab may do the same right now.
      const probe = `probe-${crypto.randomUUID()}`;
      await inTime(store.write(probe, "written"), PATIENCE);
      await store.remove(probe);
      return store;
    } catch {
      // Not there, or forbidden (private windows, blocked site data): the next one.
    }
  }
  return memoryStore();
}

/** @returns {Promise<Store>} */
async function openPrivateFiles() {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle(FOLDER, { create: true });
  return {
    lasting: true,
    async read(name) {
      try {
        return await (await folder.getFileHandle(name)).getFile();
      } catch (error) {
        if (error instanceof DOMException && error.name === "NotFoundError") return null;
        throw error;
      }
    },
    async write(name, content) {
      const file = await folder.getFileHandle(name, { create: true });
      /** Goes to a swap file that takes the file's place on close. @type {FileSystemWritableFileStream | undefined} */
      let stream;
      try {
        stream = await file.createWritable();
        await stream.write(content);
        await stream.close();
      } catch (error) {
        await stream?.abort().catch(() => {});
        // Where there was none before, one without content is left.
        if ((await file.getFile().catch(() => null))?.size === 0) await folder.removeEntry(name).catch(() => {});
        throw error;
      }
    },
    async remove(name) {
      await folder.removeEntry(name).catch(() => {});
    },
    async list() {
      const names = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
  };
}

/** @returns {Promise<Store>} */
async function openDatabase() {
  const opening = indexedDB.open(FOLDER, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("files");
  const database = await finished(opening);
  /** @param {IDBTransactionMode} mode */
  const files = (mode) => database.transaction("files", mode).objectStore("files");
  return {
    lasting: true,
    async read(name) {
      const kept = await finished(files("readonly").get(name));
      if (kept === undefined) return null;
      // Earlier versions of the page kept Blobs.
      return kept instanceof Blob ? kept : new Blob([kept]);
    },
    async write(name, content) {
      // In private windows WebKit keeps no Blobs.
      const bytes = await new Blob([content]).arrayBuffer();
      const store = files("readwrite");
      store.put(bytes, name);
      await committed(store.transaction);
    },
    async remove(name) {
      const store = files("readwrite");
      store.delete(name);
      await committed(store.transaction);
    },
    list: async () => (await finished(files("readonly").getAllKeys())).map(String),
  };
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function committed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

let asked = false;

/** Asks the browser, once, not to clear what is kept when the disk runs full; some ask the person. */
export function askToLast() {
  if (!asked) void navigator.storage?.persist?.().catch(() => false);
  asked = true;
}

/** @returns {Store} */
export function memoryStore() {
  /** @type {Map<string, Blob>} */
  const files = new Map();
  return {
    lasting: false,
    read: async (name) => files.get(name) ?? null,
    async write(name, content) {
      files.set(name, content instanceof Blob ? content : new Blob([content]));
    },
    async remove(name) {
      files.delete(name);
    },
    list: async () => [...files.keys()],
  };
}

/**
 * Only one tab may keep its work: two would overwrite each other's; the others follow it. Waits a moment, since a page that is being reloaded may
 * still hold the right. Held until the page is gone. Where the person wants another tab to have it next, this one does without.
 * @returns {Promise<boolean>} whether this tab is the one
 */
export function claimStore() {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const held = async () => {
      const free = !(await bespoken());
      resolve(free);
      return free ? new Promise(() => {}) : null;
    };
    const patience = AbortSignal.timeout(1500);
    // Where they are forbidden (blocked site data), nothing is shared that two tabs could overwrite.
    navigator.locks.request(LOCK, { signal: patience }, held).catch(() => resolve(!patience.aborted));
  });
}

/** Whether the person wants some tab to hold the store next. */
async function bespoken() {
  const { held = [], pending = [] } = await navigator.locks.query();
  return [...held, ...pending].some(({ name }) => name === HEIR);
}

/**
 * Until the signal the store goes to this tab when it is free, and to none that is just being loaded.
 * @param {AbortSignal} signal
 */
export function bespeakStore(signal) {
  const done = new Promise((resolve) => signal.addEventListener("abort", () => resolve(null)));
  navigator.locks.request(HEIR, { signal }, () => done).catch(() => {});
}

/**
 * Waits until no tab holds the store.
 * @param {() => boolean} wanted whether this tab is to hold it from that moment on
 * @returns {Promise<boolean>} whether it does
 */
export function storeFree(wanted) {
  return new Promise((resolve) => {
    const free = () => {
      const held = wanted();
      resolve(held);
      return held ? new Promise(() => {}) : null;
    };
    navigator.locks.request(LOCK, free).catch(() => resolve(false));
  });
}
