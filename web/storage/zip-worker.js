/**
 * Packs and unpacks zip files with fflate, away from the page, which goes on.
 *
 * @import { Listed } from "./zip-directory.js"
 *
 * @typedef {{ name: string, blob: Blob }} Entry
 * @typedef {{ type: "pack", entries: Entry[] } | { type: "unpack", file: File, limit: number }} Job
 */

import { bytesOf, directoryOf } from "./zip-directory.js";

/** More files than this are not from here. */
const FILES = 20_000;
/** A larger manifest or curve neither. */
const JSON_LIMIT = 20_000_000;
/** Deflate makes nothing smaller than this part of itself: what claims to be is no honest file. */
const DENSEST = 1040;
/** Only names that the page gives, or may have given. */
const NAMES = /^(runs\/[^/\\]{1,200}\/[\w.-]{1,100}|texts\/[0-9a-f]{64}\.txt)$/;
/** Parts of the packed file are handed to the browser when they are this large: it may put them on the disk. */
const PART = 16_000_000;

/** Its types come from the package, the code from what the build copied beside us. @returns {Promise<typeof import("fflate")>} */
const load = () => import(new URL("../vendor/fflate.js", import.meta.url).href);

self.onmessage = async (/** @type {MessageEvent<Job>} */ { data: job }) => {
  try {
    const value = job.type === "pack" ? await pack(job.entries) : await unpack(job.file, job.limit);
    self.postMessage({ value });
  } catch (error) {
    self.postMessage({ failure: error instanceof Error ? error.message : String(error) });
  }
};

/** @param {Entry[]} entries */
async function pack(entries) {
  const { Zip, ZipDeflate, ZipPassThrough } = await load();
  /** @type {Blob[]} */
  const parts = [];
  /** @type {Uint8Array<ArrayBuffer>[]} */
  let chunks = [];
  let waiting = 0;
  const flush = () => {
    parts.push(new Blob(chunks));
    chunks = [];
    waiting = 0;
  };
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(/** @type {Uint8Array<ArrayBuffer>} */ (chunk));
    waiting += chunk.length;
    if (waiting > PART) flush();
  });
  for (const { name, blob } of entries) {
    // Weights do not get smaller.
    const file = name.endsWith(".safetensors") ? new ZipPassThrough(name) : new ZipDeflate(name);
    zip.add(file);
    const reader = blob.stream().getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) file.push(piece.value);
    file.push(new Uint8Array(), true);
  }
  zip.end();
  flush();
  return new Blob(parts, { type: "application/zip" });
}

/**
 * @param {File} file
 * @param {number} limit bytes, of all files together
 * @returns {Promise<Entry[]>}
 */
async function unpack(file, limit) {
  const { inflateSync } = await load();
  const zip = new Uint8Array(await file.arrayBuffer());
  return listOf(zip, limit).flatMap((listed) => {
    try {
      const bytes = bytesOf(zip, listed);
      const content = listed.method === 0 ? bytes : inflateSync(bytes, { out: new Uint8Array(listed.originalSize) });
      return [{ name: listed.name, blob: new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (content)]) }];
    } catch {
      // Its bytes are not there, or no deflated data: it is missed where it is needed.
      return [];
    }
  });
}

/**
 * The files that are worth unpacking, from what the zip says of them.
 * @param {Uint8Array} zip
 * @param {number} limit
 */
function listOf(zip, limit) {
  /** The last of a name counts. @type {Map<string, Listed>} */
  const found = new Map();
  let [files, total] = [0, 0];
  for (const listed of directory(zip)) {
    if (++files > FILES) throw new Error("tooMany");
    const { name, size, originalSize } = listed;
    const fits = originalSize <= size * DENSEST + 100 && (!name.endsWith(".json") || originalSize <= JSON_LIMIT);
    if (!NAMES.test(name) || !fits) continue;
    total += originalSize;
    if (total > limit) throw new Error("tooLarge");
    found.set(name, listed);
  }
  return [...found.values()];
}

/** @param {Uint8Array} zip */
function directory(zip) {
  try {
    return [...directoryOf(zip)];
  } catch {
    throw new Error("noZip");
  }
}
