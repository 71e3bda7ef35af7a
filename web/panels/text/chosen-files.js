/**
 * The files that a person chose or dropped, folders read to their bottom; in which order they are to be read is the engine's to say.
 *
 * @import { TextFile } from "../../engine/protocol.js"
 *
 * @typedef {{ name: string, why: string }} SkippedFile
 * @typedef {{ files: TextFile[], left: SkippedFile[], folder: string }} Chosen `folder`: the one that all of them lie in, else empty
 */

import { plain } from "../../i18n/format.js";
import { texts } from "../../i18n/index.js";
import { Refusal } from "../../state/text-source.js";

/** Files that are looked at. */
const MAX_FILES = 10_000;

/**
 * From a field for files or for a folder.
 * @param {File[]} list
 */
export function chosenFiles(list) {
  const all = list.map((file) => ({ name: file.webkitRelativePath || file.name, blob: file }));
  const hidden = new Set(all.flatMap(({ name }) => hiddenPart(name) ?? []));
  return together({ files: all.filter(({ name }) => !hiddenPart(name)), left: [...hidden].map((name) => ({ name, why: texts.hiddenFile })) });
}

/**
 * From what was dropped. To be called while the drop is handled: afterwards it is empty.
 * @param {DataTransfer} transfer
 * @returns {Promise<Chosen>}
 */
export async function droppedFiles(transfer) {
  const dropped = [...transfer.items].filter(({ kind }) => kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  /** @type {Pick<Chosen, "files" | "left">} */
  const found = { files: [], left: [] };
  for (const one of dropped) {
    if (one instanceof File) found.files.push({ name: one.name, blob: one });
    else if (one) await walk(one, found);
  }
  return together(found);
}

/**
 * @param {FileSystemEntry} top
 * @param {Pick<Chosen, "files" | "left">} found
 */
async function walk(top, { files, left }) {
  const entries = [top];
  for (const entry of entries) {
    const name = entry.fullPath.replace(/^\//, "") || entry.name;
    try {
      if (hiddenPart(name)) left.push({ name, why: texts.hiddenFile });
      else if (entry.isFile) files.push({ name, blob: await fileOf(/** @type {FileSystemFileEntry} */ (entry)) });
      else entries.push(...(await entriesOf(/** @type {FileSystemDirectoryEntry} */ (entry))));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      left.push({ name, why: texts.notReadable(error) });
    }
    if (entries.length > MAX_FILES) throw new Refusal(texts.tooManyFiles(MAX_FILES));
  }
}

/**
 * Within a folder, what begins with a dot is the system's or a program's own.
 * @param {string} path
 * @returns {string | undefined} the path to there
 */
const hiddenPart = (path) => path.match(/^.*?\/\.[^/]*/)?.[0];

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/**
 * All of a folder, which come some at a time.
 * @param {FileSystemDirectoryEntry} folder
 */
async function entriesOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    const some = await /** @type {Promise<FileSystemEntry[]>} */ (new Promise((resolve, reject) => reader.readEntries(resolve, reject)));
    if (some.length === 0) return all;
    all.push(...some);
    if (all.length > MAX_FILES) throw new Refusal(texts.tooManyFiles(MAX_FILES));
  }
}

/** @param {Pick<Chosen, "files" | "left">} found @returns {Chosen} */
function together(found) {
  const named = (/** @type {{ name: string }} */ { name }) => ({ name: plain(name) || texts.none });
  const files = found.files.map((file) => ({ ...file, ...named(file) }));
  const left = found.left.map((one) => ({ ...one, ...named(one) }));
  if (files.length > MAX_FILES) throw new Refusal(texts.tooManyFiles(MAX_FILES));
  const tops = new Set(files.map(({ name }) => (name.includes("/") ? name.slice(0, name.indexOf("/")) : "")));
  const [top] = tops;
  return { files, left, folder: tops.size === 1 ? (top ?? "") : "" };
}
