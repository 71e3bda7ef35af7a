/**
 * Packs and unpacks zip files with fflate, away from the page, which goes on.
 *
 * @typedef {{ name: string, blob: Blob }} Entry
 * @typedef {{ type: "pack", entries: Entry[] } | { type: "unpack", file: File, limit: number }} Job
 */

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
  const { unzipSync } = await load();
  const bytes = new Uint8Array(await file.arrayBuffer());
  const names = listOf(unzipSync, bytes, limit);
  return names.flatMap((wanted) => {
    try {
      const content = unzipSync(bytes, { filter: ({ name }) => name === wanted })[wanted];
      return content ? [{ name: wanted, blob: new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (content)]) }] : [];
    } catch {
      // Its bytes are no deflated data: it is missed where it is needed.
      return [];
    }
  });
}

/**
 * The files that are worth unpacking, from what the zip says of them.
 * @param {typeof import("fflate").unzipSync} unzipSync
 * @param {Uint8Array} bytes
 * @param {number} limit
 */
function listOf(unzipSync, bytes, limit) {
  /** @type {Set<string>} */
  const names = new Set();
  let [files, total] = [0, 0];
  try {
    unzipSync(bytes, {
      filter({ name, size, originalSize }) {
        if (++files > FILES) throw new Error("tooMany");
        const fits = originalSize <= size * DENSEST + 100 && (!name.endsWith(".json") || originalSize <= JSON_LIMIT);
        if (NAMES.test(name) && fits) {
          total += originalSize;
          names.add(name);
        }
        if (total > limit) throw new Error("tooLarge");
        return false;
      },
    });
  } catch (error) {
    throw error instanceof Error && ["tooMany", "tooLarge"].includes(error.message) ? error : new Error("noZip");
  }
  return [...names];
}
